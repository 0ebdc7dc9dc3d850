//! What can be set about what a service tells of itself.

mod logs;
mod metrics;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::logs::{LogFormat, LogSettings};
pub use self::metrics::{Bound, MetricSettings};

/// The section `telemetry`: what the service tells of itself while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetrySettings {
    /// What is logged, and how it is written.
    pub logs: LogSettings,
    /// What is measured.
    pub metrics: MetricSettings,
}
