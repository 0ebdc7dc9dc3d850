//! What one call is: its four kinds, deadline, metadata, errors.

use bia::context::Context;
use bia::{Code, Metadata, Streaming};
use futures_util::{StreamExt, stream};

use super::*;

#[tokio::test]
async fn every_kind_of_method_is_called() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());

    let text: String = channel.unary(&ECHO, "hello".to_owned()).await.unwrap();
    assert_eq!(text, "hello");

    let words = stream::iter(["a", "b", "c"].map(str::to_owned));
    let joined: String = channel.client_stream(&JOIN, words).await.unwrap();
    assert_eq!(joined, "abc");

    peer.shared.gate.add_permits(1);
    let mut held: Streaming<String> = channel.server_stream(&HOLD, ()).await.unwrap();
    assert_eq!(held.message().await.unwrap().as_deref(), Some(peer.name()));
    assert_eq!(held.message().await.unwrap(), None);
    assert_eq!(held.trailers().unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn both_sides_of_a_stream_go_on_at_the_same_time() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let (send, receive) = tokio::sync::mpsc::channel::<String>(1);
    let requests = stream::unfold(receive, async |mut receive| {
        receive.recv().await.map(|message| (message, receive))
    });
    let mut replies: Streaming<String> = channel.bidi(&CHAT, requests).await.unwrap();
    for word in ["one", "two", "three"] {
        send.send(word.to_owned()).await.unwrap();
        let reply = timeout(LONG, replies.message()).await.unwrap().unwrap();
        assert_eq!(reply.as_deref(), Some(word));
    }
    drop(send);
    assert_eq!(timeout(LONG, replies.message()).await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_large_stream_goes_no_faster_than_its_reader_and_arrives_whole() {
    let peer = Peer::start().await;
    let settings = ClientSettings { stream_window: 65_535, window: 1 << 20, ..settings() };
    let channel = direct(&[&peer], settings);
    let words = (0..200).map(|number| number.to_string().repeat(10_000));
    let expected: Vec<_> = words.clone().collect();
    let replies: Streaming<String> = channel.bidi(&CHAT, stream::iter(words)).await.unwrap();
    let got: Vec<String> =
        timeout(LONG, replies.map(Result::unwrap).collect()).await.expect("the stream hangs");
    assert!(got == expected);
}

#[tokio::test]
async fn a_call_says_who_it_is_for_and_how_long_it_may_take() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let head: String = channel
        .unary(&HEAD, ())
        .timeout(Duration::from_secs(3))
        .metadata("x-md-local-a", "1")
        .metadata_bin("x-md-local-b-bin", [0, 255])
        .await
        .unwrap();
    let head: Vec<_> = head.lines().collect();
    for line in [
        "te=trailers",
        "content-type=application/grpc",
        concat!("user-agent=bia/", env!("CARGO_PKG_VERSION")),
        "x-md-local-a=1",
        "x-md-local-b-bin=AP8",
    ] {
        assert!(head.contains(&line), "{line} is not in {head:?}");
    }
    assert!(head.contains(&&*format!(":authority={}", peer.address)), "{head:?}");
    let timeout = head.iter().find_map(|line| line.strip_prefix("grpc-timeout=")).unwrap();
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    let left = digits.parse::<u64>().unwrap() * if unit == "n" { 1 } else { 1_000 };
    assert!((2_000_000_000..=3_000_000_000).contains(&left), "{timeout}");
}

#[tokio::test]
async fn the_deadline_and_the_global_metadata_of_the_call_being_served_go_on() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let mut metadata = Metadata::new();
    metadata.append("x-md-global-tenant", "a");
    metadata.append("x-md-local-hint", "b");
    let cx = Context::background()
        .with_metadata(metadata)
        .with_deadline(Instant::now() + Duration::from_millis(200));
    let head: String = cx.scope(channel.unary(&HEAD, ())).await.unwrap();
    assert!(head.contains("x-md-global-tenant=a"), "{head}");
    assert!(!head.contains("x-md-local-hint"), "{head}");

    // Earlier than the call's own.
    let slow = channel.unary::<_, String>(&SLOW, ()).timeout(LONG);
    let error = cx.scope(slow).await.unwrap_err();
    assert_eq!(error.code(), 504);

    // Streams too.
    let cx = Context::background().with_deadline(Instant::now() + Duration::from_millis(200));
    let held = channel.server_stream::<_, String>(&HOLD, ());
    let mut held = cx.scope(held).await.unwrap();
    assert!(held.message().await.unwrap().is_some());
    let error = timeout(LONG, held.message()).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.grpc_code()), (504, Code::DeadlineExceeded));
    timeout(LONG, peer.shared.cancelled.acquire_many(2)).await.unwrap().unwrap().forget();
}

#[tokio::test]
async fn when_the_time_is_up_the_node_is_told_and_the_error_says_what_took_how_long_where() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let call = channel.unary::<_, String>(&SLOW, ()).timeout(Duration::from_millis(100));
    let error = call.await.unwrap_err();
    assert_eq!((error.code(), error.grpc_code()), (504, Code::DeadlineExceeded));
    let begin = format!("/t.T/Slow on {} did not end within ", peer.address);
    assert!(error.message().starts_with(&begin), "{error}");
    timeout(LONG, peer.shared.cancelled.acquire()).await.unwrap().unwrap().forget();
}

#[tokio::test]
async fn a_call_that_was_given_no_time_has_the_default_one() {
    let peer = Peer::start().await;
    let settings = ClientSettings { timeout: Duration::from_millis(50), ..settings() };
    let channel = direct(&[&peer], settings);
    let error = channel.unary::<_, String>(&SLOW, ()).await.unwrap_err();
    assert_eq!(error.grpc_code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_at_the_node() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let call = tokio::spawn(channel.unary::<_, String>(&SLOW, ()));
    timeout(LONG, peer.shared.entered.acquire()).await.unwrap().unwrap().forget();
    call.abort();
    timeout(LONG, peer.shared.cancelled.acquire()).await.unwrap().unwrap().forget();
    until(|| channel.state().nodes[0].in_flight == 0).await;
}

#[tokio::test]
async fn a_stream_outlives_the_clients_of_its_channel_which_closes_behind_it() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let mut held: Streaming<String> = channel.server_stream(&HOLD, ()).await.unwrap();
    drop(channel);
    assert!(held.message().await.unwrap().is_some());
    assert_eq!(peer.shared.open.load(std::sync::atomic::Ordering::SeqCst), 1);
    drop(held);
    until(|| peer.shared.open.load(std::sync::atomic::Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_reply_brings_its_headers_and_trailers_if_they_are_asked_for() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let reply = channel.unary::<_, String>(&WHO, ()).with_reply().await.unwrap();
    assert_eq!(reply.message, peer.name());
    assert_eq!(reply.headers["content-type"], "application/grpc");
    assert_eq!(reply.trailers["grpc-status"], "0");
}

#[tokio::test]
async fn what_the_node_says_went_wrong_is_the_error() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let error = channel.unary::<_, String>(&FAIL, ()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (404, "no user 7"));

    let error = channel.unary::<_, String>(&HTTP, ()).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (503, "NOT_GRPC"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_that_names_the_node_and_is_not_unknown() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let mut half: Streaming<String> = channel.server_stream(&BREAK, ()).await.unwrap();
    assert_eq!(half.message().await.unwrap().as_deref(), Some("half"));
    let error = half.message().await.unwrap_err();
    assert_eq!((error.grpc_code(), error.reason()), (Code::Internal, "STREAM_RESET"));
    assert!(error.message().contains(peer.name()), "{error}");
    assert!(error.message().contains("INTERNAL_ERROR"), "{error}");
}

#[tokio::test]
async fn metadata_that_cannot_be_sent_fails_the_call_and_is_not_left_out() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    for (key, value) in
        [("x md", "a"), ("x-md-a", "line\nbreak"), ("grpc-timeout", "1S"), ("te", "x")]
    {
        let error = channel.unary::<_, String>(&WHO, ()).metadata(key, value).await.unwrap_err();
        assert_eq!(error.reason(), "METADATA_INVALID", "{key}");
    }
    let call = channel.unary::<_, String>(&WHO, ()).metadata_bin("x-md-a", [1]);
    assert_eq!(call.await.unwrap_err().reason(), "METADATA_INVALID");
    assert_eq!(peer.calls(), 0);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_sent_and_not_read() {
    let peer = Peer::start().await;
    let settings =
        ClientSettings { max_send_message_size: Some(64), max_message_size: 32, ..settings() };
    let channel = direct(&[&peer], settings);
    let error = channel.unary::<_, String>(&ECHO, "a".repeat(100)).await.unwrap_err();
    assert_eq!((error.reason(), peer.calls()), ("MESSAGE_TOO_LARGE", 0));
    let error = channel.unary::<_, String>(&ECHO, "a".repeat(50)).await.unwrap_err();
    assert_eq!((error.reason(), peer.calls()), ("MESSAGE_TOO_LARGE", 1));
}
