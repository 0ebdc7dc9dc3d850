use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TracerProvider};
use opentelemetry::{Context as Ambient, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, Span, SpanData,
    SpanProcessor,
};
use tracing::{Level, Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use crate::context::{Context as Call, TraceId};

use super::Traces;
use super::span::Waiting;

impl Traces {
    /// Who makes spans for user code, if spans are recorded: what it opens inside a call becomes a child
    /// of the call's span, what it opens elsewhere begins a trace by the settings.
    pub(crate) fn provider(&self) -> Option<SdkTracerProvider> {
        self.is_recording().then(|| {
            SdkTracerProvider::builder()
                .with_sampler(ByCall(self.clone()))
                .with_span_processor(IntoQueue(self.clone()))
                .build()
        })
    }

    /// A layer that turns the spans of `tracing` into spans of the trace, down to level `info`. None if
    /// nothing is recorded.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let tracer = self.provider()?.tracer("bia");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(InRecordedCalls))
    }
}

/// Lets spans through that belong to a call which is recorded, or to none.
#[derive(Debug)]
struct InRecordedCalls;

impl<S> Filter<S> for InRecordedCalls {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        *metadata.level() <= Level::INFO && Call::is_recorded() != Some(false)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() <= Level::INFO { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}

/// Decides as the call did; for what belongs to none, as the settings say.
#[derive(Clone, Debug)]
struct ByCall(Traces);

impl ShouldSample for ByCall {
    fn should_sample(
        &self,
        parent: Option<&Ambient>,
        trace: opentelemetry::trace::TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let caller = parent.map(|parent| parent.span().span_context().clone());
        let caller = caller.filter(opentelemetry::trace::SpanContext::is_valid);
        let sampled = match &caller {
            Some(caller) => caller.is_sampled(),
            None => TraceId::new(trace.to_bytes())
                .is_some_and(|trace| self.0.0.sampler.load().decide(trace, None, name)),
        };
        SamplingResult {
            decision: if sampled {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: caller.map(|caller| caller.trace_state().clone()).unwrap_or_default(),
        }
    }
}

/// Spans that have ended go where those of calls go.
#[derive(Debug)]
struct IntoQueue(Traces);

impl SpanProcessor for IntoQueue {
    fn on_start(&self, _: &mut Span, _: &Ambient) {}

    fn on_end(&self, span: SpanData) {
        if let Some(spans) = self.0.spans() {
            spans.push(Waiting::User(Box::new(span)));
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The queue is flushed by its owner, at the stop.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
