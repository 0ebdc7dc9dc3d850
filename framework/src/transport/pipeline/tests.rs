use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use prost::Message;
use tower::layer::layer_fn;

use super::*;
use crate::dispatch::{Facts, Handler, Service};
use crate::middleware::Selector;
use crate::middleware::auth::Guard;

static ECHO: Operation = Operation::new("/t.Echo/Echo", Kind::Unary);
static PANIC: Operation = Operation::new("/t.Echo/Panic", Kind::Unary);
static COUNT: Operation = Operation::new("/t.Echo/Count", Kind::ServerStream);
static SUM: Operation = Operation::new("/t.Echo/Sum", Kind::ClientStream);
static CHAT: Operation = Operation::new("/t.Echo/Chat", Kind::Bidi);
static FACTS: Facts = Facts::new("t.Echo", &[&ECHO, &PANIC, &COUNT, &SUM, &CHAT], &[]);

struct Echo;

impl Handler for Echo {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        match method {
            0 => call.unary(|cx, text: String| async move {
                if text == "metadata" {
                    return Ok(cx.metadata().get("x-md-global-a").unwrap_or_default().to_owned());
                }
                if text == "slow" {
                    std::future::pending::<()>().await;
                }
                if text == "fail" {
                    cx.add_trailer("x-beside".parse().unwrap(), "1".parse().unwrap());
                    return Err(Error::not_found("NONE", "no such thing").with("id", "7"));
                }
                cx.add_header("x-head".parse().unwrap(), "1".parse().unwrap());
                cx.add_trailer("x-tail".parse().unwrap(), "2".parse().unwrap());
                Ok(text)
            }),
            1 => call.unary(|_, _: String| async move {
                assert!(std::env::args().count() == 0, "secret");
                Ok(String::new())
            }),
            2 => call.server_stream(|_, upto: u32, out| async move {
                let numbers = futures_util::stream::iter(1..=upto);
                out.send_all(futures_util::StreamExt::map(numbers, |number| match number {
                    13 => Err(Error::conflict("UNLUCKY", "thirteen")),
                    14 => panic!("secret"),
                    number => Ok(number),
                }))
                .await
            }),
            3 => call.client_stream(|_, mut numbers: crate::Streaming<u32>| async move {
                let mut sum = 0;
                while let Some(number) = numbers.message().await? {
                    sum += number;
                }
                Ok(sum)
            }),
            4 => call.bidi(|_, numbers: crate::Streaming<u32>, out| async move {
                out.send_all(futures_util::StreamExt::map(numbers, |number| number.map(|n| n * 2)))
                    .await
            }),
            _ => call.unknown(),
        }
    }
}

fn pipeline(layers: &[UserLayer]) -> Pipeline {
    let times = Live::new(Times { unary: Some(Duration::from_secs(10)), idle: None });
    let routes = Routes::new(vec![Service::new(&FACTS, Echo)], |json| json).unwrap();
    Pipeline::new(
        routes,
        times,
        Live::new(Limits::default()),
        Guard::default(),
        layers,
        Telemetry::off(),
    )
}

fn framed<T: Message>(messages: &[T]) -> Bytes {
    let mut out = BytesMut::new();
    for message in messages {
        out.put_u8(0);
        out.put_u32(u32::try_from(message.encoded_len()).unwrap());
        message.encode_raw(&mut out);
    }
    out.freeze()
}

fn request(path: &str, body: Bytes) -> Request<Body> {
    Request::post(path)
        .version(Version::HTTP_2)
        .header(CONTENT_TYPE, "application/grpc")
        .body(Body::full(body))
        .unwrap()
}

async fn answer(
    pipeline: &Pipeline,
    request: Request<Body>,
) -> (http::response::Parts, Bytes, HeaderMap) {
    let response = pipeline.handle(request, &Peer::default()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_else(|| parts.headers.clone());
    (parts, body.to_bytes(), trailers)
}

#[tokio::test]
async fn a_unary_call_is_answered_with_message_headers_and_trailers() {
    let (parts, body, trailers) =
        answer(&pipeline(&[]), request("/t.Echo/Echo", framed(&["hi".to_owned()]))).await;
    assert_eq!(parts.status, 200);
    assert_eq!(parts.headers["x-head"], "1");
    assert_eq!(body, framed(&["hi".to_owned()]));
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-tail"]),
        (&"0".parse().unwrap(), &"2".parse().unwrap())
    );
}

#[tokio::test]
async fn an_error_is_told_with_reason_and_what_was_answered_beside_it() {
    let (parts, body, trailers) =
        answer(&pipeline(&[]), request("/t.Echo/Echo", framed(&["fail".to_owned()]))).await;
    assert_eq!((parts.status, body.len()), (StatusCode::OK, 0));
    assert_eq!(trailers["x-beside"], "1");
    let error = crate::wire::status::read(&trailers).unwrap().unwrap_err();
    assert_eq!(error, Error::not_found("NONE", "no such thing").with("id", "7"));
}

#[tokio::test]
async fn streams_of_every_kind_are_answered() {
    let pipeline = pipeline(&[]);
    let (_, body, trailers) = answer(&pipeline, request("/t.Echo/Count", framed(&[3_u32]))).await;
    assert_eq!((body, &trailers["grpc-status"]), (framed(&[1_u32, 2, 3]), &"0".parse().unwrap()));
    let (_, body, _) = answer(&pipeline, request("/t.Echo/Sum", framed(&[1_u32, 2, 3]))).await;
    assert_eq!(body, framed(&[6_u32]));
    let (_, body, _) = answer(&pipeline, request("/t.Echo/Chat", framed(&[1_u32, 2, 3]))).await;
    assert_eq!(body, framed(&[2_u32, 4, 6]));
}

#[tokio::test]
async fn a_long_stream_comes_whole_and_in_order() {
    let pipeline = pipeline(&[]);
    let numbers: Vec<u32> = (100..30_100).collect();
    let (_, body, _) = answer(&pipeline, request("/t.Echo/Chat", framed(&numbers))).await;
    let doubled: Vec<u32> = numbers.iter().map(|number| number * 2).collect();
    assert_eq!(body, framed(&doubled));
}

#[tokio::test]
async fn a_stream_that_fails_sends_what_it_had_and_then_the_error() {
    let (_, body, trailers) =
        answer(&pipeline(&[]), request("/t.Echo/Count", framed(&[13_u32]))).await;
    assert_eq!(body, framed(&(1..=12).collect::<Vec<u32>>()));
    let error = crate::wire::status::read(&trailers).unwrap().unwrap_err();
    assert!(error.is(409, "UNLUCKY"), "{error}");
}

#[tokio::test]
async fn a_panic_is_internal_with_reason_unknown_and_the_next_call_is_served() {
    let pipeline = pipeline(&[]);
    let (_, _, trailers) =
        answer(&pipeline, request("/t.Echo/Panic", framed(&[String::new()]))).await;
    let error = crate::wire::status::read(&trailers).unwrap().unwrap_err();
    assert_eq!(error, Error::internal("UNKNOWN", "unknown request error"));
    let (_, body, _) = answer(&pipeline, request("/t.Echo/Echo", framed(&["hi".to_owned()]))).await;
    assert_eq!(body, framed(&["hi".to_owned()]));
    assert!(pipeline.in_flight().is_empty());
}

#[tokio::test]
async fn what_is_not_here_is_unimplemented_for_grpc_and_404_for_http() {
    let pipeline = pipeline(&[]);
    for path in ["/t.Echo/None", "/none", "/"] {
        let (parts, _, trailers) = answer(&pipeline, request(path, Bytes::new())).await;
        assert_eq!(
            (parts.status, &trailers["grpc-status"]),
            (StatusCode::OK, &"12".parse().unwrap())
        );
        let plain = Request::get(path).body(Body::empty()).unwrap();
        let (parts, body, _) = answer(&pipeline, plain).await;
        assert_eq!(parts.status, 404);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["reason"], "PATH_UNKNOWN");
    }
}

#[tokio::test]
async fn an_operation_called_as_something_else_is_told_how_to_call_it() {
    let table = [
        ("text/plain", Version::HTTP_2, 415),
        ("application/thrift", Version::HTTP_2, 415),
        ("application/grpc", Version::HTTP_11, 505),
    ];
    for (content_type, version, status) in table {
        let mut request = request("/t.Echo/Echo", Bytes::from_static(b"x"));
        *request.version_mut() = version;
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        let (parts, ..) = answer(&pipeline(&[]), request).await;
        assert_eq!(parts.status, status, "{content_type} {version:?}");
    }
}

#[tokio::test]
async fn a_unary_call_over_http_is_answered_as_the_caller_wants_it() {
    let pipeline = pipeline(&[]);
    let call = |verb: &str, text: &str| {
        Request::builder()
            .method(verb)
            .uri("/t.Echo/Echo")
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(http::header::ACCEPT, "application/x-protobuf")
            .body(Body::full(text.to_owned().encode_to_vec()))
            .unwrap()
    };
    let (parts, body, _) = answer(&pipeline, call("POST", "hi")).await;
    assert_eq!(
        (parts.status, &parts.headers[CONTENT_TYPE]),
        (StatusCode::OK, &"application/x-protobuf".parse().unwrap())
    );
    assert_eq!(
        (String::decode(body).unwrap(), &parts.headers["x-head"]),
        ("hi".to_owned(), &"1".parse().unwrap())
    );
    assert_eq!(parts.headers["x-tail"], "2");
    let (parts, ..) = answer(&pipeline, call("POST", "fail")).await;
    assert_eq!(
        (parts.status, &parts.headers["x-beside"]),
        (StatusCode::NOT_FOUND, &"1".parse().unwrap())
    );
    let (parts, ..) = answer(&pipeline, call("GET", "hi")).await;
    assert_eq!(
        (parts.status, &parts.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"OPTIONS, POST".parse().unwrap())
    );
    let (parts, body, _) = answer(&pipeline, call("OPTIONS", "")).await;
    assert_eq!((parts.status, body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(parts.headers["allow"], "OPTIONS, POST");
    let mut other = call("POST", "hi");
    other.headers_mut().insert(http::header::ACCEPT, "text/html".parse().unwrap());
    let (parts, body, _) = answer(&pipeline, other).await;
    assert_eq!(
        (parts.status, &parts.headers[CONTENT_TYPE]),
        (StatusCode::NOT_ACCEPTABLE, &"application/json".parse().unwrap())
    );
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["reason"], "NOT_ACCEPTABLE");
}

#[tokio::test]
async fn what_is_not_one_whole_message_is_an_error() {
    let table = [
        (Bytes::new(), "MESSAGE_MISSING"),
        (Bytes::from_static(&[0, 0, 0, 0]), "MESSAGE_TRUNCATED"),
        (Bytes::from_static(&[0, 0, 0, 0, 9, 1]), "MESSAGE_TRUNCATED"),
        (Bytes::from_static(&[7, 0, 0, 0, 0]), "MESSAGE_INVALID"),
        (Bytes::from_static(&[0, 0, 0, 0, 1, 255]), "MESSAGE_INVALID"),
        (Bytes::from_static(&[0, 255, 255, 255, 255]), "MESSAGE_TOO_LARGE"),
        (framed(&["a".to_owned(), "b".to_owned()]), "MESSAGE_SUPERFLUOUS"),
    ];
    for (body, reason) in table {
        let (_, _, trailers) = answer(&pipeline(&[]), request("/t.Echo/Echo", body)).await;
        let error = crate::wire::status::read(&trailers).unwrap().unwrap_err();
        assert_eq!(error.reason(), reason);
    }
}

#[tokio::test]
async fn what_a_caller_sent_wrong_is_no_fault_of_the_service_whatever_its_code() {
    for body in [Bytes::new(), Bytes::from_static(&[0, 0, 0, 0, 1, 255])] {
        let decoder = crate::wire::Decoder::new(crate::Encoding::Identity, 64);
        let end = crate::wire::End::Request;
        let mut requests = crate::Streaming::<String>::new(Body::full(body), decoder, end);
        let error = crate::wire::read_one(&mut requests).await.unwrap_err();
        assert_eq!((error.code(), error.is_own_fault()), (500, false), "{error}");
    }
    assert!(Error::internal("BROKEN", "a fault of ours").is_own_fault());
}

#[tokio::test]
async fn a_call_in_flight_is_named_until_its_body_ends() {
    let pipeline = pipeline(&[]);
    let response =
        pipeline.handle(request("/t.Echo/Count", framed(&[20_000_u32])), &Peer::default()).await;
    // 13 fails it: until the body is read, it is in flight.
    assert_eq!(pipeline.in_flight(), [("/t.Echo/Count", 1)]);
    drop(response.into_body().collect().await);
    assert!(pipeline.in_flight().is_empty());
    let mut slow = Box::pin(
        pipeline.handle(request("/t.Echo/Echo", framed(&["slow".to_owned()])), &Peer::default()),
    );
    let polled = futures_util::poll!(slow.as_mut());
    assert!(polled.is_pending());
    assert_eq!(pipeline.in_flight(), [("/t.Echo/Echo", 1)]);
    drop(slow);
    assert!(pipeline.in_flight().is_empty());
}

#[tokio::test]
async fn a_handler_reads_what_the_caller_told_along() {
    let mut request = request("/t.Echo/Echo", framed(&["metadata".to_owned()]));
    request.headers_mut().insert("x-md-global-a", "b".parse().unwrap());
    let (_, body, _) = answer(&pipeline(&[]), request).await;
    assert_eq!(body, framed(&["b".to_owned()]));
}

/// A layer of a user: counts, and refuses when told to.
fn counting(selector: impl Into<Selector>, count: &Arc<AtomicUsize>, refuse: bool) -> UserLayer {
    let count = Arc::clone(count);
    let layer = layer_fn(move |inner: UserService| {
        let count = Arc::clone(&count);
        tower::service_fn(move |request: Request<Body>| {
            count.fetch_add(1, Ordering::Relaxed);
            let inner = inner.clone();
            let run: Pin<Box<dyn Future<Output = Result<Response<Body>, crate::BoxError>> + Send>> =
                if refuse {
                    Box::pin(async { Err(Error::forbidden("NOT_YOU", "not you").into()) })
                } else {
                    Box::pin(async { inner.oneshot(request).await.map_err(Into::into) })
                };
            run
        })
    });
    UserLayer::new(selector.into(), layer)
}

#[tokio::test]
async fn a_layer_sees_the_operations_that_its_selector_names() {
    let (all, sums) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let pipeline = pipeline(&[counting("*", &all, false), counting("/t.Echo/Sum", &sums, false)]);
    answer(&pipeline, request("/t.Echo/Echo", framed(&["hi".to_owned()]))).await;
    answer(&pipeline, request("/t.Echo/Sum", framed(&[1_u32]))).await;
    answer(&pipeline, request("/t.Echo/None", Bytes::new())).await;
    assert_eq!((all.load(Ordering::Relaxed), sums.load(Ordering::Relaxed)), (3, 1));
}

#[tokio::test]
async fn an_error_of_a_layer_reaches_the_caller_as_it_is() {
    let count = Arc::<AtomicUsize>::default();
    let pipeline = pipeline(&[counting("/t.Echo/*", &count, true)]);
    let (_, _, trailers) =
        answer(&pipeline, request("/t.Echo/Echo", framed(&["hi".to_owned()]))).await;
    let error = crate::wire::status::read(&trailers).unwrap().unwrap_err();
    assert_eq!(error, Error::forbidden("NOT_YOU", "not you"));
}

#[test]
fn a_service_mounted_twice_is_refused() {
    let services = vec![Service::new(&FACTS, Echo), Service::new(&FACTS, Echo)];
    assert!(Routes::new(services, |json| json).unwrap_err().message().contains("t.Echo"));
}
