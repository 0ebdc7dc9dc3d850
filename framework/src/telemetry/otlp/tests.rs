use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::time::Instant;

use super::testing::{Answer, Collector, Received, attributes, spans};
use super::*;
use crate::pb::google::rpc;
use crate::telemetry::settings::OtlpCompression;

/// Spans that are nothing but a name.
struct Names;

impl Signal for Names {
    type Item = String;
    type Request = ExportTraceServiceRequest;
    type Response = ExportTraceServiceResponse;

    const KIND: SignalKind = SignalKind::Traces;
    const METHOD: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    fn request(&self, resource: &Resource, items: Vec<String>) -> Self::Request {
        let spans = items.into_iter().map(|name| Span { name, ..Span::default() }).collect();
        let scope = ScopeSpans { spans, ..ScopeSpans::default() };
        let resource = Some(resource.clone());
        let all = ResourceSpans { resource, scope_spans: vec![scope], ..ResourceSpans::default() };
        ExportTraceServiceRequest { resource_spans: vec![all] }
    }

    fn refused(response: &Self::Response) -> Option<(u64, &str)> {
        let partial = response.partial_success.as_ref()?;
        Some((partial.rejected_spans.unsigned_abs(), &partial.error_message))
    }
}

/// What is sent goes out at once, unless it is changed.
fn settings(endpoint: impl Into<String>) -> OtlpSettings {
    OtlpSettings {
        endpoint: endpoint.into(),
        delay: Duration::from_millis(10),
        ..OtlpSettings::default()
    }
}

fn begin(settings: &OtlpSettings) -> (Otlp, Queue<String>) {
    let otlp = Otlp::begin(settings, &[("service.name".into(), "users".into())]).unwrap().unwrap();
    let queue = otlp.lane(Names).unwrap().unwrap();
    (otlp, queue)
}

fn names(requests: &[Received]) -> Vec<String> {
    spans(requests).into_iter().map(|span| span.name).collect()
}

/// An address that nobody listens at.
async fn nowhere() -> std::net::SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn without_an_endpoint_nothing_runs() {
    assert!(Otlp::begin(&OtlpSettings::default(), &[]).unwrap().is_none());
}

#[tokio::test]
async fn what_is_pushed_arrives_with_who_says_it_and_the_headers_that_are_set() {
    let collector = Collector::start().await;
    let mut settings = settings(collector.endpoint());
    settings.headers.insert("authorization".into(), "Bearer t".into());
    let (_otlp, queue) = begin(&settings);
    queue.push("a".into());
    let requests = collector.until(|requests| !requests.is_empty()).await;
    assert_eq!(names(&requests), ["a"]);
    assert_eq!(requests[0].headers["authorization"], "Bearer t");
    assert!(requests[0].headers["user-agent"].to_str().unwrap().starts_with("bia/"));
    let request = ExportTraceServiceRequest::decode(requests[0].message.clone()).unwrap();
    let resource = request.resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(attributes(&resource.attributes)["service.name"], "users");
}

#[tokio::test]
async fn what_comes_close_together_goes_in_one_request_and_no_more_than_a_batch() {
    let collector = Collector::start().await;
    let settings = OtlpSettings {
        batch: 10,
        delay: Duration::from_secs(3600),
        compression: OtlpCompression::Gzip,
        ..settings(collector.endpoint())
    };
    let (otlp, queue) = begin(&settings);
    for index in 0..10 {
        queue.push(index.to_string());
    }
    // A batch is full: it does not wait for the hour.
    let requests = collector.until(|requests| !requests.is_empty()).await;
    assert_eq!(names(&requests).len(), 10);
    queue.push("last".into());
    assert!(otlp.flush(Duration::from_secs(10)).await);
    assert_eq!(names(&collector.requests())[10..], ["last"]);
    assert_eq!(requests[0].headers["grpc-encoding"], "gzip");
}

#[tokio::test]
async fn what_failed_for_now_is_sent_again_and_what_failed_for_good_is_not() {
    let table = [
        // Not now: Unavailable, and too much, if it says when.
        (Answer::Fail(14, Vec::new()), true),
        (Answer::Fail(8, retry_after(Duration::from_millis(1))), true),
        // Never: too much, if it does not say when; no permission.
        (Answer::Fail(8, Vec::new()), false),
        (Answer::Fail(7, Vec::new()), false),
    ];
    for (answer, again) in table {
        let collector = Collector::start().await;
        collector.answer([answer.clone()]);
        let (otlp, queue) = begin(&settings(collector.endpoint()));
        queue.push("a".into());
        collector.until(|requests| !requests.is_empty()).await;
        assert_eq!(otlp.flush(Duration::from_secs(10)).await, again || otlp.state()[0].lost == 1);
        if again {
            assert_eq!(
                names(&collector.until(|requests| requests.len() == 2).await),
                ["a"],
                "{answer:?}"
            );
            assert_eq!(queue.lost(), 0);
        } else {
            assert_eq!((collector.requests().len(), queue.lost()), (1, 1), "{answer:?}");
        }
    }
}

fn retry_after(delay: Duration) -> Vec<u8> {
    let info = rpc::RetryInfo { retry_delay: Some(delay.try_into().unwrap()) };
    let any = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: info.encode_to_vec(),
    };
    rpc::Status { code: 8, message: String::new(), details: vec![any] }.encode_to_vec()
}

#[tokio::test]
async fn what_a_collector_refuses_is_counted_as_lost() {
    let collector = Collector::start().await;
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "no".to_owned() };
    let response = ExportTraceServiceResponse { partial_success: Some(partial) };
    collector.answer([Answer::Say(response.encode_to_vec())]);
    let (otlp, queue) = begin(&settings(collector.endpoint()));
    for name in ["a", "b", "c"] {
        queue.push(name.into());
    }
    assert!(otlp.flush(Duration::from_secs(10)).await);
    let state = otlp.state();
    assert_eq!((state[0].sent, state[0].lost, state[0].waiting), (1, 2, 0));
}

#[tokio::test]
async fn a_collector_that_is_away_costs_the_oldest_beyond_the_queue_and_they_are_counted() {
    let address = nowhere().await;
    let settings = OtlpSettings {
        queue: 5,
        batch: 5,
        delay: Duration::from_secs(3600),
        ..settings(format!("http://{address}"))
    };
    let (otlp, queue) = begin(&settings);
    let begun = Instant::now();
    for index in 0..2000 {
        queue.push(index.to_string());
    }
    // Some may have been taken out to be sent; nobody waited for that.
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let away = otlp.state();
    assert!(away[0].lost >= 1990 && away[0].waiting <= 5, "{away:?}");
    let collector = Collector::at(address).await;
    let requests = collector.until(|requests| names(requests).contains(&"1999".to_owned())).await;
    let arrived = names(&requests).len() as u64;
    assert!(otlp.flush(Duration::from_secs(10)).await);
    assert_eq!(queue.lost() + arrived, 2000);
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may_for_a_collector_that_says_nothing() {
    let collector = Collector::start().await;
    collector.answer([Answer::Silence]);
    let (otlp, queue) = begin(&settings(collector.endpoint()));
    queue.push("a".into());
    let begun = Instant::now();
    assert!(!otlp.flush(Duration::from_millis(200)).await);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stop_does_not_wait_out_a_collector_that_is_away() {
    let (otlp, queue) = begin(&settings(format!("http://{}", nowhere().await)));
    queue.push("a".into());
    let begun = Instant::now();
    assert!(!otlp.flush(Duration::from_secs(60)).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!((queue.lost(), queue.waiting()), (1, 0));
}

/// Runtimes of one thread are where exporters that block the thread of their caller hang for ever.
#[test]
fn a_flush_works_on_a_runtime_of_one_thread_and_without_any() {
    let collector_runtime = runtime::Runtime::new().unwrap();
    let collector = collector_runtime.block_on(Collector::start());
    let (otlp, queue) = begin(&settings(collector.endpoint()));
    queue.push("a".into());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(otlp.flush(Duration::from_secs(10))));
    drop(runtime);
    queue.push("b".into());
    let arrived =
        collector_runtime.block_on(collector.until(|requests| names(requests).len() == 2));
    assert_eq!(names(&arrived), ["a", "b"]);
}

#[tokio::test]
async fn the_thread_ends_with_the_last_who_needs_it() {
    let collector = Collector::start().await;
    let (otlp, _queue) = begin(&settings(collector.endpoint()));
    let handle = otlp.0.handle.clone();
    let (gone, ended) = tokio::sync::oneshot::channel::<()>();
    // Lives on that thread until it is dropped with it.
    drop(handle.spawn(async move {
        let _gone = gone;
        std::future::pending::<()>().await;
    }));
    drop(otlp);
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
    assert!(ended.unwrap().is_err());
}

#[tokio::test]
async fn what_is_asked_for_is_collected_each_interval_and_at_a_flush() {
    struct Asked;
    impl Signal for Asked {
        type Item = String;
        type Request = ExportTraceServiceRequest;
        type Response = ExportTraceServiceResponse;
        const KIND: SignalKind = SignalKind::Metrics;
        const METHOD: &'static str = Names::METHOD;
        fn interval(&self) -> Option<Duration> {
            Some(Duration::from_millis(20))
        }
        fn collect(&self) -> Option<String> {
            Some("asked".to_owned())
        }
        fn request(&self, resource: &Resource, items: Vec<String>) -> Self::Request {
            Names.request(resource, items)
        }
        fn refused(response: &Self::Response) -> Option<(u64, &str)> {
            Names::refused(response)
        }
    }
    let collector = Collector::start().await;
    let otlp = Otlp::begin(&settings(collector.endpoint()), &[]).unwrap().unwrap();
    let _queue = otlp.lane(Asked).unwrap().unwrap();
    let before = collector.until(|requests| names(requests).len() >= 2).await.len();
    assert!(otlp.flush(Duration::from_secs(10)).await);
    assert!(collector.requests().len() > before);
}
