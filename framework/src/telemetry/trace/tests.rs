use http::HeaderMap;
use http::header::HeaderName;

use super::*;
use crate::context::Face;
use crate::operation::{Kind, Operation};

static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
    });
    pairs.collect()
}

const PARENT: (&str, &str) =
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

/// The context of a call that arrived with these headers.
fn served(traces: &Traces, pairs: &[(&str, &str)]) -> Context {
    let arrived = traces.arrive(GET.name(), &headers(pairs));
    let mut cx = Context::new(&GET, Face::Grpc);
    cx.change(|facts| {
        facts.set_trace(arrived.trace, arrived.ambient);
        facts.set_baggage(arrived.baggage);
    });
    cx
}

#[test]
fn a_call_goes_on_with_the_trace_of_its_caller_and_hands_it_to_its_callees() {
    let traces = Traces::new(&TraceSettings::default(), Some("order-service"));
    let cx = served(&traces, &[PARENT, ("tracestate", "a=1"), ("baggage", "tenant=b")]);
    let trace = cx.trace().unwrap();
    assert_eq!(trace.id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(trace.parent().unwrap().to_string(), "b7ad6b7169203331");
    let mut out = HeaderMap::new();
    let made = traces.depart(GET.name(), Some(&cx), &mut out);
    assert_eq!((made.id(), made.parent()), (trace.id(), Some(trace.span())));
    assert_eq!(out["traceparent"], format!("00-{}-{}-01", made.id(), made.span()));
    assert_eq!(
        (&out["tracestate"], &out["baggage"]),
        (&"a=1".parse().unwrap(), &"tenant=b".parse().unwrap())
    );
    assert_eq!(out["x-md-service-name"], "order-service");
}

#[test]
fn a_call_that_nobody_caused_begins_a_trace() {
    let traces = Traces::new(&TraceSettings::default(), None);
    let (one, two) = (served(&traces, &[]), served(&traces, &[("traceparent", "00-nonsense")]));
    let (one, two) = (one.trace().unwrap(), two.trace().unwrap());
    assert!(one.id() != two.id() && one.span() != two.span());
    assert_eq!((one.parent(), one.is_sampled()), (None, true));
    let mut out = HeaderMap::new();
    let made = traces.depart(GET.name(), None, &mut out);
    assert_eq!((made.parent(), out.contains_key("traceparent")), (None, true));
}

#[test]
fn without_an_app_nothing_is_decided_for_callees_and_what_was_decided_is_passed_on() {
    let traces = Traces::off();
    let mut out = HeaderMap::new();
    traces.depart(GET.name(), None, &mut out);
    assert!(out.is_empty(), "{out:?}");
    traces.depart(GET.name(), Some(&served(&traces, &[PARENT])), &mut out);
    assert!(out["traceparent"].to_str().unwrap().ends_with("-01"), "{out:?}");
}

#[test]
fn what_is_not_kept_is_passed_on_as_not_kept() {
    let traces = Traces::off();
    let not_sampled = PARENT.1.replace("-01", "-00");
    let cx = served(&traces, &[("traceparent", &not_sampled)]);
    let mut out = HeaderMap::new();
    traces.depart(GET.name(), Some(&cx), &mut out);
    assert!(out["traceparent"].to_str().unwrap().ends_with("-00"), "{out:?}");
    // B3 can say so without a trace.
    assert!(!served(&traces, &[("b3", "0")]).trace().unwrap().is_sampled());
}

#[test]
fn a_ratio_that_changes_holds_for_the_next_call() {
    let traces = Traces::off();
    traces.apply(&TraceSettings { ratio: 0.0, ..TraceSettings::default() });
    assert!(!served(&traces, &[]).trace().unwrap().is_sampled());
    assert!(served(&traces, &[PARENT]).trace().unwrap().is_sampled());
    traces.apply(&TraceSettings::default());
    assert!(served(&traces, &[]).trace().unwrap().is_sampled());
}

#[test]
fn only_the_propagators_that_are_set_are_read_and_sent() {
    let propagators = Some(vec![Propagator::B3Multi]);
    let traces = Traces::new(&TraceSettings { propagators, ..TraceSettings::default() }, None);
    let cx = served(&traces, &[PARENT, ("baggage", "a=1")]);
    assert_eq!(cx.trace().unwrap().parent(), None);
    let mut out = HeaderMap::new();
    traces.depart(GET.name(), Some(&cx), &mut out);
    assert!(out.contains_key("x-b3-traceid") && !out.contains_key("traceparent"), "{out:?}");
}

#[test]
fn ids_are_never_the_same() {
    let mut all = std::collections::HashSet::new();
    assert!((0..10_000).all(|_| all.insert(ids::trace().to_bytes()[8..].to_vec())));
    assert!((0..10_000).all(|_| all.insert(ids::span().to_bytes().to_vec())));
}

#[cfg(feature = "otlp")]
mod recorded {
    use std::time::Duration;

    use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
    use tokio::time::Instant;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::context::HttpCall;
    use crate::error::Error;
    use crate::telemetry::calls::{Ended, Outcome, Side};
    use crate::telemetry::otlp::Otlp;
    use crate::telemetry::otlp::testing::{Collector, attributes};
    use crate::telemetry::settings::OtlpSettings;

    /// Traces that go to a collector.
    async fn recording(change: impl FnOnce(&mut TraceSettings)) -> (Collector, Otlp, Traces) {
        let collector = Collector::start().await;
        let otlp = OtlpSettings { endpoint: collector.endpoint(), ..OtlpSettings::default() };
        let otlp = Otlp::begin(&otlp, &[]).unwrap().unwrap();
        let mut settings = TraceSettings::default();
        change(&mut settings);
        let traces =
            Traces::recording(&settings, Some("users"), Some(&otlp), &Default::default()).unwrap();
        (collector, otlp, traces)
    }

    fn ended<'a>(side: Side, outcome: Outcome<'a>) -> Ended<'a> {
        Ended {
            cx: None,
            side,
            operation: &GET,
            face: Face::Grpc,
            peer: (side == Side::Server).then(|| "10.1.2.3:4567".parse().unwrap()),
            node: (side == Side::Client).then_some("[::1]:8000"),
            target: (side == Side::Client).then_some("user-service"),
            begun: Instant::now(),
            took: Duration::from_millis(5),
            deadline: None,
            received: 11,
            sent: 22,
            outcome,
            peer_service: (side == Side::Server).then_some("gate"),
            trace: None,
        }
    }

    async fn flushed(collector: &Collector, otlp: &Otlp) -> Vec<Span> {
        assert!(otlp.flush(Duration::from_secs(10)).await);
        collector.spans()
    }

    #[tokio::test]
    async fn a_served_call_leaves_a_span_by_the_conventions() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let cx = served(&traces, &[PARENT, ("tracestate", "a=1")]);
        traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Ok));
        let [span] = flushed(&collector, &otlp).await.try_into().unwrap();
        assert_eq!(span.name, "user.v1.UserService/GetUser");
        assert_eq!(span.trace_id, cx.trace().unwrap().id().to_bytes());
        assert_eq!(span.span_id, cx.trace().unwrap().span().to_bytes());
        assert_eq!(span.parent_span_id, cx.trace().unwrap().parent().unwrap().to_bytes());
        // Sampled, and its parent is known to be remote.
        assert_eq!((span.kind(), span.flags), (SpanKind::Server, 0x301));
        assert_eq!(span.trace_state, "a=1");
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 5_000_000);
        assert_eq!(span.status, None);
        let attributes = attributes(&span.attributes);
        for (key, value) in [
            ("rpc.system.name", "grpc"),
            ("rpc.method", "user.v1.UserService/GetUser"),
            ("rpc.response.status_code", "OK"),
            ("network.peer.address", "10.1.2.3"),
            ("network.peer.port", "4567"),
            ("peer.service", "gate"),
            ("rpc.request.size", "11"),
            ("rpc.response.size", "22"),
        ] {
            assert_eq!(attributes[key], value, "{key}");
        }
        assert!(!attributes.contains_key("error.type"));
    }

    #[tokio::test]
    async fn a_call_that_was_made_leaves_a_span_that_says_where_it_went() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let cx = served(&traces, &[]);
        let trace = traces.depart(GET.name(), Some(&cx), &mut HeaderMap::new());
        let error = Error::not_found("USER_NOT_FOUND", "there is no user 7");
        traces.end(&trace, &ended(Side::Client, Outcome::Failed(&error)));
        let [span] = flushed(&collector, &otlp).await.try_into().unwrap();
        assert_eq!((span.kind(), span.flags), (SpanKind::Client, 0x101));
        assert_eq!(span.parent_span_id, cx.trace().unwrap().span().to_bytes());
        assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Error);
        let told = attributes(&span.attributes);
        assert_eq!(told["rpc.response.status_code"], "NOT_FOUND");
        assert_eq!(told["error.type"], "USER_NOT_FOUND");
        assert_eq!(told["server.address"], "user-service");
        assert_eq!((&*told["network.peer.address"], &*told["network.peer.port"]), ("::1", "8000"));
    }

    #[tokio::test]
    async fn an_error_is_told_with_its_reason_and_its_causes() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let error = Error::internal("DATABASE", "cannot read").with_source("disk on fire");
        let cx = served(&traces, &[]);
        traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Failed(&error)));
        let [span] = flushed(&collector, &otlp).await.try_into().unwrap();
        let status = span.status.as_ref().unwrap();
        assert_eq!(
            (status.code(), &*status.message),
            (StatusCode::Error, "cannot read: disk on fire")
        );
        let event = attributes(&span.events[0].attributes);
        assert_eq!(span.events[0].name, "exception");
        assert_eq!(event["exception.type"], "DATABASE");
        assert_eq!(event["exception.message"], "cannot read: disk on fire");
    }

    #[tokio::test]
    async fn what_the_proto_hides_is_not_in_a_span() {
        static BLOCK: Operation =
            Operation::new("/card.v1.Cards/Block", Kind::Unary).with_redacted(&["card"]);
        let (collector, otlp, traces) = recording(|_| {}).await;
        let http = HttpCall {
            method: http::Method::POST,
            path: Some("/v1/cards/4711:block".parse().unwrap()),
            template: Some("/v1/cards/{card}:block"),
            binding: None,
            media: None,
            is_preflight: false,
        };
        let cx = served(&traces, &[]).with_http(http);
        let error = Error::internal("BLOCKED", "4711 is blocked").with("card", "4711");
        let call = Ended {
            operation: &BLOCK,
            cx: Some(&cx),
            ..ended(Side::Server, Outcome::Failed(&error))
        };
        traces.end(cx.trace().unwrap(), &call);
        let [span] = flushed(&collector, &otlp).await.try_into().unwrap();
        assert!(!format!("{span:?}").contains("4711"), "{span:?}");
        assert_eq!(attributes(&span.attributes)["url.path"], "/v1/cards/{card}:block");
        assert_eq!(span.status.unwrap().message, "*** is blocked");
    }

    #[tokio::test]
    async fn what_the_caller_did_wrong_is_no_error_of_the_server() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let error = Error::not_found("USER_NOT_FOUND", "there is no user 7");
        let cx = served(&traces, &[]);
        traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Failed(&error)));
        traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Cancelled));
        let spans = flushed(&collector, &otlp).await;
        assert_eq!(spans.iter().map(|span| span.status.clone()).collect::<Vec<_>>(), [None, None]);
        assert_eq!(attributes(&spans[0].attributes)["error.type"], "USER_NOT_FOUND");
        assert_eq!(attributes(&spans[1].attributes)["rpc.response.status_code"], "CANCELLED");
    }

    #[tokio::test]
    async fn a_call_that_failed_is_kept_although_its_trace_is_not() {
        let error = Error::internal("DATABASE", "cannot read");
        for (errors, kept) in [(true, 1), (false, 0)] {
            let (collector, otlp, traces) = recording(|settings| {
                settings.ratio = 0.0;
                settings.errors = errors;
            })
            .await;
            let cx = served(&traces, &[]);
            traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Ok));
            traces.end(cx.trace().unwrap(), &ended(Side::Server, Outcome::Failed(&error)));
            assert_eq!(flushed(&collector, &otlp).await.len(), kept);
        }
    }

    /// The spans that arrived, by their names.
    fn by_name<'a>(spans: &'a [Span], name: &str) -> &'a Span {
        spans.iter().find(|span| span.name == name).unwrap()
    }

    #[tokio::test]
    async fn spans_of_user_code_are_children_of_the_call_and_parents_of_what_they_call() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        let _subscriber = tracing::subscriber::set_default(subscriber);
        let cx = served(&traces, &[PARENT]);
        let made = cx
            .scope(async {
                let outer = tracing::info_span!("load", rows = 3);
                let inner = outer.in_scope(|| tracing::info_span!("SELECT", otel.kind = "client"));
                // Awaits between, as real code does.
                let wait = tracing::Instrument::instrument(tokio::task::yield_now(), inner.clone());
                wait.await;
                drop(inner);
                let _entered = outer.entered();
                tracing::debug_span!("too small").in_scope(|| {});
                traces.depart(GET.name(), Context::current().as_ref(), &mut HeaderMap::new())
            })
            .await;
        let spans = flushed(&collector, &otlp).await;
        assert_eq!(spans.len(), 2, "{spans:#?}");
        let (load, select) = (by_name(&spans, "load"), by_name(&spans, "SELECT"));
        let call = cx.trace().unwrap();
        assert_eq!(load.trace_id, call.id().to_bytes());
        assert_eq!(load.parent_span_id, call.span().to_bytes());
        assert_eq!(attributes(&load.attributes)["rows"], "3");
        assert_eq!(select.parent_span_id, load.span_id);
        assert_eq!(select.kind(), SpanKind::Client);
        assert_eq!(made.parent().unwrap().to_bytes().as_slice(), load.span_id);
        assert_eq!(made.id(), call.id());
    }

    #[tokio::test]
    async fn a_call_that_is_not_kept_leaves_no_spans_of_user_code() {
        let (collector, otlp, traces) = recording(|settings| settings.ratio = 0.0).await;
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        let _subscriber = tracing::subscriber::set_default(subscriber);
        served(&traces, &[]).scope(async { tracing::info_span!("load").in_scope(|| {}) }).await;
        assert_eq!(flushed(&collector, &otlp).await.len(), 0);
        served(&traces, &[PARENT])
            .scope(async { tracing::info_span!("load").in_scope(|| {}) })
            .await;
        assert_eq!(flushed(&collector, &otlp).await.len(), 1);
    }

    #[tokio::test]
    async fn work_of_no_call_begins_a_trace_and_what_it_calls_belongs_to_it() {
        let (collector, otlp, traces) = recording(|_| {}).await;
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        let _subscriber = tracing::subscriber::set_default(subscriber);
        let made = tracing::info_span!("nightly")
            .in_scope(|| traces.depart(GET.name(), None, &mut HeaderMap::new()));
        let [nightly] = flushed(&collector, &otlp).await.try_into().unwrap();
        assert_eq!(nightly.trace_id, made.id().to_bytes());
        assert_eq!(nightly.span_id, made.parent().unwrap().to_bytes());
        assert!(nightly.parent_span_id.is_empty());
    }

    #[tokio::test]
    async fn libraries_that_speak_opentelemetry_find_the_span_of_the_call() {
        use opentelemetry::trace::{Tracer, TracerProvider};
        let (collector, otlp, traces) = recording(|_| {}).await;
        let tracer = traces.provider().unwrap().tracer("a-library");
        let cx = served(&traces, &[]);
        cx.scope(async { tracer.in_span("GET", |_| {}) }).await;
        let [span] = flushed(&collector, &otlp).await.try_into().unwrap();
        assert_eq!(span.parent_span_id, cx.trace().unwrap().span().to_bytes());
    }
}
