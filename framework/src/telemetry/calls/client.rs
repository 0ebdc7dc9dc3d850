use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use tokio::time::Instant;

use crate::context::{Context, Face, Trace};
use crate::operation::Operation;

use super::super::metrics::calls::{CallInstruments, ClientInstruments};
use super::super::{REQUEST_ID, Telemetry};
use super::active::{ActiveCall, Place};
use super::ended::{Ended, Outcome, Side};

/// Sees the calls that one channel makes. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct ClientCalls(Arc<Made>);

struct Made {
    telemetry: Telemetry,
    target: Arc<str>,
    instruments: ClientInstruments,
}

/// A call that is made, until its answer has ended. Dropped before, it was cancelled.
pub(crate) struct ClientSeen {
    calls: ClientCalls,
    operation: &'static Operation,
    face: Face,
    begun: Instant,
    deadline: Option<Instant>,
    instruments: Arc<CallInstruments>,
    trace: Trace,
    node: Option<Arc<str>>,
    received: u64,
    sent: Sent,
    _place: Place,
    ended: bool,
}

/// A call that is about to be made.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) operation: &'static Operation,
    pub(crate) face: Face,
    pub(crate) begun: Instant,
    pub(crate) deadline: Option<Instant>,
    pub(crate) sent: Sent,
}

/// How much a call has sent: known when it begins, or counted where it streams.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    Whole(u64),
    Counted(Arc<AtomicU64>),
}

impl ClientCalls {
    pub(crate) fn new(telemetry: Telemetry, target: &str) -> Self {
        let instruments = telemetry.metrics().client_calls(target);
        Self(Arc::new(Made { telemetry, target: target.into(), instruments }))
    }

    /// A call begins, now: what joins it to the one being served goes into its headers.
    pub(crate) fn begin(
        &self,
        making: Making,
        served: Option<&Context>,
        headers: &mut HeaderMap,
    ) -> ClientSeen {
        if let Some(id) = served.and_then(Context::request_id_value) {
            headers.insert(REQUEST_ID, id.clone());
        }
        let Making { operation, face, begun, deadline, sent } = making;
        let trace = self.0.telemetry.traces().depart(operation.name(), served, headers);
        let target = Arc::clone(&self.0.target);
        let call = ActiveCall::Made { operation, target, begun, deadline };
        let place = self.0.telemetry.active().enter(call);
        let instruments = self.0.instruments.of(operation);
        instruments.begin();
        ClientSeen {
            calls: self.clone(),
            operation,
            face,
            begun,
            deadline,
            instruments,
            trace,
            node: None,
            received: 0,
            sent,
            _place: place,
            ended: false,
        }
    }
}

impl ClientSeen {
    /// The node that has the call.
    pub(crate) fn set_node(&mut self, address: Option<Arc<str>>) {
        self.node = address;
    }

    pub(crate) fn receive(&mut self, bytes: usize) {
        self.received += bytes as u64;
    }

    /// The call has ended.
    pub(crate) fn end(mut self, outcome: Outcome<'_>) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Outcome<'_>) {
        self.ended = true;
        let made = &self.calls.0;
        let call = Ended {
            side: Side::Client,
            operation: self.operation,
            face: self.face,
            peer: None,
            node: self.node.as_deref(),
            target: Some(&made.target),
            begun: self.begun,
            took: self.begun.elapsed(),
            deadline: self.deadline,
            received: self.received,
            sent: match &self.sent {
                Sent::Whole(bytes) => *bytes,
                Sent::Counted(bytes) => bytes.load(Ordering::Relaxed),
            },
            outcome,
            peer_service: None,
            trace: Some(&self.trace),
            cx: None,
        };
        self.instruments.end(call.measured());
        made.telemetry.ended(&call);
    }
}

impl Drop for ClientSeen {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Outcome::Cancelled);
        }
    }
}

impl fmt::Debug for ClientCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCalls").field("target", &self.0.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSeen").field("operation", &self.operation).finish_non_exhaustive()
    }
}
