//! What a process of the fleet is told.

use std::time::Duration;

use bia::config::duration;
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) role: Role,
    pub(crate) load: LoadSettings,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    #[default]
    User,
    Order,
    Caller,
}

impl Role {
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::User => "user-service",
            Self::Order => "order-service",
            Self::Caller => "caller",
        }
    }
}

/// What a caller calls, over and over.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoadSettings {
    /// How many make unary calls at one time.
    pub(crate) unary: usize,
    /// How many make calls of each of the three kinds that stream.
    pub(crate) streams: usize,
    /// How many make calls of the order service, which calls the user service.
    pub(crate) orders: usize,
    /// How long each waits from one call to the next.
    #[serde(with = "duration")]
    pub(crate) pause: Duration,
    /// The deadline of each call; none is that of the client's settings.
    #[serde(with = "duration")]
    pub(crate) timeout: Option<Duration>,
    /// When it ends by itself, whatever becomes of the test.
    #[serde(with = "duration")]
    pub(crate) limit: Duration,
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self {
            unary: 4,
            streams: 2,
            orders: 0,
            pause: Duration::from_millis(5),
            timeout: None,
            limit: Duration::from_secs(120),
        }
    }
}
