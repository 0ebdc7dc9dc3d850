//! What can be set about what a service tells of itself.

mod logs;
mod metrics;
mod otlp;
mod traces;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::logs::{AccessSettings, LogFormat, LogSettings};
pub use self::metrics::{Bound, MetricSettings};
#[cfg(feature = "otlp")]
pub(crate) use self::otlp::{Destination, SignalKind};
pub use self::otlp::{OtlpCompression, OtlpSettings, OtlpSignalSettings};
pub use self::traces::{Propagator, TraceRule, TraceSettings};

/// The section `telemetry`: what the service tells of itself while it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetrySettings {
    /// What is logged, and how it is written.
    pub logs: LogSettings,
    /// What is measured.
    pub metrics: MetricSettings,
    /// Which calls leave spans.
    pub traces: TraceSettings,
    /// Where traces, metrics and logs are sent to.
    pub otlp: OtlpSettings,
    /// What is said of the service beside its name, instance and version, wherever it is sent, by the
    /// names of OpenTelemetry: `k8s.pod.name`, …; default nothing.
    pub resource: BTreeMap<String, String>,
}
