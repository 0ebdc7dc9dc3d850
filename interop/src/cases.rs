//! The cases of gRPC's interoperability tests, called with Bia's client.
//!
//! Their names and what each must find are those of `grpc/grpc:doc/interop-test-descriptions.md`.

use std::time::Duration;

use bia::{Channel, Code, Error, Result};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::api::grpc::testing::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, TestServiceClient, UnimplementedServiceClient,
};

/// Runs every case against the server that `channel` leads to.
///
/// # Errors
///
/// The first case that does not find what it must, by name.
pub async fn all(channel: &Channel) -> Result<()> {
    let client = TestServiceClient::new(channel.clone());
    named("empty_unary", empty_unary(&client)).await?;
    named("large_unary", large_unary(&client)).await?;
    named("client_streaming", client_streaming(&client)).await?;
    named("server_streaming", server_streaming(&client)).await?;
    named("ping_pong", ping_pong(&client)).await?;
    named("empty_stream", empty_stream(&client)).await?;
    named("custom_metadata", custom_metadata(&client)).await?;
    named("status_code_and_message", status_code_and_message(&client)).await?;
    named("special_status_message", special_status_message(&client)).await?;
    named("unimplemented_method", unimplemented_method(&client)).await?;
    named("unimplemented_service", unimplemented_service(channel)).await?;
    named("timeout_on_sleeping_server", timeout_on_sleeping_server(&client)).await?;
    named("cancel_after_begin", cancel_after_begin(&client)).await?;
    named("cancel_after_first_response", cancel_after_first_response(&client)).await
}

async fn named(case: &'static str, run: impl Future<Output = Result<()>>) -> Result<()> {
    let limited = tokio::time::timeout(Duration::from_secs(20), run).await;
    limited.unwrap_or_else(|_| Err(wrong("it did not end"))).map_err(|error| {
        Error::internal("CASE_FAILED", format!("{case}: {error}")).with_source(error)
    })
}

fn wrong(what: impl Into<String>) -> Error {
    Error::internal("NOT_AS_EXPECTED", what.into())
}

fn expect(held: bool, what: &'static str) -> Result<()> {
    if held { Ok(()) } else { Err(wrong(what)) }
}

fn sized(size: usize) -> Option<Payload> {
    Some(Payload { body: vec![0; size], ..Default::default() })
}

fn outputs(sizes: &[i32]) -> StreamingOutputCallRequest {
    let response_parameters =
        sizes.iter().map(|size| ResponseParameters { size: *size, ..Default::default() }).collect();
    StreamingOutputCallRequest { response_parameters, ..Default::default() }
}

async fn empty_unary(client: &TestServiceClient) -> Result<()> {
    client.empty_call(Empty {}).await.map(drop)
}

fn large() -> SimpleRequest {
    SimpleRequest { response_size: 314_159, payload: sized(271_828), ..Default::default() }
}

async fn large_unary(client: &TestServiceClient) -> Result<()> {
    let reply = client.unary_call(large()).await?;
    expect(reply.payload.is_some_and(|payload| payload.body.len() == 314_159), "size of the reply")
}

async fn client_streaming(client: &TestServiceClient) -> Result<()> {
    let requests = [27_182, 8, 1_828, 45_904]
        .map(|size| StreamingInputCallRequest { payload: sized(size), ..Default::default() });
    let reply = client.streaming_input_call(stream::iter(requests)).await?;
    expect(reply.aggregated_payload_size == 74_922, "sum of the sizes")
}

async fn server_streaming(client: &TestServiceClient) -> Result<()> {
    let sizes = [31_415, 9, 2_653, 58_979];
    let replies = client.streaming_output_call(outputs(&sizes)).await?;
    let got: Vec<_> = replies
        .map_ok(|reply| reply.payload.map_or(0, |payload| payload.body.len()))
        .try_collect()
        .await?;
    expect(got == [31_415, 9, 2_653, 58_979], "sizes of the replies")
}

async fn ping_pong(client: &TestServiceClient) -> Result<()> {
    let (send, requests) = fed();
    let mut replies = client.full_duplex_call(requests).await?;
    for (size, payload) in [(31_415, 27_182), (9, 8), (2_653, 1_828), (58_979, 45_904)] {
        let request = StreamingOutputCallRequest { payload: sized(payload), ..outputs(&[size]) };
        expect(send.send(request).await.is_ok(), "the request stream is read")?;
        let reply = replies.message().await?.and_then(|reply| reply.payload);
        let got = reply.and_then(|payload| i32::try_from(payload.body.len()).ok());
        expect(got == Some(size), "size of a pong")?;
    }
    drop(send);
    expect(replies.message().await?.is_none(), "the stream ends")
}

/// A stream of requests that is fed from outside; one at a time, as a ping waits for its pong.
fn fed() -> (
    tokio::sync::mpsc::Sender<StreamingOutputCallRequest>,
    impl futures_util::Stream<Item = StreamingOutputCallRequest> + Send + 'static,
) {
    let (send, receive) = tokio::sync::mpsc::channel(1);
    let requests = stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|request| (request, receive))
    });
    (send, requests)
}

async fn empty_stream(client: &TestServiceClient) -> Result<()> {
    let mut replies = client.full_duplex_call(stream::empty()).await?;
    expect(replies.message().await?.is_none(), "no replies")
}

async fn custom_metadata(client: &TestServiceClient) -> Result<()> {
    const INITIAL: (&str, &str) = ("x-grpc-test-echo-initial", "test_initial_metadata_value");
    // 0xababab in base64, as binary metadata travels.
    const TRAILING: (&str, &str) = ("x-grpc-test-echo-trailing-bin", "q6ur");
    let reply = client
        .unary_call(large())
        .metadata(INITIAL.0, INITIAL.1)
        .metadata(TRAILING.0, TRAILING.1)
        .with_reply()
        .await?;
    let is = |headers: &http::HeaderMap, (name, value): (&str, &str)| {
        headers.get(name).is_some_and(|got| got == value)
    };
    expect(is(&reply.headers, INITIAL), "echoed header")?;
    expect(is(&reply.trailers, TRAILING), "echoed trailer")?;

    let call = client.full_duplex_call(stream::iter([outputs(&[314_159])]));
    let mut replies = call.metadata(INITIAL.0, INITIAL.1).metadata(TRAILING.0, TRAILING.1).await?;
    expect(replies.message().await?.is_some(), "a message of a stream")?;
    expect(is(replies.headers(), INITIAL), "echoed header of a stream")?;
    while replies.message().await?.is_some() {}
    expect(
        replies.trailers().is_some_and(|trailers| is(trailers, TRAILING)),
        "echoed trailer of a stream",
    )
}

async fn status_code_and_message(client: &TestServiceClient) -> Result<()> {
    told_status(client, 2, "test status message").await
}

async fn special_status_message(client: &TestServiceClient) -> Result<()> {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    told_status(client, 2, message).await
}

async fn told_status(client: &TestServiceClient, code: i32, message: &str) -> Result<()> {
    let response_status = Some(EchoStatus { code, message: message.to_owned() });
    let request = SimpleRequest { response_status: response_status.clone(), ..Default::default() };
    let is =
        |error: &Error| i32::from(error.grpc_code().number()) == code && error.message() == message;
    expect(client.unary_call(request).await.is_err_and(|error| is(&error)), "status of a call")?;
    let request = StreamingOutputCallRequest { response_status, ..Default::default() };
    let outcome = match client.full_duplex_call(stream::iter([request])).await {
        Ok(mut replies) => replies.message().await.map(drop),
        Err(error) => Err(error),
    };
    expect(outcome.is_err_and(|error| is(&error)), "status of a stream")
}

async fn unimplemented_method(client: &TestServiceClient) -> Result<()> {
    let outcome = client.unimplemented_call(Empty {}).await;
    expect(outcome.is_err_and(|error| error.grpc_code() == Code::Unimplemented), "UNIMPLEMENTED")
}

async fn unimplemented_service(channel: &Channel) -> Result<()> {
    let client = UnimplementedServiceClient::new(channel.clone());
    let outcome = client.unimplemented_call(Empty {}).await;
    expect(outcome.is_err_and(|error| error.grpc_code() == Code::Unimplemented), "UNIMPLEMENTED")
}

async fn timeout_on_sleeping_server(client: &TestServiceClient) -> Result<()> {
    let request = StreamingOutputCallRequest { payload: sized(27_182), ..Default::default() };
    let requests = stream::iter([request]).chain(stream::pending());
    let call = client.full_duplex_call(requests).timeout(Duration::from_millis(1));
    let outcome = match call.await {
        Ok(mut replies) => replies.message().await.map(drop),
        Err(error) => Err(error),
    };
    match outcome {
        Err(error) if error.grpc_code() == Code::DeadlineExceeded => Ok(()),
        Err(error) => Err(wrong(format!("DEADLINE_EXCEEDED, not {error}"))),
        Ok(()) => Err(wrong("DEADLINE_EXCEEDED, not an answer")),
    }
}

async fn cancel_after_begin(client: &TestServiceClient) -> Result<()> {
    let call = client.streaming_input_call(stream::pending());
    // Dropped while it waits: the server is told.
    let cancelled = tokio::time::timeout(Duration::from_millis(50), call).await;
    expect(cancelled.is_err(), "still running when it was cancelled")
}

async fn cancel_after_first_response(client: &TestServiceClient) -> Result<()> {
    let requests = stream::iter([outputs(&[31_415])]).chain(stream::pending());
    let mut replies = client.full_duplex_call(requests).await?;
    expect(replies.message().await?.is_some(), "first reply")?;
    drop(replies);
    empty_unary(client).await
}
