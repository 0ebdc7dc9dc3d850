//! Numbers of what a service does: calls, connections, nodes, its runtime and its process.
//!
//! The instruments are ours: those of OpenTelemetry's SDK take a lock for each histogram and keep no
//! exemplars, and neither can be added from outside. They are read as a whole, for the page `/metrics`
//! and for OTLP. What a service measures of its own goes through OpenTelemetry's API, and comes out at the
//! same two places.

pub(crate) mod calls;
pub(crate) mod catalogue;
pub(crate) mod instrument;
pub(crate) mod reading;
mod text;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::operation::Operation;

pub use self::catalogue::{Family, Kind, catalogue};

use self::calls::{CallTable, ClientInstruments, ServerInstruments};
use self::instrument::Buckets;
use self::reading::Reading;
use self::text::Format;

/// What is measured of an app. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    calls: Arc<CallTable>,
    /// What is read from those who know it, when somebody asks.
    sources: Mutex<Vec<Source>>,
    /// Who is speaking.
    target: Vec<(String, String)>,
}

type Source = Box<dyn Fn(&mut Reading) + Send + Sync>;

/// The page `/metrics`.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

/// Microseconds. From half a millisecond, which a call between two services of one machine takes, to the
/// default deadline of 10 s; the semantic conventions begin at 5 ms.
const DURATIONS: [u64; 14] = [
    500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// Bytes. From one small message to the default limit of 4 MiB.
const SIZES: [u64; 9] = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

impl Metrics {
    /// Metrics that nobody reads: of servers and channels without an app. They cost the same.
    pub(crate) fn off() -> Self {
        Self::new(Vec::new())
    }

    /// Metrics of the one that `target` describes, by the names of OpenTelemetry's resources.
    pub(crate) fn new(target: Vec<(String, String)>) -> Self {
        let durations = Buckets::of_nanoseconds(DURATIONS.map(|micros| micros * 1000));
        let calls = Arc::new(CallTable::new(durations, Buckets::of_bytes(SIZES)));
        Self(Arc::new(Inner { calls, sources: Mutex::default(), target }))
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

    /// Adds what is to be asked whenever the metrics are read. It answers at once, without waiting.
    pub(crate) fn ask(&self, source: impl Fn(&mut Reading) + Send + Sync + 'static) {
        let mut sources = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.push(Box::new(source));
    }

    /// All metrics as they are now.
    pub(crate) fn read(&self) -> Reading {
        let mut reading = Reading::default();
        self.0.calls.read(&mut reading);
        let sources = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        for source in sources.iter() {
            source(&mut reading);
        }
        reading
    }

    /// The page `/metrics`, as the header `accept` of who asks wants it.
    pub(crate) fn page(&self, accept: Option<&str>) -> Page {
        let format = Format::of(accept);
        let text = text::page(&self.read(), &self.0.target, format);
        Page { content_type: format.content_type(), text }
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
        let metrics = Metrics::new(vec![("service.name".to_owned(), "users".to_owned())]);
        metrics.ask(|reading| reading.add(&catalogue::SERVER_ACTIVE, ["grpc", "a.B/C"], 7_i64));
        let page = metrics.page(Some("application/openmetrics-text"));
        assert!(page.content_type.starts_with("application/openmetrics-text"));
        assert!(page.text.starts_with("# HELP target "), "{}", page.text);
        let line = "rpc_server_active_requests{rpc_system_name=\"grpc\",rpc_method=\"a.B/C\"} 7\n";
        assert!(page.text.contains(line), "{}", page.text);
        assert!(page.text.ends_with("# EOF\n"));
    }
}
