//! Sends traces, metrics and logs to a collector over OTLP/gRPC, from a thread of its own.
//!
//! A call that leaves a span puts it into a bounded [`Queue`] and is done. Everything else happens on
//! one thread with a runtime of its own: so it costs the service's workers nothing, works under any
//! runtime or none, and a stop can wait for it without being waited for itself. A collector that is
//! away is tried again with growing pauses; meanwhile the oldest in the queue make room for the new
//! ones, and are counted.

mod client;
mod lane;
mod queue;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::config::Invalid;
use crate::telemetry::settings::{OtlpSettings, SignalKind};

use self::client::Client;
pub(crate) use self::lane::LaneState;
use self::lane::{Lane, Orders};
pub(crate) use self::queue::Queue;

/// What is sent of one kind: spans, metrics or log lines.
pub(crate) trait Signal: Send + Sync + 'static {
    /// One of them, as it waits.
    type Item: Send + 'static;
    /// What a collector is sent.
    type Request: prost::Message;
    /// What it answers.
    type Response: prost::Message + Default + 'static;

    const KIND: SignalKind;
    /// The method of the collector: `/opentelemetry.proto.collector.trace.v1.TraceService/Export`.
    const METHOD: &'static str;

    /// Where nothing is pushed but asked for: how often.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// What is there to be sent, asked for once an interval and at a flush.
    fn collect(&self) -> Option<Self::Item> {
        None
    }

    /// One request of several.
    fn request(&self, resource: &Resource, items: Vec<Self::Item>) -> Self::Request;

    /// How many of them the collector refused, and why.
    fn refused(response: &Self::Response) -> Option<(u64, &str)>;
}

/// The way to the collectors. Cloning is cheap; with the last clone the thread ends.
#[derive(Clone)]
pub(crate) struct Otlp(Arc<Inner>);

struct Inner {
    settings: OtlpSettings,
    resource: Arc<Resource>,
    handle: runtime::Handle,
    stop: CancellationToken,
    lanes: Mutex<Vec<Orders>>,
}

impl Otlp {
    /// Begins, if there is anything to be sent anywhere. `resource` says who is speaking.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used.
    pub(crate) fn begin(
        settings: &OtlpSettings,
        resource: &[(String, String)],
    ) -> Result<Option<Self>, Invalid> {
        settings.check()?;
        let mut somewhere = false;
        for kind in SignalKind::ALL {
            somewhere |= settings.destination(kind)?.is_some();
        }
        if !somewhere {
            return Ok(None);
        }
        let stop = CancellationToken::new();
        let handle = spawn(stop.clone()).map_err(|error| {
            let what = format!("cannot start the thread that sends: {error}");
            Invalid::new("telemetry.otlp.endpoint", what)
        })?;
        let resource =
            Arc::new(Resource { attributes: attributes(resource), ..Resource::default() });
        let settings = settings.clone();
        Ok(Some(Self(Arc::new(Inner {
            settings,
            resource,
            handle,
            stop,
            lanes: Mutex::default(),
        }))))
    }

    /// Begins to send one kind; once for each. None if it is not sent anywhere.
    ///
    /// # Errors
    ///
    /// If a certificate cannot be read.
    pub(crate) fn lane<S: Signal>(&self, signal: S) -> Result<Option<Queue<S::Item>>, Invalid> {
        let Inner { settings, resource, handle, .. } = &*self.0;
        let Some(destination) = settings.destination(S::KIND)? else { return Ok(None) };
        let client = {
            // A connection has a task of its own, which belongs on that thread.
            let _entered = handle.enter();
            Client::new(&destination)?
        };
        let queue = Queue::new(settings.queue, settings.batch);
        let (lane, orders) =
            Lane::new(signal, queue.clone(), client, Arc::clone(resource), settings);
        // Its owner is the runtime, which ends with the thread.
        drop(handle.spawn(lane.run()));
        self.lanes().push(orders);
        Ok(Some(queue))
    }

    /// Sends all that waits. Returns when it has arrived, was given up, or `limit` is over, whichever is
    /// first; whether it all arrived.
    pub(crate) async fn flush(&self, limit: Duration) -> bool {
        let lanes: Vec<Orders> = self.lanes().clone();
        let all = join_all(lanes.iter().map(Orders::flush));
        tokio::time::timeout(limit, all)
            .await
            .is_ok_and(|all| all.into_iter().all(|arrived| arrived))
    }

    /// How each kind fares.
    pub(crate) fn state(&self) -> Vec<LaneState> {
        self.lanes().iter().map(Orders::state).collect()
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, Vec<Orders>> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not joined: whoever lets go may be a worker, and what the thread does is cut at its next wait.
        self.stop.cancel();
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").field("lanes", &self.state()).finish_non_exhaustive()
    }
}

/// The thread, which runs until it is told to stop.
fn spawn(stop: CancellationToken) -> std::io::Result<runtime::Handle> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("bia-otlp".to_owned());
    thread.spawn(move || {
        // What sending says of itself must not be sent, or it would never end.
        let _quiet = opentelemetry::Context::enter_telemetry_suppressed_scope();
        runtime.block_on(stop.cancelled());
    })?;
    Ok(handle)
}

/// Attributes of texts.
pub(crate) fn attributes(pairs: &[(String, String)]) -> Vec<KeyValue> {
    pairs.iter().map(|(key, value)| text(key, value.clone())).collect()
}

/// An attribute that is a text.
pub(crate) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.into()))
}

/// An attribute that is a whole number.
pub(crate) fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}

/// Who made what this framework measures.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "bia".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
