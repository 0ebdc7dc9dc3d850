use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// How a line is written; default `auto`.
    pub format: LogFormat,
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
        Self { filter: "info".to_owned(), format: LogFormat::Auto }
    }
}
