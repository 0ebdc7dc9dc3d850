//! The log: what is told of each event, to whom it belongs, and how it is written.
//!
//! An event becomes a [`record`], with marked values [masked](redact); one that is [repeated](repeat)
//! too often is counted instead of told; the rest is written as [JSON](json) or [for people](pretty)
//! by a [writer] that nobody waits for while a service runs. What is told at all is said by
//! [levels], which change while it does.

mod access;
#[cfg(feature = "otlp")]
mod collect;
mod json;
mod layer;
mod levels;
mod panics;
mod pattern;
mod pretty;
mod record;
mod redact;
mod repeat;
mod request_id;
mod writer;

use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Invalid;

use super::Speaker;
use super::calls::Ended;
use super::metrics::catalogue as c;
use super::metrics::reading::Reading;
use super::settings::{LogFormat, LogSettings};
use super::trace::Traces;

#[cfg(feature = "otlp")]
pub(crate) use self::collect::{Line, ToCollector, mask, mask_text};
pub(crate) use self::levels::LogChange;
pub(crate) use self::panics::{panic_words, panics_are_told};
pub(crate) use self::redact::{MASK, Redact, Redaction};
pub(crate) use self::request_id::{REQUEST_ID, request_id};

use self::access::Access;
use self::json::Json;
use self::layer::{Form, Lines, Log};
use self::levels::{Levels, VARIABLE};
use self::pretty::Pretty;
use self::repeat::Repeat;
use self::writer::{Background, Writer};

/// The target of the lines that tell how calls ended.
const ACCESS: &str = "bia::access";

/// The setting that says what is logged.
const FILTER: &str = "telemetry.logs.filter";

/// The log of the process, once an app has begun it.
static PROCESS: OnceLock<Arc<Log>> = OnceLock::new();

/// An app's hand on the log. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Logs(Arc<Hand>);

#[derive(Debug)]
struct Hand {
    /// None if somebody else writes it.
    log: Option<Arc<Log>>,
    /// Whether a variable stands over the filter of the settings.
    is_overruled: bool,
    access: ArcSwap<Access>,
    redaction: Redaction,
}

/// What the process gives to the log beside the settings.
#[derive(Debug, Default)]
pub(crate) struct Surroundings<'a> {
    /// The variable `RUST_LOG`.
    pub(crate) over: Option<&'a str>,
    /// Where the service runs, `prod`.
    pub(crate) environment: Option<&'a str>,
    /// Whether the variable `NO_COLOR` forbids colours (no-color.org).
    pub(crate) without_colours: bool,
    /// Whether the process is the service's own, so that every panic is told in its log.
    pub(crate) is_own: bool,
}

/// Whether `settings` can be used.
///
/// # Errors
///
/// If a filter is not one, or an operation is not named as one.
pub(crate) fn check(settings: &LogSettings) -> Result<(), Invalid> {
    Levels::new(&settings.filter, FILTER, &settings.operations)?;
    Access::new(&settings.access).map(drop)
}

impl Logs {
    /// Begins to write the log, unless the process has somebody who does already: then that one stays,
    /// as in tests and in programs that set up a subscriber of their own. The filter is for the log alone:
    /// a level that keeps lines away keeps no spans away.
    ///
    /// # Errors
    ///
    /// If a filter is not one.
    pub(crate) fn begin(
        settings: &LogSettings,
        surroundings: &Surroundings<'_>,
        speaker: Speaker,
        traces: &Traces,
        redaction: &Redaction,
    ) -> Result<Self, Invalid> {
        let access = Access::new(&settings.access)?;
        let over = surroundings.over.filter(|over| !over.is_empty());
        let levels = match over {
            Some(over) => Levels::new(over, VARIABLE, &settings.operations)?,
            None => Levels::new(&settings.filter, FILTER, &settings.operations)?,
        };
        let terminal = std::io::stderr().is_terminal();
        let for_people = match settings.format {
            LogFormat::Auto => terminal,
            LogFormat::Pretty => true,
            LogFormat::Json => false,
        };
        let form = if for_people {
            Form::Pretty(Pretty { colours: terminal && !surroundings.without_colours })
        } else {
            Form::Json(Json::new(speaker))
        };
        let log = Arc::new(Log::new(
            form,
            levels,
            Arc::clone(redaction),
            Repeat::new(settings.repeat_limit),
            Writer::new(std::io::stderr()),
        ));
        let lines = Lines(Arc::clone(&log)).with_filter(log.levels.clone());
        let registry = tracing_subscriber::registry();
        #[cfg(feature = "otlp")]
        let registry = registry.with(traces.layer());
        #[cfg(not(feature = "otlp"))]
        let _ = traces;
        // An error says that there is a subscriber, which is left alone.
        let is_ours = registry.with(lines).try_init().is_ok();
        if is_ours {
            PROCESS.set(Arc::clone(&log)).ok();
            if surroundings.is_own {
                panics::tell(log);
            }
        } else if PROCESS.get().is_none() {
            tracing::debug!("the process has a subscriber of its own: telemetry.logs is not used");
        }
        Ok(Self(Arc::new(Hand {
            log: PROCESS.get().cloned(),
            is_overruled: over.is_some(),
            access: ArcSwap::from_pointee(access),
            redaction: Arc::clone(redaction),
        })))
    }

    /// Sends every line to a collector too, if it is this app that has begun the log.
    #[cfg(feature = "otlp")]
    pub(crate) fn collect(&self, queue: super::otlp::Queue<Line>) {
        if let Some(log) = &self.0.log
            && Arc::ptr_eq(&log.redact, &self.0.redaction)
        {
            log.collector.store(Some(Arc::new(queue)));
        }
    }

    /// That of servers and channels without an app.
    pub(crate) fn off() -> Self {
        let access = ArcSwap::from_pointee(Access::off());
        let redaction = Redaction::default();
        Self(Arc::new(Hand { log: None, is_overruled: false, access, redaction }))
    }

    /// A call has ended: writes its line.
    pub(super) fn ended(&self, call: &Ended<'_>) {
        self.0.access.load().ended(call);
    }

    /// Takes new settings: everything but the format, which is settled at the start.
    ///
    /// # Errors
    ///
    /// If a filter is not one; then what was in force stays.
    pub(crate) fn apply(&self, settings: &LogSettings) -> Result<(), Invalid> {
        let access = Access::new(&settings.access)?;
        self.0.redaction.store(Arc::new(Redact::new(&settings.redact)));
        let Some(log) = &self.0.log else {
            self.0.access.store(Arc::new(access));
            return Ok(());
        };
        let filter = (!self.0.is_overruled).then_some(settings.filter.as_str());
        log.levels.set(filter, &settings.operations)?;
        log.repeat.set_limit(settings.repeat_limit);
        self.0.access.store(Arc::new(access));
        Ok(())
    }

    /// Says that a service runs: from here on a thread writes, until this is dropped.
    pub(crate) fn run(&self) -> Option<Running> {
        let log = self.0.log.as_ref()?;
        let ticking = Arc::clone(log);
        // A terminal is written at once, in order with what else is printed there.
        let background =
            (!std::io::stderr().is_terminal()).then(|| log.writer.begin(move || ticking.tick()));
        Some(Running { log: Arc::clone(log), _background: background })
    }

    /// Changes what is logged for a while: `/log`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or the process has a log of its own.
    pub(crate) fn change(&self, change: LogChange) -> Result<Value, Invalid> {
        let Some(log) = &self.0.log else {
            let what = "the process has a subscriber of its own, which this cannot change";
            return Err(Invalid::new("level", what));
        };
        log.levels.pass(change, Instant::now())?;
        Ok(self.state())
    }

    /// Takes back what was changed for a while.
    pub(crate) fn reset(&self) -> Value {
        if let Some(log) = &self.0.log {
            log.levels.reset();
        }
        self.state()
    }

    /// Adds how many lines there were, if it is ours to know.
    pub(super) fn read(&self, reading: &mut Reading) {
        let Some(log) = &self.0.log else { return };
        for (level, count) in ["error", "warn", "info", "debug", "trace"].iter().zip(log.counts()) {
            reading.add(&c::LOG_LINES, [level], count);
        }
        reading.add(&c::LOG_HELD_BACK, [], log.repeat.held_back());
        reading.add(&c::LOG_LOST, [], log.writer.lost());
    }

    /// What is logged now, and how many lines there were: what `/log` shows.
    pub(crate) fn state(&self) -> Value {
        let Some(log) = &self.0.log else {
            return json!({"subscriber": "the process has one of its own"});
        };
        let mut state = log.levels.state(Instant::now());
        let [error, warn, info, debug, trace] = log.counts();
        state["lines"] = json!({
            "error": error, "warn": warn, "info": info, "debug": debug, "trace": trace,
            "held_back": log.repeat.held_back(), "lost": log.writer.lost(),
        });
        state
    }
}

/// A service that runs and logs. Dropped, all that it said is written.
#[derive(Debug)]
pub(crate) struct Running {
    log: Arc<Log>,
    _background: Option<Background>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.log.sum_up(Instant::now(), true);
    }
}

/// Writes out what the process has said so far, for an end that comes at once.
pub(crate) fn flush(limit: Duration) {
    if let Some(log) = PROCESS.get() {
        log.writer.flush(limit);
    }
}

#[cfg(test)]
mod tests;
