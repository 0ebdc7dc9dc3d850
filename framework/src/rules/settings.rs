//! What can be set about an operation: the section `operations`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::duration;

/// The section `operations.<name>`: what holds for an operation, over what its proto says.
///
/// The name is that of an operation, `/user.v1.UserService/GetUser`, of all of a service,
/// `/user.v1.UserService/*`, or `*`. The nearer name wins, field by field. They are the operations that
/// are served here and those that are called elsewhere alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OperationSettings {
    /// The longest time a call may take, of a stream too; default: what the proto says, else
    /// `server.timeout` where it is served and `client.timeout` where it is called.
    ///
    /// `0s` is no limit.
    #[serde(with = "duration")]
    pub timeout: Option<Duration>,
    /// Whether a caller has to say who it is: `required` or `open`; default: what the proto says.
    ///
    /// The scopes that the proto asks for stay. `required` needs an app with an authenticator; of `*`
    /// it is not for health and reflection, which have to be named.
    pub auth: Option<AuthSetting>,
    /// When a client tries a call again that failed; default: what the proto says, else never.
    ///
    /// Only methods of one message each way that are idempotent are tried again.
    pub retry: Option<RetrySettings>,
}

/// Whether a caller has to say who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthSetting {
    /// Anybody may call.
    Open,
    /// Only those who are known.
    Required,
}

/// The section `operations.<name>.retry`: when a client tries a call again that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetrySettings {
    /// How often a call is tried at most, the first time too, 1 to 5; default: what the proto says, else 1.
    ///
    /// 1 switches it off.
    pub max_attempts: Option<u32>,
    /// The longest wait before the second try; default: what the proto says, else 50 ms.
    #[serde(with = "duration")]
    pub initial_backoff: Option<Duration>,
    /// The longest that waits grow to; default: what the proto says, else 1 s.
    #[serde(with = "duration")]
    pub max_backoff: Option<Duration>,
    /// How long one try may take; default: what the proto says, else until the end of the call.
    #[serde(with = "duration")]
    pub per_try_timeout: Option<Duration>,
}

impl OperationSettings {
    /// What is not said here is as `under` says.
    pub(super) fn over(&self, under: &Self) -> Self {
        Self {
            timeout: self.timeout.or(under.timeout),
            auth: self.auth.or(under.auth),
            retry: match (&self.retry, &under.retry) {
                (Some(own), Some(under)) => Some(RetrySettings {
                    max_attempts: own.max_attempts.or(under.max_attempts),
                    initial_backoff: own.initial_backoff.or(under.initial_backoff),
                    max_backoff: own.max_backoff.or(under.max_backoff),
                    per_try_timeout: own.per_try_timeout.or(under.per_try_timeout),
                }),
                (own, under) => own.clone().or_else(|| under.clone()),
            },
        }
    }
}
