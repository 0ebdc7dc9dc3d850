//! Where a call stands in a trace, and what of it travels on with the calls that it makes.
//!
//! What headers say is read by the rules of W3C Trace Context (<https://www.w3.org/TR/trace-context/>)
//! and of its Baggage (<https://www.w3.org/TR/baggage/>), and by those of B3
//! (<https://github.com/openzipkin/b3-propagation>). Nothing here draws an id or decides what is
//! sampled: that is the part of telemetry.

mod b3;
mod baggage;
mod formats;
mod ids;
mod scope;
mod state;
mod traceparent;

use std::sync::Arc;

pub use self::baggage::Baggage;
pub(crate) use self::formats::{B3, Formats};
pub use self::ids::{SpanId, TraceId};
pub(crate) use self::scope::{Ambient, Within};

/// Where a call stands in a trace: the trace it belongs to, its own span there, and the span that
/// caused it.
///
/// Every call of a server and of a channel has one, sampled or not, so that log lines of all the
/// services that a request went through can be found by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    id: TraceId,
    span: SpanId,
    parent: Option<SpanId>,
    sampled: bool,
    state: Option<Arc<str>>,
}

impl Trace {
    /// A place from which a new trace begins.
    pub(crate) fn root(id: TraceId, span: SpanId, sampled: bool) -> Self {
        Self { id, span, parent: None, sampled, state: None }
    }

    /// The place `span`, caused by what lies at this one.
    pub(crate) fn child(&self, span: SpanId) -> Self {
        Self { span, parent: Some(self.span), ..self.clone() }
    }

    /// Replaces what other systems wrote into it, as it came.
    pub(crate) fn with_state(self, state: Option<Arc<str>>) -> Self {
        Self { state, ..self }
    }

    /// What other systems wrote into it as at another place of the same trace.
    pub(crate) fn with_state_of(self, other: &Self) -> Self {
        self.with_state(other.state.clone())
    }

    /// Which trace it is: the same in every service that a request goes through.
    #[must_use]
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// The call's own span in it.
    #[must_use]
    pub fn span(&self) -> SpanId {
        self.span
    }

    /// The span that caused it; none where the trace begins.
    #[must_use]
    pub fn parent(&self) -> Option<SpanId> {
        self.parent
    }

    /// Whether its spans are to be kept. A call that fails can be kept although this says no.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// What other systems wrote into it: the header `tracestate`, sent on as it came.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

#[cfg(test)]
mod tests;
