use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use super::baggage::Baggage;
use super::ids::{SpanId, TraceId};
use super::{Trace, b3, state, traceparent};

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Which headers say where a call stands: what is read of callers, what is sent to callees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Formats {
    pub(crate) read_tracecontext: bool,
    pub(crate) read_baggage: bool,
    pub(crate) read_b3: bool,
    pub(crate) write_tracecontext: bool,
    pub(crate) write_baggage: bool,
    pub(crate) write_b3: B3,
}

/// How B3 is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum B3 {
    Not,
    Single,
    Multi,
}

impl Default for Formats {
    /// Reads all of them, and writes those of W3C.
    fn default() -> Self {
        Self {
            read_tracecontext: true,
            read_baggage: true,
            read_b3: true,
            write_tracecontext: true,
            write_baggage: true,
            write_b3: B3::Not,
        }
    }
}

/// What a caller said of the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remote {
    /// Where it stands, if it said so in a way that can be read.
    pub(crate) span: Option<RemoteSpan>,
    /// Whether it keeps its spans, if it said so.
    pub(crate) sampled: Option<bool>,
    pub(crate) baggage: Baggage,
}

/// The place of a caller in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteSpan {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) state: Option<Arc<str>>,
}

impl RemoteSpan {
    pub(super) fn new(trace: TraceId, span: SpanId) -> Self {
        Self { trace, span, state: None }
    }

    /// The place of a call that it caused.
    pub(crate) fn child(self, span: SpanId, sampled: bool) -> Trace {
        Trace::root(self.trace, self.span, sampled).with_state(self.state).child(span)
    }
}

impl Formats {
    /// Nothing is read and nothing sent.
    pub(crate) const NONE: Self = Self {
        read_tracecontext: false,
        read_baggage: false,
        read_b3: false,
        write_tracecontext: false,
        write_baggage: false,
        write_b3: B3::Not,
    };

    /// Reads what a caller said. What breaks the rules is as if it had not been said.
    ///
    /// Trace Context goes before B3, where both can be read.
    pub(crate) fn extract(self, headers: &HeaderMap) -> Remote {
        let mut remote = Remote::default();
        let (mut w3c, mut carries, mut b3) = (false, false, false);
        // One look at the names costs less than looking up each of those that most calls do not have.
        for name in headers.keys() {
            match name.as_str() {
                "traceparent" => w3c = self.read_tracecontext,
                "baggage" => carries = self.read_baggage,
                name => b3 |= self.read_b3 && b3::is_name(name),
            }
        }
        if w3c
            && let Some((trace, span, sampled)) = traceparent::read(values(headers, &TRACEPARENT))
        {
            let state = state::read(values(headers, &TRACESTATE));
            remote.span = Some(RemoteSpan { trace, span, state });
            remote.sampled = Some(sampled);
        }
        if b3 && remote.span.is_none() {
            (remote.span, remote.sampled) = b3::read(headers);
        }
        if carries {
            remote.baggage = Baggage::read(values(headers, &BAGGAGE));
        }
        remote
    }

    /// Says to a callee where the call stands, unless the headers say it already.
    pub(crate) fn inject(self, trace: &Trace, headers: &mut HeaderMap) {
        if self.write_tracecontext
            && !headers.contains_key(TRACEPARENT)
            && let Some(value) = traceparent::write(trace.id(), trace.span(), trace.is_sampled())
        {
            headers.insert(TRACEPARENT, value);
            if let Some(state) = trace.state().and_then(|state| state.parse().ok()) {
                headers.insert(TRACESTATE, state);
            }
        }
        match self.write_b3 {
            B3::Not => {}
            B3::Single => b3::write_single(trace, headers),
            B3::Multi => b3::write_multi(trace, headers),
        }
    }

    /// Sends on what the request carries, unless the headers carry something already.
    pub(crate) fn inject_baggage(self, baggage: &Baggage, headers: &mut HeaderMap) {
        if self.write_baggage
            && !baggage.is_empty()
            && !headers.contains_key(BAGGAGE)
            && let Some(value) = baggage.write()
        {
            headers.insert(BAGGAGE, value);
        }
    }
}

fn values<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> http::header::ValueIter<'a, http::HeaderValue> {
    headers.get_all(name).into_iter()
}
