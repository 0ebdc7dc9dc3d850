use http_body_util::{BodyExt, StreamBody};
use proptest::prelude::*;

use super::*;

fn web(content_type: &'static str, accept: Option<&'static str>) -> Option<Web> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(accept) = accept {
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
    }
    Web::of(&headers)
}

/// The messages and the trailers of an answer.
async fn read(web: Web, response: Response<Body>) -> (String, Vec<u8>, String) {
    let response = web.wrapped(response);
    let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap();
    assert!(body.trailers().is_none(), "a browser shows none");
    let body = body.to_bytes();
    let mut decoder = base64::Decoder::default();
    let body = if web.text_out { decoder.push(&body).unwrap() } else { body };
    let at = body.iter().position(|byte| *byte == TRAILERS).unwrap();
    let (messages, trailers) = body.split_at(at);
    let length = u32::from_be_bytes(trailers[1..PREFIX].try_into().unwrap());
    assert_eq!(length as usize, trailers.len() - PREFIX);
    (kind, messages.to_vec(), String::from_utf8(trailers[PREFIX..].to_vec()).unwrap())
}

#[test]
fn what_is_grpc_web_is_told_from_its_content_type() {
    let proto = |text_in, text_out| Some(Web { messages: Messages::Proto, text_in, text_out });
    let table = [
        ("application/grpc-web", None, proto(false, false)),
        ("application/grpc-web+proto", None, proto(false, false)),
        ("Application/gRPC-Web+Proto; charset=utf-8", None, proto(false, false)),
        ("application/grpc-web-text", None, proto(true, true)),
        ("application/grpc-web-text+proto", Some("application/grpc-web-text"), proto(true, true)),
        ("application/grpc-web", Some("application/grpc-web-text"), proto(false, true)),
        ("application/grpc-web-text", Some("application/grpc-web+proto"), proto(true, false)),
        ("application/grpc-web-text", Some("*/*"), proto(true, true)),
        ("application/grpc", None, None),
        ("application/grpc-websocket", None, None),
        ("application/json", None, None),
        ("", None, None),
    ];
    for (content_type, accept, expected) in table {
        assert_eq!(web(content_type, accept), expected, "{content_type} {accept:?}");
    }
    let json = web("application/grpc-web+json", None).unwrap();
    assert_eq!(json.messages, Messages::Json);
    assert_eq!(web("application/grpc-web+thrift", None).unwrap().messages, Messages::Other);
}

#[tokio::test]
async fn trailers_are_the_last_frame_of_the_body() {
    let trailers = HeaderMap::from_iter([
        (status::GRPC_STATUS, HeaderValue::from_static("0")),
        (HeaderName::from_static("x-tail"), HeaderValue::from_static("2")),
    ]);
    for (content_type, told) in [
        ("application/grpc-web", "application/grpc-web+proto"),
        ("application/grpc-web-text", "application/grpc-web-text+proto"),
        ("application/grpc-web+json", "application/grpc-web+json"),
    ] {
        let web = web(content_type, None).unwrap();
        let frames = [
            Ok::<_, Error>(Frame::data(Bytes::from_static(b"\0\0\0\0\x01a"))),
            Ok(Frame::trailers(trailers.clone())),
        ];
        let streamed = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        let whole = Body::full("\0\0\0\0\x01a").with_trailers(trailers.clone());
        for body in [streamed, whole] {
            let (kind, messages, trailers) = read(web, Response::new(body)).await;
            assert_eq!((kind.as_str(), &messages[..]), (told, &b"\0\0\0\0\x01a"[..]));
            assert_eq!(trailers, "grpc-status: 0\r\nx-tail: 2\r\n");
        }
    }
}

#[tokio::test]
async fn a_call_that_failed_at_once_has_its_trailers_in_the_body() {
    let web = web("application/grpc-web", None).unwrap();
    let error = Error::not_found("NONE", "no such thing");
    let mut response = crate::wire::respond::error(crate::wire::respond::Telling::Grpc, &error);
    let origin = HeaderName::from_static("access-control-allow-origin");
    response.headers_mut().insert(origin.clone(), HeaderValue::from_static("*"));
    let wrapped = web.wrapped(response);
    assert_eq!(wrapped.headers()[&origin], "*", "what a browser looks for stays where it looks");
    assert!(!wrapped.headers().contains_key("grpc-status"));
    let body = wrapped.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("grpc-status: 5\r\ngrpc-message: no such thing\r\n"), "{text}");
    assert!(!text.contains("access-control"), "{text}");
}

#[tokio::test]
async fn a_request_of_text_is_the_bytes_that_it_says() {
    let web = web("application/grpc-web-text+proto", None).unwrap();
    let frames = ["AAAAAA", "Fh", "AAAAAAFi"].map(|text| Ok::<_, Error>(Frame::data(text.into())));
    let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
    let request = Request::post("/").header(CONTENT_LENGTH, 16).body(body).unwrap();
    let request = web.unwrapped(request);
    assert_eq!(request.headers()[CONTENT_TYPE], "application/grpc");
    assert!(!request.headers().contains_key(CONTENT_LENGTH), "it is the length of the text");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, b"\0\0\0\0\x01a\0\0\0\0\x01b"[..]);
}

proptest! {
    #[test]
    fn any_content_type_is_one_or_none_and_never_a_panic(value in prop::collection::vec(any::<u8>(), 0..60)) {
        let _: Option<_> = kind(&value);
        let _: Option<_> = kind(&[KIND, &value].concat());
    }
}
