use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::context::{Context, Inbound};
use crate::operation::Operation;

use super::super::Telemetry;
use super::super::logs::request_id;
use super::super::metrics::calls::ServerInstruments;
use super::active::{ActiveCall, Place};
use super::ended::{Ended, Outcome, Side};

/// Sees the calls of one server. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct ServerCalls(Arc<Served>);

struct Served {
    telemetry: Telemetry,
    instruments: ServerInstruments,
}

/// A call that is served, until its body has ended. Dropped before, it was cancelled.
pub(crate) struct ServerSeen {
    calls: ServerCalls,
    cx: Context,
    _place: Place,
    ended: bool,
}

impl ServerCalls {
    /// `operations` are those of the server, in the order of [`Context::route`].
    pub(crate) fn new(telemetry: Telemetry, operations: &[&'static Operation]) -> Self {
        let instruments = telemetry.metrics().server_calls(operations.iter().copied());
        Self(Arc::new(Served { telemetry, instruments }))
    }

    /// The operations of calls that are on their way, and how many of each.
    pub(crate) fn in_flight(&self) -> Vec<(&'static str, usize)> {
        let mut counts = BTreeMap::new();
        for call in self.0.telemetry.active().all() {
            if let ActiveCall::Served(cx) = call {
                *counts.entry(cx.operation().name()).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// A call begins: where it stands in its trace is settled, which its context tells from here on.
    pub(crate) fn begin(&self, call: &mut Inbound) -> ServerSeen {
        let headers = call.request.headers();
        let arrived = self.0.telemetry.traces().arrive(call.cx.operation().name(), headers);
        let request_id = request_id(headers, arrived.trace.id().to_bytes());
        call.cx.change(|facts| {
            facts.set_trace(arrived.trace, arrived.ambient);
            facts.set_baggage(arrived.baggage);
            facts.set_request_id(request_id);
        });
        let cx = call.cx.clone();
        self.0.instruments.at(cx.route()).begin();
        let place = self.0.telemetry.active().enter(ActiveCall::Served(cx.clone()));
        ServerSeen { calls: self.clone(), cx, _place: place, ended: false }
    }
}

impl ServerSeen {
    pub(crate) fn cx(&self) -> &Context {
        &self.cx
    }

    /// The call has ended.
    pub(crate) fn end(mut self, outcome: Outcome<'_>) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Outcome<'_>) {
        self.ended = true;
        let cx = &self.cx;
        let served = &self.calls.0;
        let call = Ended {
            side: Side::Server,
            operation: cx.operation(),
            face: cx.face(),
            peer: cx.peer().address,
            node: None,
            target: None,
            begun: cx.begun(),
            took: cx.begun().elapsed(),
            deadline: cx.deadline(),
            received: cx.sizes().received(),
            sent: cx.sizes().sent(),
            outcome,
            peer_service: cx.metadata().get("x-md-service-name"),
            trace: cx.trace(),
            cx: Some(cx),
        };
        served.instruments.at(cx.route()).end(call.measured());
        served.telemetry.ended(&call);
    }
}

impl Drop for ServerSeen {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Outcome::Cancelled);
        }
    }
}

impl fmt::Debug for ServerCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCalls").finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSeen").field("cx", &self.cx).finish_non_exhaustive()
    }
}
