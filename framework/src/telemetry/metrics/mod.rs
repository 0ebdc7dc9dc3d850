//! Numbers of what a service does: calls, connections, nodes, its runtime and its process.
//!
//! The instruments are ours: those of OpenTelemetry's SDK take a lock for each histogram and keep no
//! exemplars, and neither can be added from outside. They are read as a whole, for the page `/metrics`
//! and for OTLP. What a service measures of its own goes through OpenTelemetry's API, and comes out at the
//! same two places.

pub(crate) mod calls;
pub(crate) mod catalogue;
pub(crate) mod connections;
pub(crate) mod instrument;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod process;
pub(crate) mod reading;
mod runtime;
mod text;
mod user;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::metrics::Meter;
use tokio::runtime::Handle;

use crate::operation::Operation;

use super::settings::MetricSettings;

pub use self::catalogue::{Family, Kind, catalogue};

use self::calls::{CallTable, ClientInstruments, ServerInstruments};
use self::connections::ConnectionInstruments;
use self::instrument::Buckets;
use self::reading::Reading;
use self::text::Format;
use self::user::UserMetrics;

/// What is measured of an app. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    calls: Arc<CallTable>,
    connections: ConnectionInstruments,
    sources: Mutex<Sources>,
    /// Since when is counted.
    #[cfg(feature = "otlp")]
    begun: std::time::SystemTime,
    user: UserMetrics,
    /// The one that it was made in, if it was.
    runtime: Option<Handle>,
    /// Who is speaking.
    target: Vec<(String, String)>,
}

/// What is read from those who know it, when somebody asks; each under a number of its own.
#[derive(Default)]
struct Sources {
    all: BTreeMap<u64, Source>,
    next: u64,
}

type Source = Box<dyn Fn(&mut Reading) + Send + Sync>;

/// Somebody who is asked whenever the metrics are read, until this is dropped.
#[must_use = "who is dropped is not asked any more"]
pub(crate) struct Asked {
    metrics: Metrics,
    number: u64,
}

/// The page `/metrics`.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

/// Bytes. From one small message to the default limit of 4 MiB.
const SIZES: [u64; 9] = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

impl Metrics {
    /// Metrics that nobody reads: of servers and channels without an app. They cost the same.
    pub(crate) fn off() -> Self {
        Self::new(&MetricSettings::default(), Vec::new())
    }

    /// Metrics of the one that `target` describes, by the names of OpenTelemetry's resources.
    pub(crate) fn new(settings: &MetricSettings, target: Vec<(String, String)>) -> Self {
        let bounds = settings.buckets.iter().map(|bound| bound.0.as_nanos());
        let bounds = bounds.map(|bound| u64::try_from(bound).unwrap_or(u64::MAX));
        let durations = Buckets::of_nanoseconds(bounds);
        let calls = Arc::new(CallTable::new(durations, Buckets::of_bytes(SIZES)));
        let user = UserMetrics::new(&target);
        let runtime = Handle::try_current().ok();
        let connections = ConnectionInstruments::default();
        let sources = Mutex::default();
        Self(Arc::new(Inner {
            calls,
            connections,
            sources,
            #[cfg(feature = "otlp")]
            begun: std::time::SystemTime::now(),
            user,
            runtime,
            target,
        }))
    }

    /// What the service measures of its own goes through this, in the name of `scope`.
    pub(crate) fn meter(&self, scope: String) -> Meter {
        self.0.user.meter(scope)
    }

    /// Makes these the ones that `opentelemetry::global` gives, from now on.
    pub(crate) fn become_global(&self) {
        self.0.user.become_global();
    }

    /// Binds the instruments of a server's operations, in the order of its routes.
    pub(crate) fn server_calls<'a>(
        &self,
        operations: impl IntoIterator<Item = &'a Operation>,
    ) -> ServerInstruments {
        self.0.calls.server(operations)
    }

    /// Binds the instruments of a channel: `callee` is the service's name, or what stands for it.
    pub(crate) fn client_calls(&self, callee: &str) -> ClientInstruments {
        self.0.calls.client(callee)
    }

    /// What the connections to the app's servers are counted with.
    pub(crate) fn connections(&self) -> ConnectionInstruments {
        self.0.connections.clone()
    }

    /// Has `source` asked whenever the metrics are read. It answers at once, without waiting.
    ///
    /// What it holds may hold these metrics, as a channel does: who holds the answer lets go of both.
    pub(crate) fn ask(&self, source: impl Fn(&mut Reading) + Send + Sync + 'static) -> Asked {
        let mut sources = self.sources();
        let number = sources.next;
        sources.next += 1;
        sources.all.insert(number, Box::new(source));
        Asked { metrics: self.clone(), number }
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of calls alone, as they are now.
    pub(crate) fn calls(&self) -> Reading {
        let mut reading = Reading::default();
        self.0.calls.read(&mut reading);
        reading
    }

    /// All metrics as they are now.
    fn read(&self) -> Reading {
        let mut reading = Reading::default();
        self.read_own(&mut reading);
        // Last: what a service measures does not stand in the way of what the framework does.
        self.0.user.read(&mut reading);
        reading
    }

    fn read_own(&self, reading: &mut Reading) {
        self.0.calls.read(reading);
        process::read(reading);
        if let Some(runtime) = &self.0.runtime {
            runtime::read(reading, runtime);
        }
        self.0.connections.read(reading);
        for source in self.sources().all.values() {
            source(reading);
        }
    }

    /// The page `/metrics`, as the header `accept` of who asks wants it.
    pub(crate) fn page(&self, accept: Option<&str>) -> Page {
        let format = Format::of(accept);
        let text = text::page(&self.read(), &self.0.target, format);
        Page { content_type: format.content_type(), text }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let source = self.metrics.sources().all.remove(&self.number);
        // What it holds is let go without the lock.
        drop(source);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::off()
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("number", &self.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("target", &self.0.target).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_comes_out_on_the_page() {
        let metrics = Metrics::new(
            &MetricSettings::default(),
            vec![("service.name".to_owned(), "users".to_owned())],
        );
        let asked =
            metrics.ask(|reading| reading.add(&catalogue::SERVER_ACTIVE, ["grpc", "a.B/C"], 7_i64));
        let page = metrics.page(Some("application/openmetrics-text"));
        assert!(page.content_type.starts_with("application/openmetrics-text"));
        assert!(page.text.starts_with("# HELP target "), "{}", page.text);
        let line = "rpc_server_active_requests{rpc_system_name=\"grpc\",rpc_method=\"a.B/C\"} 7\n";
        assert!(page.text.contains(line), "{}", page.text);
        assert!(page.text.ends_with("# EOF\n"));
        drop(asked);
        assert!(!metrics.page(None).text.contains("a.B/C"));
    }
}
