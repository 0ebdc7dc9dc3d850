//! gRPC-Web over real sockets: HTTP/1.1 as browsers speak it in the open, HTTP/2 as behind a proxy.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD as BASE64_NO_PAD};
use bytes::Bytes;
use http::Request;
use prost::Message;

use super::http1::Connection;
use super::{Client, framed, serve};

/// The messages of an answer, and its trailers as they stand.
fn parts(body: &[u8]) -> (Vec<String>, String) {
    let (mut messages, mut rest) = (Vec::new(), body);
    loop {
        let length = u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        let (frame, more) = rest.split_at(5 + length);
        if frame[0] == 0x80 {
            assert!(more.is_empty(), "something follows the trailers");
            return (messages, String::from_utf8(frame[5..].to_vec()).unwrap());
        }
        messages.push(String::decode(&frame[5..]).unwrap());
        rest = more;
    }
}

/// Text that may be padded at the end of each part of it.
fn decoded(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(4).flat_map(|quad| BASE64.decode(quad).unwrap()).collect()
}

fn http1(path: &str, kind: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: here\r\ncontent-type: {kind}\r\nx-grpc-web: 1\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_page_calls_over_http1_in_bytes_and_in_text() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    let message = String::from_utf8(framed("hello").to_vec()).unwrap();
    connection.write(&http1("/t.Echo/Echo", "application/grpc-web+proto", &message)).await;
    let reply = connection.raw_reply().await;
    assert_eq!(reply.status, 200);
    assert!(reply.head.contains("content-type: application/grpc-web+proto\r\n"), "{reply:?}");
    assert_eq!(parts(&reply.body), (vec!["hello".to_owned()], "grpc-status: 0\r\n".to_owned()));

    let text = BASE64.encode(framed("hello"));
    connection.write(&http1("/t.Echo/Echo", "application/grpc-web-text", &text)).await;
    let reply = connection.raw_reply().await;
    assert!(reply.head.contains("content-type: application/grpc-web-text+proto\r\n"), "{reply:?}");
    let body = decoded(std::str::from_utf8(&reply.body).unwrap());
    assert_eq!(parts(&body), (vec!["hello".to_owned()], "grpc-status: 0\r\n".to_owned()));
}

#[tokio::test]
async fn a_stream_comes_in_parts_with_its_trailers_last() {
    let served = serve(|_| {}).await;
    for kind in ["application/grpc-web", "application/grpc-web-text"] {
        let mut connection = Connection::connect(served.address).await;
        let texts = [framed("a"), framed("b"), framed("c")].concat();
        let body = match kind {
            "application/grpc-web" => String::from_utf8(texts).unwrap(),
            // Padded in the middle, where a caller put two texts one after another.
            _ => BASE64.encode(&texts[..7]) + &BASE64.encode(&texts[7..]),
        };
        connection.write(&http1("/t.Echo/Chat", kind, &body)).await;
        let reply = connection.raw_reply().await;
        let body = match kind {
            "application/grpc-web" => reply.body,
            _ => decoded(std::str::from_utf8(&reply.body).unwrap()),
        };
        let (messages, trailers) = parts(&body);
        assert_eq!((messages.concat().as_str(), trailers.as_str()), ("abc", "grpc-status: 0\r\n"));
    }
}

#[tokio::test]
async fn a_call_over_http2_is_answered_in_the_body_too() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let request = |path: &str, timeout: &str| {
        Request::post(format!("http://here{path}"))
            .header("content-type", "application/grpc-web+proto")
            .header("grpc-timeout", timeout)
            .body(())
            .unwrap()
    };
    let answer = client.send(request("/t.Echo/Echo", "5S"), [framed("hello")]).await.unwrap();
    assert!(answer.trailers.is_empty());
    assert_eq!(parts(&answer.body).0, ["hello"]);
    // The caller's time holds, and what went wrong is told behind a 200.
    let answer = client.send(request("/t.Echo/Stuck", "50m"), [framed("")]).await.unwrap();
    assert_eq!(answer.status, 200);
    let (messages, trailers) = parts(&answer.body);
    assert!(messages.is_empty());
    assert!(trailers.contains("grpc-status: 4\r\n"), "{trailers}");
    let answer = client.send(request("/t.Echo/None", "5S"), [framed("")]).await.unwrap();
    assert!(parts(&answer.body).1.contains("grpc-status: 12\r\n"));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_in_the_words_of_grpc_web() {
    let served = serve(|_| {}).await;
    let trailers = ["\u{0}\u{0}\u{0}\u{0}\u{2}a", "garbage", "", "\u{80}\u{0}\u{0}\u{0}\u{0}"];
    for body in trailers {
        let mut connection = Connection::connect(served.address).await;
        connection.write(&http1("/t.Echo/Echo", "application/grpc-web", body)).await;
        let (messages, trailers) = parts(&connection.raw_reply().await.body);
        assert!(messages.is_empty() && !trailers.contains("grpc-status: 0"), "{body:?} {trailers}");
    }
    for body in ["!!!!", "A", "AAAA=", "===="] {
        let mut connection = Connection::connect(served.address).await;
        connection.write(&http1("/t.Echo/Echo", "application/grpc-web-text", body)).await;
        let body = connection.raw_reply().await.body;
        let (_, trailers) = parts(&decoded(std::str::from_utf8(&body).unwrap()));
        assert!(trailers.contains("grpc-status: 3"), "{trailers}");
    }
    served.still_serves().await;
}

#[tokio::test]
async fn messages_that_nobody_here_can_read_are_unimplemented() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    for kind in ["application/grpc-web+thrift", "application/grpc+thrift"] {
        let request = Request::post("http://here/t.Echo/Echo").header("content-type", kind);
        let answer = client.send(request.body(()).unwrap(), [Bytes::new()]).await.unwrap();
        let told = if answer.body.is_empty() {
            format!("grpc-status: {}", answer.grpc())
        } else {
            parts(&answer.body).1
        };
        assert!(told.contains("grpc-status: 12"), "{told}");
    }
}

#[tokio::test]
async fn messages_are_json_where_the_caller_says_so() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let frame = |text: &str| {
        let mut frame = vec![0, 0, 0, 0, u8::try_from(text.len()).unwrap()];
        frame.extend_from_slice(text.as_bytes());
        Bytes::from(frame)
    };
    for kind in ["application/grpc+json", "application/grpc-web+json"] {
        let send = async |path: &str, text: &str| {
            let request = Request::post(format!("http://here{path}")).header("content-type", kind);
            client.send(request.body(()).unwrap(), [frame(text)]).await.unwrap()
        };
        for path in ["/t.Echo/Echo", "/t.Echo/Chat", "/t.Echo/Sum"] {
            let answer = send(path, "\"hello\"").await;
            assert_eq!(answer.headers["content-type"], kind);
            assert_eq!(answer.body[..12], frame("\"hello\"")[..], "{path}");
        }
        let answer = send("/t.Echo/Echo", "{").await;
        assert_eq!(answer.status, 200);
        let told = match kind {
            "application/grpc+json" => {
                let told = [&answer.headers, &answer.trailers].into_iter().flatten();
                told.map(|(name, it)| format!("{name}: {}\r\n", it.to_str().unwrap())).collect()
            }
            _ => parts(&answer.body).1,
        };
        let message = "grpc-message: the message is not JSON of its type: \
                       invalid type: map, expected a string at line 1 column 0";
        for line in ["grpc-status: 3", message] {
            assert_eq!(told.lines().filter(|it| *it == line).count(), 1, "{line}: {told}");
        }
        let details = told.lines().find_map(|it| it.strip_prefix("grpc-status-details-bin: "));
        let details = BASE64_NO_PAD.decode(details.unwrap()).unwrap();
        // The first field of `google.rpc.ErrorInfo`, a text of five bytes: its reason.
        assert!(details.windows(7).any(|it| it == b"\n\x05CODEC"), "{details:?}");
    }
}
