//! Which calls leave spans, where each stands in its trace, and what its span says.
//!
//! A call's place is settled when it begins: from what its caller said, else anew. Its span is made
//! at its end, from what is known then, and only if it is kept: a call that is not sampled costs its
//! ids. Spans that user code opens inside a call, with `tracing` or with OpenTelemetry itself, become
//! children of the call's through the [ambient](Ambient) context that a recorded call has.

mod ids;
#[cfg(feature = "otlp")]
mod layer;
mod sampler;
#[cfg(feature = "otlp")]
mod span;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};

use crate::context::{Ambient, B3, Baggage, Context, Formats, SpanId, Trace, TraceId};

use super::settings::{Propagator, TraceSettings};

use self::sampler::Sampler;

/// How services of Kratos say who they are.
const SERVICE: HeaderName = HeaderName::from_static("x-md-service-name");

/// The traces of one app. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub(crate) struct Traces(Arc<Inner>);

struct Inner {
    sampler: ArcSwap<Sampler>,
    formats: Formats,
    /// Whether traces may begin here: nobody set what part is kept if there is no app.
    decides: bool,
    service: Option<HeaderValue>,
    #[cfg(feature = "otlp")]
    spans: Option<span::Spans>,
}

/// Where a call that arrives stands.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) trace: Trace,
    pub(crate) baggage: Baggage,
    /// There if its span is recorded.
    pub(crate) ambient: Option<Ambient>,
}

impl Traces {
    /// Traces that are passed on and never recorded: of servers and channels without an app.
    pub(crate) fn off() -> Self {
        let mut off = Self::new(&TraceSettings::default(), None);
        if let Some(inner) = Arc::get_mut(&mut off.0) {
            inner.decides = false;
        }
        off
    }

    /// Traces of the service of that name, which are recorded once [`Traces::recording`] says where.
    pub(crate) fn new(settings: &TraceSettings, service: Option<&str>) -> Self {
        Self(Arc::new(Inner {
            sampler: ArcSwap::from_pointee(Sampler::new(settings)),
            formats: formats(settings),
            decides: true,
            service: service.and_then(|service| HeaderValue::from_str(service).ok()),
            #[cfg(feature = "otlp")]
            spans: None,
        }))
    }

    /// The same, sent to a collector if the settings name one.
    ///
    /// # Errors
    ///
    /// If the way there cannot be used.
    #[cfg(feature = "otlp")]
    pub(crate) fn recording(
        settings: &TraceSettings,
        service: Option<&str>,
        otlp: Option<&super::otlp::Otlp>,
        redaction: &super::Redaction,
    ) -> Result<Self, crate::config::Invalid> {
        let spans = match otlp {
            Some(otlp) => otlp.lane(span::ToCollector::new(Arc::clone(redaction)))?,
            None => None,
        };
        let mut inner = Self::new(settings, service).0;
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.spans = spans;
        }
        Ok(Self(inner))
    }

    /// Puts settings in force that changed. Which headers are read and sent stays as it was.
    pub(crate) fn apply(&self, settings: &TraceSettings) {
        self.0.sampler.store(Arc::new(Sampler::new(settings)));
    }

    /// Settles where a call stands that arrived with these headers.
    pub(crate) fn arrive(&self, operation: &str, headers: &HeaderMap) -> Arrived {
        let remote = self.0.formats.extract(headers);
        let sampler = self.0.sampler.load();
        let span = ids::span();
        let trace = match remote.span {
            Some(caller) => {
                let sampled = sampler.decide(caller.trace, remote.sampled, operation);
                caller.child(span, sampled)
            }
            None => {
                let id = ids::trace();
                Trace::root(id, span, sampler.decide(id, remote.sampled, operation))
            }
        };
        let ambient = self.records(&trace).then(|| ambient(&trace));
        Arrived { trace, baggage: remote.baggage, ambient }
    }

    /// Settles where a call stands that is about to be made, and tells it to its callee: it is caused by
    /// the span that is open here, else by the call being served, else by nothing.
    pub(crate) fn depart(
        &self,
        operation: &str,
        served: Option<&Context>,
        headers: &mut HeaderMap,
    ) -> Trace {
        let cause = served.and_then(Context::trace);
        let span = ids::span();
        let trace = match (self.open_span(cause), cause) {
            (Some(open), _) => open.child(span),
            (None, Some(cause)) => cause.child(span),
            (None, None) => {
                let id = ids::trace();
                Trace::root(id, span, self.0.sampler.load().decide(id, None, operation))
            }
        };
        if self.0.decides || trace.parent().is_some() {
            self.0.formats.inject(&trace, headers);
        }
        if let Some(cx) = served {
            self.0.formats.inject_baggage(cx.baggage(), headers);
        }
        if let Some(service) = &self.0.service
            && !headers.contains_key(SERVICE)
        {
            headers.insert(SERVICE, service.clone());
        }
        trace
    }

    /// The span that user code has open here, if spans are recorded and it belongs to what is served.
    fn open_span(&self, cause: Option<&Trace>) -> Option<Trace> {
        if !self.is_recording() || cause.is_some_and(|cause| !cause.is_sampled()) {
            return None;
        }
        Ambient::map_current(|ambient| {
            let span = ambient.span();
            let here = span.span_context();
            let id = TraceId::new(here.trace_id().to_bytes())?;
            let open = Trace::root(id, SpanId::new(here.span_id().to_bytes())?, here.is_sampled());
            match cause {
                Some(cause) if cause.id() != id => None,
                Some(cause) => Some(open.with_state_of(cause)),
                None => Some(open),
            }
        })
    }

    /// Whether spans go anywhere.
    #[cfg(feature = "otlp")]
    pub(crate) fn is_recording(&self) -> bool {
        self.0.spans.is_some()
    }

    #[cfg(not(feature = "otlp"))]
    #[expect(clippy::unused_self, reason = "with OTLP it is asked")]
    pub(crate) fn is_recording(&self) -> bool {
        false
    }

    fn records(&self, trace: &Trace) -> bool {
        trace.is_sampled() && self.is_recording()
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Traces");
        shown.field("recording", &self.is_recording()).finish_non_exhaustive()
    }
}

/// What OpenTelemetry's API is told of a call whose span is recorded.
fn ambient(trace: &Trace) -> Ambient {
    let state = trace.state().and_then(|state| state.parse::<TraceState>().ok());
    let span = SpanContext::new(
        opentelemetry::trace::TraceId::from_bytes(trace.id().to_bytes()),
        opentelemetry::trace::SpanId::from_bytes(trace.span().to_bytes()),
        TraceFlags::SAMPLED,
        false,
        state.unwrap_or_default(),
    );
    Ambient::new().with_remote_span_context(span)
}

fn formats(settings: &TraceSettings) -> Formats {
    let Some(propagators) = &settings.propagators else { return Formats::default() };
    let mut formats = Formats::NONE;
    for propagator in propagators {
        match propagator {
            Propagator::TraceContext => {
                formats.read_tracecontext = true;
                formats.write_tracecontext = true;
            }
            Propagator::Baggage => {
                formats.read_baggage = true;
                formats.write_baggage = true;
            }
            Propagator::B3 => {
                formats.read_b3 = true;
                formats.write_b3 = B3::Single;
            }
            Propagator::B3Multi => {
                formats.read_b3 = true;
                formats.write_b3 = B3::Multi;
            }
            Propagator::None => {}
        }
    }
    formats
}
