//! Calls that are wrong: each gets a status that says what was wrong, and nothing else suffers.

use bytes::{BufMut, Bytes, BytesMut};
use http::Request;

use super::{Client, framed, grpc, serve};

/// A prefix that promises `length` bytes, and what comes of them.
fn promise(flag: u8, length: u32, data: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(flag);
    out.put_u32(length);
    out.put_slice(data);
    out.freeze()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The bytes of a string message of `length` letters.
fn letters(length: usize) -> Vec<u8> {
    framed(&"a".repeat(length))[5..].to_vec()
}

#[tokio::test]
async fn a_message_that_cannot_be_read_gets_a_status_that_says_why() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let bomb = gzip(&letters(5 << 20));
    assert!(bomb.len() < 100_000);
    let whole = gzip(&letters(10));
    let len = |data: &[u8]| u32::try_from(data.len()).unwrap();
    // What is sent, how it says it is compressed, the status and words of the answer.
    let table = [
        (promise(0, 5, &[10]), "identity", "13", "middle of a message"),
        (promise(0, 5, &[]).slice(..3), "identity", "13", "middle of a message"),
        (Bytes::new(), "identity", "13", "without its one message"),
        ([framed("a"), framed("b")].concat().into(), "identity", "13", "more than one message"),
        (promise(0, 5 << 20, &[]), "identity", "8", "5242880 bytes"),
        (promise(0, u32::MAX, &[1; 100]), "identity", "8", "4294967295 bytes"),
        (promise(1, len(&bomb), &bomb), "gzip", "8", "larger than the 4194304"),
        (promise(1, len(&whole), &whole), "identity", "13", "no grpc-encoding"),
        (promise(1, 5, b"plain"), "gzip", "13", "not valid gzip"),
        (promise(7, 1, &[0]), "identity", "13", "flag 7"),
        (promise(0, 3, &[0xff; 3]), "identity", "13", "not valid protobuf"),
        (promise(0, 4, &[10, 2, 0xff, 0xfe]), "identity", "13", "not valid protobuf"),
        (promise(0, 1, &[0]), "br", "12", "this side reads identity"),
    ];
    for (body, encoding, status, says) in table {
        for path in ["/t.Echo/Echo", "/t.Echo/Sum"] {
            let empty_is_fine = path.ends_with("Sum") && says.contains("one message");
            if empty_is_fine {
                continue;
            }
            let mut request = grpc(path);
            request.headers_mut().insert("grpc-encoding", encoding.parse().unwrap());
            let answer = client.send(request, [body.clone()]).await.unwrap();
            assert_eq!(
                (answer.status.as_u16(), answer.grpc()),
                (200, status),
                "{path} {says}: {answer:?}"
            );
            assert!(answer.message().contains(says), "{path} {says}: {answer:?}");
        }
    }
    assert_eq!(client.call("/t.Echo/Echo", framed("fine")).await.unwrap().text(), "fine");
}

#[tokio::test]
async fn an_encoding_that_is_not_known_is_answered_with_those_that_are() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let mut request = grpc("/t.Echo/Echo");
    request.headers_mut().insert("grpc-encoding", "br".parse().unwrap());
    let answer = client.send(request, [framed("hi")]).await.unwrap();
    assert_eq!(answer.grpc(), "12");
    assert_eq!(answer.headers["grpc-accept-encoding"], "identity,gzip");
}

#[tokio::test]
async fn a_message_as_large_as_may_be_is_taken_and_one_byte_more_is_not() {
    let served = serve(|settings| settings.max_message_size = 1000).await;
    let client = Client::connect(served.address).await;
    // Tag and length take three bytes.
    let fits = framed(&"a".repeat(997));
    assert_eq!(client.call("/t.Echo/Echo", fits).await.unwrap().text().len(), 997);
    let answer = client.call("/t.Echo/Echo", framed(&"a".repeat(998))).await.unwrap();
    assert_eq!(answer.grpc(), "8");
    assert!(answer.message().contains("1001 bytes is larger than the 1000"), "{answer:?}");
}

#[tokio::test]
async fn a_reply_that_is_larger_than_may_be_sent_is_resource_exhausted() {
    let served = serve(|settings| settings.max_send_message_size = Some(100)).await;
    let answer = served.call("/t.Echo/Echo", &"a".repeat(200)).await;
    assert_eq!(answer.grpc(), "8", "{answer:?}");
}

#[tokio::test]
async fn what_is_no_grpc_call_is_answered_in_http() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let post = |content_type: Option<&str>| {
        let mut request = Request::post("http://here/t.Echo/Echo").body(()).unwrap();
        if let Some(content_type) = content_type {
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
        }
        request
    };
    let table = [
        (post(None), 415, "CONTENT_TYPE_UNSUPPORTED"),
        (post(Some("application/json")), 400, "CODEC"),
        (post(Some("application/grpc-webs")), 415, "CONTENT_TYPE_UNSUPPORTED"),
        (post(Some("application/grpcish")), 415, "CONTENT_TYPE_UNSUPPORTED"),
        (Request::get("http://here/none").body(()).unwrap(), 404, "PATH_UNKNOWN"),
    ];
    for (request, status, reason) in table {
        let asked = format!("{request:?}");
        let answer = client.send(request, [framed("hi")]).await.unwrap();
        assert_eq!(answer.status, status, "{asked}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["reason"], reason, "{asked}");
    }
}

#[tokio::test]
async fn a_grpc_call_is_a_post_of_something_that_is_here() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let mut get = grpc("/t.Echo/Echo");
    *get.method_mut() = http::Method::GET;
    let answer = client.send(get, [framed("hi")]).await.unwrap();
    assert!(answer.message().contains("a gRPC call is a POST"), "{answer:?}");
    for path in ["/t.Echo/None", "/t.None/Echo", "/none", "/"] {
        let answer = client.call(path, framed("hi")).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.grpc()), (200, "12"), "{path}: {answer:?}");
        assert!(answer.message().contains(path), "{answer:?}");
    }
}

#[tokio::test]
async fn a_call_without_te_is_served() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let mut request = grpc("/t.Echo/Echo");
    request.headers_mut().remove("te");
    assert_eq!(client.send(request, [framed("hi")]).await.unwrap().text(), "hi");
}

#[tokio::test]
async fn a_deadline_that_is_no_time_is_told() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    for timeout in ["", "soon", "1", "5x", "-1S"] {
        let mut request = grpc("/t.Echo/Echo");
        request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let answer = client.send(request, [framed("hi")]).await.unwrap();
        assert_ne!(answer.grpc(), "none", "{timeout}: {answer:?}");
    }
    assert_eq!(client.call("/t.Echo/Echo", framed("hi")).await.unwrap().text(), "hi");
}
