use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::{Invalid, duration};

/// The section `telemetry.metrics`: what is measured. `/metrics` of the admin port shows all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricSettings {
    /// How often the metrics are sent by OTLP, if `telemetry.otlp.endpoint` is set; default 60 s.
    ///
    /// `0s` sends none, for those who scrape `/metrics` and send only traces. Shorter shows changes
    /// sooner and costs the collector as much more. `OTEL_METRIC_EXPORT_INTERVAL` stands over the
    /// default.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// The upper bounds of the ranges that durations of calls are counted by; at most 50.
    ///
    /// The default is 500us, 1ms, 2.5ms, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s
    /// and 10s. Quantiles are as exact as the ranges are narrow. Each bound costs a series for each
    /// operation and outcome; put one on what you promise (`200ms`), and leave out what never is.
    pub buckets: Vec<Bound>,
}

/// The upper bound of a range of durations, written `250ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound(pub Duration);

/// More ranges than this are more than anybody reads, and a page that takes long to write.
const MOST: usize = 50;

/// Microseconds. From half a millisecond, which a call between two services of one machine takes, to the
/// default deadline of 10 s; the semantic conventions begin at 5 ms.
const DURATIONS: [u64; 14] = [
    500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

impl MetricSettings {
    /// # Errors
    ///
    /// If there are more bounds than allowed, or one that no duration is below.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let invalid = |what: String| Err(Invalid::new("telemetry.metrics.buckets", what));
        if self.buckets.len() > MOST {
            return invalid(format!("has {} bounds: at most {MOST}", self.buckets.len()));
        }
        if self.buckets.iter().any(|bound| bound.0.is_zero()) {
            return invalid("has the bound 0s, which nothing is below: leave it out".to_owned());
        }
        Ok(())
    }
}

impl Default for MetricSettings {
    fn default() -> Self {
        let buckets = DURATIONS.map(|micros| Bound(Duration::from_micros(micros)));
        Self { interval: Duration::from_secs(60), buckets: buckets.into() }
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::format(self.0))
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&duration::format(self.0))
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for Bound {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bound".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <duration as JsonSchema>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_durations() {
        let text = r#"{"buckets": ["1ms", "1.5s"]}"#;
        let settings: MetricSettings = serde_json::from_str(text).unwrap();
        let expected = [1, 1500].map(|millis| Bound(Duration::from_millis(millis)));
        assert_eq!(settings.buckets, expected);
        assert!(settings.check().is_ok());
        assert_eq!(serde_json::to_value(&settings).unwrap()["buckets"][1], "1s500ms");
    }

    #[test]
    fn bounds_that_make_no_sense_are_refused_with_a_remedy() {
        let text = r#"{"buckets": ["0s"]}"#;
        let settings: MetricSettings = serde_json::from_str(text).unwrap();
        let error = settings.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "telemetry.metrics.buckets: has the bound 0s, which nothing is below: leave it out"
        );
        let many = MetricSettings { buckets: vec![Bound(Duration::MAX); 51], ..Default::default() };
        assert!(many.check().is_err());
    }
}
