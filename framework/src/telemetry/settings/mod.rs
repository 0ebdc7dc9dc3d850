//! What can be set about what a service tells of itself.

mod logs;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::logs::{LogFormat, LogSettings};

/// The section `telemetry`: what the service tells of itself while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetrySettings {
    /// What is logged, and how it is written.
    pub logs: LogSettings,
}
