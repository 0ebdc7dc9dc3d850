use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Invalid;

/// The section `telemetry.traces`: which calls leave spans, and how callers and callees are told.
///
/// Everything but `propagators` changes while the service runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TraceSettings {
    /// Which part of the traces that begin here is kept, from 0 to 1; default 1: all.
    ///
    /// It is decided by the trace's id, so that services with the same ratio keep the same traces.
    /// A span costs some microseconds, most of them on a thread of its own, and its transport. Checks of
    /// health (`grpc.health.v1`) are kept only if a rule names them.
    pub ratio: f64,
    /// Whether what the caller decided holds for what it causes here; default true.
    ///
    /// Switch it off at an edge that strangers call: they must not decide what it costs.
    pub parent_based: bool,
    /// Whether the span of a call that failed is kept although its trace is not; default true.
    ///
    /// It is the span of the call alone: those of what it caused are kept only if these failed too.
    /// Of a server, what its caller did wrong (`NOT_FOUND`, `INVALID_ARGUMENT`, …) is no failure.
    pub errors: bool,
    /// What part is kept of single operations; the first rule that names one holds, before `ratio`.
    pub rules: Vec<TraceRule>,
    /// Which headers say where a call stands; default `tracecontext`, `baggage`, and `b3` read only.
    ///
    /// If it is set, exactly these are read and sent.
    pub propagators: Option<Vec<Propagator>>,
}

/// What part is kept of the traces that begin with an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TraceRule {
    /// The operations: `/user.v1.UserService/GetUser`, with `*` for anything: `/grpc.health.v1.*`.
    pub operations: String,
    /// From 0 to 1.
    pub ratio: f64,
}

/// Headers that say where a call stands in a trace, and what travels with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Propagator {
    /// `traceparent` and `tracestate`, of W3C.
    TraceContext,
    /// `baggage`, of W3C.
    Baggage,
    /// `b3`, of Zipkin; the headers `x-b3-…` are read too.
    B3,
    /// `x-b3-…`, of Zipkin; the header `b3` is read too.
    B3Multi,
    /// Nothing.
    None,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { ratio: 1.0, parent_based: true, errors: true, rules: Vec::new(), propagators: None }
    }
}

impl TraceSettings {
    /// Looks at what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let rules = self.rules.iter().enumerate();
        let rules = rules.map(|(index, rule)| (format!("rules.{index}.ratio"), rule.ratio));
        for (key, ratio) in std::iter::once(("ratio".to_owned(), self.ratio)).chain(rules) {
            if !(0.0..=1.0).contains(&ratio) {
                let what = format!("expected 0 to 1, found {ratio}");
                return Err(Invalid::new(format!("telemetry.traces.{key}"), what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_that_is_none_is_refused() {
        let mut settings = TraceSettings::default();
        assert_eq!(settings.check(), Ok(()));
        settings.rules = vec![TraceRule { operations: "*".to_owned(), ratio: 10.0 }];
        let error = settings.check().unwrap_err().to_string();
        assert_eq!(error, "telemetry.traces.rules.0.ratio: expected 0 to 1, found 10");
        settings.ratio = f64::NAN;
        assert_eq!(settings.check().unwrap_err().key(), Some("telemetry.traces.ratio"));
    }
}
