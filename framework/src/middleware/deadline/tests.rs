use http::{HeaderValue, Request};
use http_body_util::{BodyExt, StreamBody};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::context::{self, Face};
use crate::operation::{Kind, Operation};

static UNARY: Operation = Operation::new("/t.T/Unary", Kind::Unary);
static SHORT: Operation =
    Operation::new("/t.T/Short", Kind::Unary).with_timeout(Duration::from_secs(1));
static STREAM: Operation = Operation::new("/t.T/Stream", Kind::ServerStream);

fn times() -> Live<Times> {
    Live::new(Times { unary: Some(Duration::from_secs(10)), idle: Some(Duration::from_secs(300)) })
}

fn request(operation: &'static Operation, timeout: Option<&'static str>) -> Inbound {
    let mut request = Request::new(Body::empty());
    if let Some(timeout) = timeout {
        request.headers_mut().insert("grpc-timeout", HeaderValue::from_static(timeout));
    }
    Inbound { cx: context::Context::new(operation, Face::Grpc), request }
}

/// How long a handler that never ends is let run, and what the caller is told.
async fn ends_after(call: Inbound) -> (Duration, Error) {
    let begun = Instant::now();
    let hang = service_fn(|_| std::future::pending::<Result<Response<Body>>>());
    let error =
        Deadline::new(hang, times(), Live::new(Rules::default())).oneshot(call).await.unwrap_err();
    (begun.elapsed(), error)
}

#[tokio::test(start_paused = true)]
async fn the_smallest_of_all_limits_ends_a_call() {
    let table = [
        (&UNARY, None, 10_000),
        (&UNARY, Some("2S"), 2_000),
        (&UNARY, Some("60S"), 10_000),
        (&SHORT, None, 1_000),
        (&SHORT, Some("2S"), 1_000),
        (&SHORT, Some("20m"), 20),
        (&STREAM, Some("20S"), 20_000),
        (&STREAM, None, 300_000),
    ];
    for (operation, timeout, expected) in table {
        let (took, error) = ends_after(request(operation, timeout)).await;
        let off = took.abs_diff(Duration::from_millis(expected));
        assert!(off < Duration::from_millis(5), "{operation} {timeout:?}: {took:?}");
        assert_eq!(error.code(), 504);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_up_when_it_arrives_is_not_run() {
    let never = service_fn(|_| -> std::future::Ready<Result<Response<Body>>> { panic!("it ran") });
    let error = Deadline::new(never, times(), Live::new(Rules::default()))
        .oneshot(request(&UNARY, Some("0n")))
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "DEADLINE_EXCEEDED");
}

#[tokio::test(start_paused = true)]
async fn the_handler_is_told_its_deadline() {
    let seen = service_fn(|call: Inbound| async move {
        assert_eq!(call.cx.remaining(), Some(Duration::from_secs(3)));
        Ok(Response::new(Body::empty()))
    });
    Deadline::new(seen, times(), Live::new(Rules::default()))
        .oneshot(request(&UNARY, Some("3S")))
        .await
        .unwrap();
}

fn ticking(every: Duration) -> Body {
    let frames = futures_util::stream::unfold((), move |()| async move {
        tokio::time::sleep(every).await;
        Some((Ok::<_, Error>(http_body::Frame::data(bytes::Bytes::from_static(b"x"))), ()))
    });
    Body::new(StreamBody::new(frames))
}

async fn stream_ends_after(every: Duration, timeout: Option<&'static str>) -> (Duration, Error) {
    let begun = Instant::now();
    let service =
        service_fn(move |_| std::future::ready(Ok::<_, Error>(Response::new(ticking(every)))));
    let response = Deadline::new(service, times(), Live::new(Rules::default()))
        .oneshot(request(&STREAM, timeout))
        .await
        .unwrap();
    let mut body = response.into_body();
    loop {
        if let Err(error) = body.frame().await.unwrap() {
            assert!(body.frame().await.is_none());
            return (begun.elapsed(), error);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_holds_until_the_end_of_a_stream_that_keeps_talking() {
    let (took, error) = stream_ends_after(Duration::from_secs(1), Some("10S")).await;
    assert!(took.abs_diff(Duration::from_secs(10)) < Duration::from_millis(1100), "{took:?}");
    assert_eq!(error.reason(), "DEADLINE_EXCEEDED");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_talks_is_not_idle_and_one_that_stops_is() {
    let (took, error) = stream_ends_after(Duration::from_secs(400), None).await;
    assert!(took.abs_diff(Duration::from_secs(300)) < Duration::from_secs(1), "{took:?}");
    assert_eq!(error.reason(), "STREAM_IDLE");

    let long = tokio::time::timeout(
        Duration::from_secs(3_000),
        stream_ends_after(Duration::from_secs(299), None),
    );
    assert!(long.await.is_err(), "a stream that talks was ended");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_changes_holds_for_the_calls_that_come_then() {
    let times = times();
    let hang = service_fn(|_| std::future::pending::<Result<Response<Body>>>());
    let service = Deadline::new(hang, times.clone(), Live::new(Rules::default()));
    let begun = Instant::now();
    let before = service.clone().oneshot(request(&UNARY, None));
    times.set(Times { unary: Some(Duration::from_secs(1)), idle: None });
    let after = service.oneshot(request(&UNARY, None));
    after.await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 1);
    drop(before);
}

#[tokio::test(start_paused = true)]
async fn settings_of_an_operation_win_over_its_proto() {
    let table = [
        (r#"{"/t.T/Short": {"timeout": "3s"}}"#, &SHORT, Some(3)),
        (r#"{"/t.T/*": {"timeout": "0s"}}"#, &SHORT, None),
        (r#"{"/t.T/Stream": {"timeout": "4s"}}"#, &STREAM, Some(4)),
        (r#"{"/t.T/Other": {"timeout": "4s"}}"#, &UNARY, Some(10)),
    ];
    for (settings, operation, expected) in table {
        let rules = Live::new(Rules::new(&serde_json::from_str(settings).unwrap()));
        let seen = service_fn(move |call: Inbound| async move {
            assert_eq!(call.cx.remaining(), expected.map(Duration::from_secs), "{settings}");
            Ok::<_, Error>(Response::new(Body::empty()))
        });
        Deadline::new(seen, times(), rules).oneshot(request(operation, None)).await.unwrap();
    }
}
