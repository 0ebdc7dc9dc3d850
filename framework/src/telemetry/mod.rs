//! What a service says of itself while it runs: what it was asked, how long that took, and how it ended.
//!
//! `Telemetry` is what an app has of it; `calls` sees every call. Logs go to standard error, one
//! event a line: for people if that is a terminal, else as JSON with service, instance and version on
//! each line, for what collects it.

mod calls;
mod logs;
pub mod metrics;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod resource;
mod settings;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::config::Invalid;

pub(crate) use self::calls::{
    Active, ActiveCall, ClientCalls, ClientSeen, Ended, Making, Outcome, Sent, ServerCalls,
    ServerSeen,
};
pub(crate) use self::logs::{
    LogChange, Logs, REQUEST_ID, Redact, Redaction, Running, Surroundings, flush, panic_words,
    panics_are_told,
};
use self::metrics::{Asked, Metrics};
pub use self::settings::{
    AccessSettings, Bound, LogFormat, LogSettings, MetricSettings, OtlpCompression, OtlpSettings,
    OtlpSignalSettings, Propagator, TelemetrySettings, TraceRule, TraceSettings,
};
pub(crate) use self::trace::Traces;

/// Who is speaking: what each line of a JSON log says beside its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) service: String,
    pub(crate) instance: String,
    pub(crate) version: String,
}

/// What one app tells of itself. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    active: Active,
    metrics: Metrics,
    traces: Traces,
    logs: Logs,
    /// The metrics tell of the log, and of how sending goes.
    _told: Vec<Asked>,
    #[cfg(feature = "otlp")]
    otlp: Option<otlp::Otlp>,
}

impl Telemetry {
    /// That of an app: begins to write the log, unless the process has somebody who does already.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used.
    pub(crate) fn begin(
        settings: &TelemetrySettings,
        surroundings: &Surroundings<'_>,
        speaker: &Speaker,
    ) -> Result<Self, Invalid> {
        let resource = resource::resource(speaker, surroundings.environment, &settings.resource);
        let service = Some(speaker.service.as_str());
        #[cfg(feature = "otlp")]
        let otlp = otlp::Otlp::begin(&settings.otlp, &resource)?;
        let redaction = Redaction::new(ArcSwap::from_pointee(Redact::new(&settings.logs.redact)));
        #[cfg(feature = "otlp")]
        let traces = Traces::recording(&settings.traces, service, otlp.as_ref(), &redaction)?;
        #[cfg(not(feature = "otlp"))]
        let traces = Traces::new(&settings.traces, service);
        let metrics = Metrics::new(&settings.metrics, resource);
        #[cfg(feature = "otlp")]
        let sending = metrics.send(settings.metrics.interval, otlp.as_ref())?;
        #[cfg(not(feature = "otlp"))]
        let sending = None;
        let logs = Logs::begin(&settings.logs, surroundings, speaker.clone(), &traces, &redaction)?;
        #[cfg(feature = "otlp")]
        if let Some(otlp) = &otlp
            && let Some(queue) = otlp.lane(logs::ToCollector)?
        {
            logs.collect(queue);
        }
        let logged = metrics.ask({
            let logs = logs.clone();
            move |reading| logs.read(reading)
        });
        Ok(Self(Arc::new(Parts {
            active: Active::default(),
            metrics,
            traces,
            logs,
            _told: sending.into_iter().chain([logged]).collect(),
            #[cfg(feature = "otlp")]
            otlp,
        })))
    }

    /// That of a server or a channel without an app: nobody asks for it.
    pub(crate) fn off() -> Self {
        Self(Arc::new(Parts {
            active: Active::default(),
            metrics: Metrics::off(),
            traces: Traces::off(),
            logs: Logs::off(),
            _told: Vec::new(),
            #[cfg(feature = "otlp")]
            otlp: None,
        }))
    }

    /// Which calls leave spans.
    pub(crate) fn traces(&self) -> &Traces {
        &self.0.traces
    }

    /// Puts settings in force that changed while it runs.
    ///
    /// # Errors
    ///
    /// If they cannot be used; then what was in force stays.
    pub(crate) fn apply(&self, settings: &TelemetrySettings) -> Result<(), Invalid> {
        self.0.traces.apply(&settings.traces);
        self.0.logs.apply(&settings.logs)
    }

    /// There is nowhere to send anything to.
    #[cfg(not(feature = "otlp"))]
    #[expect(clippy::unused_async, reason = "with OTLP it is waited for")]
    pub(crate) async fn flush(&self, _limit: Duration) {}

    /// Sends what waits to be sent. Returns within `limit`, whatever comes of it.
    #[cfg(feature = "otlp")]
    pub(crate) async fn flush(&self, limit: Duration) {
        if let Some(otlp) = &self.0.otlp
            && !otlp.flush(limit).await
        {
            let state = otlp.state();
            let waiting: usize = state.iter().map(|lane| lane.waiting).sum();
            let lost: u64 = state.iter().map(|lane| lane.lost).sum();
            tracing::warn!(lost, waiting, "not all telemetry could be sent before the end");
        }
    }

    /// What is measured.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What is logged.
    pub(crate) fn logs(&self) -> &Logs {
        &self.0.logs
    }

    /// The calls that are on their way.
    pub(crate) fn active(&self) -> &Active {
        &self.0.active
    }

    /// A call has ended: tells all there is to tell of it.
    fn ended(&self, call: &Ended<'_>) {
        #[cfg(feature = "otlp")]
        if let Some(trace) = call.trace {
            self.0.traces.end(trace, call);
        }
        self.0.logs.ended(call);
    }
}

/// Whether `settings` can be used.
///
/// # Errors
///
/// If a filter is not one, or an operation is not named as one.
pub(crate) fn check(settings: &TelemetrySettings) -> Result<(), Invalid> {
    settings.metrics.check()?;
    settings.traces.check()?;
    settings.otlp.check()?;
    logs::check(&settings.logs)
}

/// A duration as a log tells it: milliseconds, to the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_milliseconds_to_the_microsecond() {
        for (nanos, expected) in [(0, 0.0), (1_234_567, 1.235), (2_000_000_000, 2000.0), (499, 0.0)]
        {
            assert_eq!(millis(Duration::from_nanos(nanos)), expected);
        }
    }
}
