//! What the measurements of `bench/` look at that has no name of its own outside. Not for anybody else.

use http::{HeaderMap, Request};

use crate::body::Body;
use crate::config::Invalid;
use crate::context::{Context, Face, Inbound, Peer};
use crate::operation::{Kind, Operation};
use crate::telemetry::{Outcome, ServerCalls, Speaker, Surroundings, Telemetry, TelemetrySettings};

static OPERATION: Operation = Operation::new("/bench.v1.Echo/Unary", Kind::Unary);

/// Calls that begin and end without anything in between.
#[derive(Debug)]
pub struct Calls {
    calls: ServerCalls,
    headers: HeaderMap,
}

impl Calls {
    /// Calls of an app with these settings, whose requests have `headers`.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used.
    pub fn new(settings: &TelemetrySettings, headers: HeaderMap) -> Result<Self, Invalid> {
        let speaker = Speaker {
            service: "bench".to_owned(),
            instance: "1".to_owned(),
            version: "1".to_owned(),
        };
        let telemetry = Telemetry::begin(settings, &Surroundings::default(), &speaker)?;
        Ok(Self { calls: ServerCalls::new(telemetry, &[&OPERATION]), headers })
    }

    /// One that nobody looks at: what the others cost beside what is measured.
    pub fn bare(&self) {
        drop(std::hint::black_box(self.inbound()));
    }

    /// One that is observed from its begin to its end.
    pub fn observed(&self) {
        let mut inbound = self.inbound();
        let seen = self.calls.begin(&mut inbound);
        drop(std::hint::black_box(inbound));
        seen.end(Outcome::Ok);
    }

    fn inbound(&self) -> Inbound {
        let mut request = Request::new(Body::empty());
        request.headers_mut().clone_from(&self.headers);
        let cx = Context::of_call(&OPERATION, Face::Grpc, Some(0), Peer::default());
        Inbound { cx, request }
    }
}
