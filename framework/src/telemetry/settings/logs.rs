use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::duration;

/// The section `telemetry.logs`: what is logged, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogSettings {
    /// What is logged; default `info`. The variable `RUST_LOG` stands over it if it is set.
    ///
    /// A level, or targets with levels: `info,bia=debug,sqlx=warn`. `debug` costs some lines a call.
    #[serde(alias = "level")]
    pub filter: String,
    /// What is logged during the calls of one operation, in place of `filter`; default none.
    ///
    /// By the operation's name, or what several begin with: `/user.v1.UserService/GetUser: debug`,
    /// `/user.v1.UserService/*: warn`. While there is one, every event that it could concern is looked
    /// at, also one that nobody writes.
    pub operations: BTreeMap<String, String>,
    /// How a line is written; default `auto`. It stays what it is at the start.
    pub format: LogFormat,
    /// The line that each call writes when it has ended.
    pub access: AccessSettings,
    /// Names of fields that nobody is to read, beside those that are masked in any case: what holds
    /// `password`, `passwd`, `passphrase`, `secret`, `token`, `authorization`, `credential`, `cookie`,
    /// `api_key`, `access_key`, `private_key`, `signing_key`; default none.
    ///
    /// Neither case nor what separates words counts, and a part is enough: `email` masks `user.eMail`.
    /// Masked are fields of events and spans, and what stands behind such a name in their text, as
    /// JSON or `Debug` write it.
    pub redact: Vec<String>,
    /// How often a second a line is told that says the same; default 20, and 0 without end.
    ///
    /// What comes oftener is counted, and told as one line within 10 s. Below `warn` a line is the same
    /// if all its fields are; from there on numbers do not count. The lines of calls are always told.
    pub repeat_limit: u32,
}

/// The section `telemetry.logs.access`: the line that each call writes when it has ended.
///
/// A call that fails by a fault of the service is a line of level `error` whatever stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessSettings {
    /// Whether there is one; default true.
    ///
    /// Costs a line of some 500 bytes a call. Where there are more calls than anybody reads, switch it
    /// off: metrics and traces tell of them too.
    pub enabled: bool,
    /// Operations without one, by name or by what their names begin with; default those of health and
    /// reflection, which are asked all the time.
    pub exclude: Vec<String>,
    /// A call that takes at least as long has a line of level `warn`, also if there are none
    /// otherwise; default 0s, with which no call is slow.
    #[serde(with = "duration")]
    pub slow: Duration,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogFormat {
    /// For people if standard error is a terminal, else as JSON.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// As JSON, for machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            operations: BTreeMap::new(),
            format: LogFormat::Auto,
            access: AccessSettings::default(),
            redact: Vec::new(),
            repeat_limit: 20,
        }
    }
}

impl Default for AccessSettings {
    fn default() -> Self {
        let exclude = ["/grpc.health.v1.Health/*", "/grpc.reflection.*"];
        Self { enabled: true, exclude: exclude.map(str::to_owned).to_vec(), slow: Duration::ZERO }
    }
}
