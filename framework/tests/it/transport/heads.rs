//! Heads that are too large: told in the words of the protocol, and nobody else notices.

use super::http1::Connection;
use super::{Client, Served, framed, grpc, serve};

async fn with_headers(
    served: &Served,
    count: usize,
    size: usize,
) -> Result<super::Answer, h2::Error> {
    let mut request = grpc("/t.Echo/Echo");
    let value = "v".repeat(size);
    for place in 0..count {
        request.headers_mut().insert(
            http::HeaderName::from_bytes(format!("x-{place}").as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    Client::connect(served.address).await.send(request, [framed("hi")]).await
}

#[tokio::test]
async fn a_grpc_call_with_too_many_headers_is_resource_exhausted() {
    let served = serve(|_| {}).await;
    // `content-type` and `te` are two of the hundred.
    assert_eq!(with_headers(&served, 98, 1).await.unwrap().text(), "hi");
    let answer = with_headers(&served, 99, 1).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.grpc()), (200, "8"));
    assert!(answer.message().contains("101 headers"), "{answer:?}");
}

#[tokio::test]
async fn a_grpc_call_with_too_large_headers_is_resource_exhausted() {
    let served = serve(|_| {}).await;
    assert_eq!(with_headers(&served, 2, 7000).await.unwrap().text(), "hi");
    let answer = with_headers(&served, 3, 7000).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.grpc()), (200, "8"));
    assert!(answer.message().contains("16384"), "{answer:?}");
}

#[tokio::test]
async fn a_head_that_is_too_large_to_understand_is_431() {
    let served = serve(|_| {}).await;
    let answer = with_headers(&served, 12, 7000).await.unwrap();
    assert_eq!(answer.status, 431);
    let mut connection = Connection::connect(served.address).await;
    connection
        .write(&format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "v".repeat(70_000)))
        .await;
    assert!(connection.read_to_end().await.starts_with("HTTP/1.1 431 "));
    served.still_serves().await;
}

#[tokio::test]
async fn a_request_of_http1_with_too_many_or_too_large_headers_is_431_as_json() {
    let served = serve(|_| {}).await;
    let many: String = (0..100).map(|place| format!("x-{place}: v\r\n")).collect();
    let large = format!("x: {}\r\n", "v".repeat(17_000));
    for (headers, says) in [(many, "101 headers"), (large, "16384")] {
        let mut connection = Connection::connect(served.address).await;
        connection.write(&format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n")).await;
        let reply = connection.reply().await;
        assert_eq!(reply.status, 431);
        let body = reply.json();
        assert_eq!((&body["code"], &body["reason"]), (&431.into(), &"HEADERS_TOO_LARGE".into()));
        assert!(body["message"].as_str().unwrap().contains(says), "{body}");
        assert_eq!(connection.get("/").await.status, 404, "the connection goes on");
    }
}

#[tokio::test]
async fn a_header_block_that_never_ends_ends_the_connection() {
    use super::raw::{self, Frame, Peer};
    use tokio::io::AsyncWriteExt;

    let served = serve(|_| {}).await;
    let mut peer = Peer::connect(served.address).await;
    peer.send(&Frame::new(raw::HEADERS, 0, 1, raw::headers(&[(":method", "POST")]))).await;
    let more =
        Frame::new(raw::CONTINUATION, 0, 1, raw::headers(&[("x", &"v".repeat(1000))])).encode();
    // The server stops reading at some point; the peer must not wait for it to go on.
    let (mut read, mut write) = peer.0.split();
    let flood = async { while write.write_all(&more).await.is_ok() {} };
    let end = async {
        let mut all = Vec::new();
        let end = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut all);
        tokio::time::timeout(super::LONG, end).await.is_ok()
    };
    tokio::pin!(flood, end);
    tokio::select! {
        () = &mut flood => {}
        closed = &mut end => assert!(closed),
    }
    served.still_serves().await;
}
