use std::pin::Pin;
use std::task::{Context, Poll};

use opentelemetry::trace::TraceContextExt;

/// What libraries that speak OpenTelemetry find as the current span while a call is served.
///
/// Only calls whose spans are recorded have one, so that others pay nothing for it.
pub(crate) type Ambient = opentelemetry::Context;

pin_project_lite::pin_project! {
    /// Work during which a span is the current one.
    #[derive(Debug)]
    pub(crate) struct Within<F> {
        #[pin]
        work: F,
        ambient: Option<Ambient>,
    }
}

impl<F> Within<F> {
    pub(crate) fn new(work: F, ambient: Option<Ambient>) -> Self {
        Self { work, ambient }
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Where a span of the same trace is open already, as around a layer's work, it stays the parent.
        let ambient = this.ambient.as_ref().filter(|ambient| !is_open(ambient));
        let _attached = ambient.cloned().map(Ambient::attach);
        this.work.poll(cx)
    }
}

fn is_open(ambient: &Ambient) -> bool {
    let trace = ambient.span().span_context().trace_id();
    Ambient::map_current(|current| current.span().span_context().trace_id() == trace)
}
