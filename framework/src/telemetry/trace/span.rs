use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, SpanFlags, Status, span, status,
};
use opentelemetry_sdk::trace::SpanData;

use crate::context::{Context, Face, HttpCall, Trace};
use crate::error::{Code, Error};
use crate::operation::Operation;
use crate::telemetry::calls::{self, Ended, Outcome, Side, Words};
use crate::telemetry::logs;
use crate::telemetry::otlp::{self, Queue, Signal, number, text};
use crate::telemetry::settings::SignalKind;
use crate::telemetry::{Redact, Redaction};

use super::Traces;

/// Spans on their way to the collector.
pub(super) type Spans = Queue<Waiting>;

/// A span that waits to be sent.
pub(crate) enum Waiting {
    /// Of a call.
    Call(Box<CallSpan>),
    /// One that user code opened.
    User(Box<SpanData>),
}

/// What is kept of a call until its span is written, on the thread that sends it.
#[derive(Clone, Debug)]
pub(crate) struct CallSpan {
    trace: Trace,
    side: Side,
    face: Face,
    operation: &'static Operation,
    ended: SystemTime,
    took: Duration,
    peer: Option<SocketAddr>,
    node: Option<Box<str>>,
    target: Option<Box<str>>,
    peer_service: Option<Box<str>>,
    request_id: Option<Box<str>>,
    received: u64,
    sent: u64,
    code: Code,
    failure: Option<Failure>,
    is_error: bool,
    /// Of a call over HTTP, in a box as others have none.
    http: Option<Box<HttpCall>>,
}

#[derive(Clone, Debug)]
struct Failure {
    http: u16,
    reason: Cow<'static, str>,
    message: String,
}

impl Traces {
    /// A call has ended: leaves its span, if it is kept.
    pub(crate) fn end(&self, trace: &Trace, call: &Ended<'_>) {
        let Some(spans) = &self.0.spans else { return };
        let is_error = is_error(call);
        if trace.is_sampled() || (is_error && self.0.sampler.load().keeps_errors()) {
            spans.push(Waiting::Call(Box::new(CallSpan::new(trace, call, is_error))));
        }
    }

    pub(super) fn spans(&self) -> Option<&Spans> {
        self.0.spans.as_ref()
    }
}

/// What counts as an error, by the semantic conventions for gRPC: of a call that was made, every
/// failure; of one that was served, those that are not the caller's.
fn is_error(call: &Ended<'_>) -> bool {
    let code = call.outcome.code();
    match call.side {
        Side::Client => code != Code::Ok,
        Side::Server => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
    }
}

impl CallSpan {
    fn new(trace: &Trace, call: &Ended<'_>, is_error: bool) -> Self {
        let failure = match call.outcome {
            Outcome::Failed(error) => Some(Failure::new(call.operation, error)),
            Outcome::Ok | Outcome::Cancelled => None,
        };
        Self {
            trace: trace.clone(),
            side: call.side,
            face: call.face,
            operation: call.operation,
            ended: SystemTime::now(),
            took: call.took,
            peer: call.peer,
            node: call.node.map(Into::into),
            target: call.target.map(Into::into),
            peer_service: call.peer_service.map(Into::into),
            request_id: call.cx.and_then(Context::request_id).map(Into::into),
            received: call.received,
            sent: call.sent,
            code: call.outcome.code(),
            failure,
            is_error,
            http: call.cx.and_then(Context::http).cloned().map(Box::new),
        }
    }

    /// Its span, by the semantic conventions for RPC and gRPC.
    fn write(self) -> Span {
        let ended = nanoseconds(self.ended);
        let took = u64::try_from(self.took.as_nanos()).unwrap_or(u64::MAX);
        let attributes = self.attributes();
        let parent = self.trace.parent();
        let remote = parent.is_some() && self.side == Side::Server;
        let events = match &self.failure {
            Some(failure) => vec![failure.event(ended)],
            None => Vec::new(),
        };
        let status = self.is_error.then(|| Status {
            code: status::StatusCode::Error.into(),
            message: match &self.failure {
                Some(failure) => failure.message.clone(),
                None => self.code.name().to_owned(),
            },
        });
        let flags = u32::from(self.trace.is_sampled())
            | SpanFlags::ContextHasIsRemoteMask as u32
            | if remote { SpanFlags::ContextIsRemoteMask as u32 } else { 0 };
        Span {
            trace_id: self.trace.id().to_bytes().into(),
            span_id: self.trace.span().to_bytes().into(),
            trace_state: self.trace.state().unwrap_or_default().to_owned(),
            parent_span_id: parent.map(|parent| parent.to_bytes().into()).unwrap_or_default(),
            flags,
            name: self.method().to_owned(),
            kind: match self.side {
                Side::Server => span::SpanKind::Server.into(),
                Side::Client => span::SpanKind::Client.into(),
            },
            start_time_unix_nano: ended.saturating_sub(took),
            end_time_unix_nano: ended,
            attributes,
            events,
            status,
            ..Span::default()
        }
    }

    /// `user.v1.UserService/GetUser`.
    fn method(&self) -> &'static str {
        self.operation.name().trim_start_matches('/')
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut all = vec![
            text("rpc.system.name", "grpc"),
            text("rpc.method", self.method()),
            text("rpc.response.status_code", self.code.name()),
        ];
        let http = self.failure.as_ref().map_or(200, |failure| failure.http);
        if self.face == Face::Http {
            all.push(number("http.response.status_code", http.into()));
        }
        if let Some(http) = &self.http {
            all.push(text("http.request.method", http.method.as_str().to_owned()));
            all.push(text("url.path", calls::path(self.operation, http).to_owned()));
            all.extend(http.template.map(|template| text("http.route", template)));
        }
        match &self.failure {
            Some(failure) if !failure.reason.is_empty() => {
                all.push(text("error.type", failure.reason.clone()));
            }
            _ if self.code != Code::Ok => all.push(text("error.type", self.code.name())),
            _ => {}
        }
        if let Some(peer) = self.peer {
            all.push(text("network.peer.address", peer.ip().to_string()));
            all.push(number("network.peer.port", peer.port().into()));
        }
        if let Some(target) = &self.target {
            all.push(text("server.address", &**target));
        }
        if let Some(node) = &self.node {
            match node.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
                Some((host, Ok(port))) => {
                    all.push(text("network.peer.address", host.trim_matches(['[', ']'])));
                    all.push(number("network.peer.port", port.into()));
                }
                _ => all.push(text("network.peer.address", &**node)),
            }
        }
        if let Some(service) = &self.peer_service {
            all.push(text("peer.service", &**service));
        }
        if let Some(id) = &self.request_id {
            all.push(text("request.id", &**id));
        }
        let (request, response) = match self.side {
            Side::Server => (self.received, self.sent),
            Side::Client => (self.sent, self.received),
        };
        all.push(number("rpc.request.size", i64::try_from(request).unwrap_or(i64::MAX)));
        all.push(number("rpc.response.size", i64::try_from(response).unwrap_or(i64::MAX)));
        all
    }
}

impl Failure {
    fn new(operation: &'static Operation, error: &Error) -> Self {
        let message = Words::new(operation, error).to_string();
        Self { http: error.code(), reason: error.reason().to_owned().into(), message }
    }

    /// The error as the conventions for exceptions tell it: what it is called is its reason.
    fn event(&self, at: u64) -> span::Event {
        span::Event {
            time_unix_nano: at,
            name: "exception".to_owned(),
            attributes: vec![
                text("exception.type", self.reason.clone()),
                text("exception.message", self.message.clone()),
            ],
            ..span::Event::default()
        }
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Spans, as collectors take them.
#[derive(Debug)]
pub(super) struct ToCollector {
    redaction: Redaction,
}

impl ToCollector {
    /// What `redaction` marks leaves the process in no span.
    pub(super) fn new(redaction: Redaction) -> Self {
        Self { redaction }
    }
}

/// Masks what a span says that nobody is to read.
fn mask(span: &mut Span, redact: &Redact) {
    logs::mask(&mut span.attributes, redact);
    for event in &mut span.events {
        logs::mask(&mut event.attributes, redact);
    }
    if let Some(status) = &mut span.status {
        logs::mask_text(&mut status.message, redact);
    }
}

impl Signal for ToCollector {
    type Item = Waiting;
    type Request = ExportTraceServiceRequest;
    type Response = ExportTraceServiceResponse;

    const KIND: SignalKind = SignalKind::Traces;
    const METHOD: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    fn request(&self, resource: &Resource, items: Vec<Waiting>) -> ExportTraceServiceRequest {
        let redact = self.redaction.load();
        let mut scopes: Vec<ScopeSpans> = Vec::new();
        for item in items {
            let (scope, mut span) = match item {
                Waiting::Call(call) => (otlp::scope(), call.write()),
                Waiting::User(span) => (
                    InstrumentationScope::from((&span.instrumentation_scope, None)),
                    (*span).into(),
                ),
            };
            mask(&mut span, &redact);
            match scopes.iter_mut().find(|there| there.scope.as_ref() == Some(&scope)) {
                Some(there) => there.spans.push(span),
                None => scopes.push(ScopeSpans {
                    scope: Some(scope),
                    spans: vec![span],
                    ..ScopeSpans::default()
                }),
            }
        }
        let spans = ResourceSpans {
            resource: Some(resource.clone()),
            scope_spans: scopes,
            ..ResourceSpans::default()
        };
        ExportTraceServiceRequest { resource_spans: vec![spans] }
    }

    fn refused(response: &ExportTraceServiceResponse) -> Option<(u64, &str)> {
        let refused = response.partial_success.as_ref()?;
        let count = u64::try_from(refused.rejected_spans).unwrap_or(0);
        Some((count, &refused.error_message))
    }
}
