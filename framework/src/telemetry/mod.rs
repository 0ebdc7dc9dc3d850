//! What a service says of itself while it runs: what it was asked, how long that took, and how it ended.
//!
//! [`Telemetry`] is what an app has of it; `calls` sees every call. Logs go to standard error, one event a line: for people if that is a terminal, else as JSON with
//! service, instance and version on each line, for what collects it.

mod calls;
mod logs;
pub mod metrics;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod resource;
mod settings;
mod trace;

use std::io::IsTerminal;
use std::sync::Arc;

use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Invalid;
use crate::error::Error;

pub(crate) use self::calls::{
    Active, ActiveCall, ClientCalls, ClientSeen, Ended, Making, Outcome, Sent, ServerCalls,
    ServerSeen, Side,
};
use self::logs::Json;
pub(crate) use self::logs::REQUEST_ID;
use self::metrics::Metrics;
pub use self::settings::{
    Bound, LogFormat, LogSettings, MetricSettings, OtlpCompression, OtlpSettings,
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
    #[cfg(feature = "otlp")]
    otlp: Option<otlp::Otlp>,
}

impl Telemetry {
    /// That of an app, which runs in `environment`.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used.
    pub(crate) fn new(
        settings: &TelemetrySettings,
        speaker: &Speaker,
        environment: Option<&str>,
    ) -> Result<Self, Invalid> {
        let resource = resource::resource(speaker, environment, &settings.resource);
        let service = Some(speaker.service.as_str());
        #[cfg(feature = "otlp")]
        let otlp = otlp::Otlp::begin(&settings.otlp, &resource)?;
        Ok(Self(Arc::new(Parts {
            active: Active::default(),
            #[cfg(feature = "otlp")]
            traces: Traces::recording(&settings.traces, service, otlp.as_ref())?,
            #[cfg(not(feature = "otlp"))]
            traces: Traces::new(&settings.traces, service),
            metrics: Metrics::new(&settings.metrics, resource),
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
            #[cfg(feature = "otlp")]
            otlp: None,
        }))
    }

    /// Which calls leave spans.
    pub(crate) fn traces(&self) -> &Traces {
        &self.0.traces
    }

    /// Puts settings in force that changed while it runs.
    pub(crate) fn apply(&self, settings: &TelemetrySettings) {
        self.0.traces.apply(&settings.traces);
    }

    /// Sends what waits to be sent. Returns within `limit`, whatever comes of it.
    pub(crate) async fn flush(&self, limit: std::time::Duration) {
        #[cfg(feature = "otlp")]
        if let Some(otlp) = &self.0.otlp
            && !otlp.flush(limit).await
        {
            let state = otlp.state();
            let waiting: usize = state.iter().map(|lane| lane.waiting).sum();
            let lost: u64 = state.iter().map(|lane| lane.lost).sum();
            tracing::warn!(lost, waiting, "not all telemetry could be sent before the end");
        }
        #[cfg(not(feature = "otlp"))]
        let _ = limit;
    }

    /// What is measured.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
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
        if call.side == Side::Server
            && let Some(error) = call.outcome.error()
        {
            log(call.operation.name(), error);
        }
    }
}

/// Faults of ours are for the operator, with their causes; faults of the caller are for who looks.
fn log(operation: &'static str, error: &Error) {
    let cause = Causes(error);
    if error.is_own_fault() {
        tracing::error!(operation, code = error.code(), reason = error.reason(), "{cause}");
    } else {
        tracing::debug!(operation, code = error.code(), reason = error.reason(), "{cause}");
    }
}

/// An error and what caused it, in one line.
struct Causes<'a>(&'a Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.message())?;
        let mut source = std::error::Error::source(self.0);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// Whether `settings` can be used.
///
/// # Errors
///
/// If the filter is not one.
pub(crate) fn check(settings: &TelemetrySettings) -> Result<(), Invalid> {
    settings.metrics.check()?;
    settings.traces.check()?;
    settings.otlp.check()?;
    filter(&settings.logs.filter).map(drop)
}

/// Begins to write the log, with the filter `over` if it is given, unless the process has somebody who does already: then that one stays,
/// as in tests and in programs that set up a subscriber of their own.
///
/// # Errors
///
/// If the filter is not one.
pub(crate) fn begin(
    settings: &TelemetrySettings,
    over: Option<&str>,
    speaker: Speaker,
    telemetry: &Telemetry,
) -> Result<(), Invalid> {
    let over = over.filter(|over| !over.is_empty());
    let filter = match over {
        Some(over) => filter(over).map_err(|invalid| invalid.at(Some("RUST_LOG")))?,
        None => filter(&settings.logs.filter)?,
    };
    let terminal = std::io::stderr().is_terminal();
    let for_people = match settings.logs.format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry();
    // The filter is for the log alone: a level that keeps lines away must not keep spans away.
    #[cfg(feature = "otlp")]
    let registry = registry.with(telemetry.traces().layer());
    #[cfg(not(feature = "otlp"))]
    let _ = telemetry;
    // An error says that there is a subscriber, which is left alone.
    let already = if for_people {
        let lines =
            fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false);
        registry.with(lines.with_filter(filter)).try_init().is_err()
    } else {
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .event_format(Json::new(Arc::new(speaker)))
            .fmt_fields(fmt::format::JsonFields::new());
        registry.with(lines.with_filter(filter)).try_init().is_err()
    };
    if already {
        tracing::debug!("the process has a subscriber of its own: telemetry.logs is not used");
    }
    Ok(())
}

fn filter(text: &str) -> Result<EnvFilter, Invalid> {
    EnvFilter::try_new(text).map_err(|error| {
        let what = format!(
            "{text:?} is no filter ({error}): write a level (error, warn, info, debug, trace) \
             or targets with levels, info,bia=debug"
        );
        Invalid::new("telemetry.logs.filter", what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused_with_a_remedy() {
        let mut settings = TelemetrySettings::default();
        assert!(check(&settings).is_ok());
        settings.logs.filter = "info,bia=loud".to_owned();
        let error = check(&settings).unwrap_err().to_string();
        assert!(
            error.starts_with("telemetry.logs.filter: \"info,bia=loud\" is no filter"),
            "{error}"
        );
        assert!(error.ends_with(
            "write a level (error, warn, info, debug, trace) or targets with levels, info,bia=debug"
        ));
    }
}
