//! One method, to be called once or often.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bia::{Call, Channel, Kind, Operation, Reply, Streaming};
use http::HeaderMap;
use prost_reflect::MethodDescriptor;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::remote::Raw;

use super::api::{kind, operation};

/// A method, and what every call of it is made with.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    channel: Channel,
    pub(super) operation: &'static Operation,
    pub(super) headers: Vec<(String, String)>,
    pub(super) deadline: Option<Duration>,
}

/// What is sent.
pub(super) enum Requests {
    Whole(Raw),
    Stream(mpsc::Receiver<Raw>),
}

/// What comes of a call, as it comes.
pub(super) enum Event<'a> {
    Headers(&'a HeaderMap),
    Message(Raw),
    Trailers(&'a HeaderMap),
}

/// Why there is no more.
#[derive(Debug)]
pub(super) enum Failure {
    /// The call failed.
    Call(bia::Error),
    /// Whoever took the events did.
    Own(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl From<bia::Error> for Failure {
    fn from(error: bia::Error) -> Self {
        Self::Call(error)
    }
}

struct Received(mpsc::Receiver<Raw>);

impl bia::Stream for Received {
    type Item = Raw;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Raw>> {
        self.0.poll_recv(cx)
    }
}

impl Caller {
    pub(super) fn new(
        channel: Channel,
        method: &MethodDescriptor,
        headers: Vec<(String, String)>,
        deadline: Option<Duration>,
    ) -> Self {
        // One method for the life of the process.
        let name: &'static str = Box::leak(format!("/{}", operation(method)).into_boxed_str());
        let operation = Box::leak(Box::new(Operation::new(name, kind(method))));
        Self { channel, operation, headers, deadline }
    }

    /// The same as part of a trace, so that it can be found where traces are kept. Whoever says the
    /// header has the say.
    pub(super) fn traced(mut self) -> Self {
        if self.headers.iter().all(|(key, _)| key != "traceparent") {
            let [a, b, c] = std::array::from_fn(|_| random());
            let parent = format!("00-{a:016x}{b:016x}-{c:016x}-01");
            self.headers.push(("traceparent".to_owned(), parent));
        }
        self
    }

    /// Makes the call, and hands over what comes of it.
    pub(super) async fn call(
        &self,
        requests: Requests,
        mut on: impl FnMut(Event<'_>) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let (channel, operation) = (&self.channel, self.operation);
        match (operation.kind(), requests) {
            (Kind::Unary | Kind::ClientStream, Requests::Whole(request)) => {
                one(self.with_terms(channel.unary(operation, request)), on).await
            }
            (Kind::Unary | Kind::ClientStream, Requests::Stream(requests)) => {
                let call = channel.client_stream(operation, Received(requests));
                one(self.with_terms(call), on).await
            }
            (Kind::ServerStream | Kind::Bidi, Requests::Whole(request)) => {
                let call = channel.server_stream(operation, request);
                many(self.with_terms(call), &mut on).await
            }
            (Kind::ServerStream | Kind::Bidi, Requests::Stream(requests)) => {
                let call = channel.bidi(operation, Received(requests));
                many(self.with_terms(call), &mut on).await
            }
        }
    }

    fn with_terms<T>(&self, call: Call<T>) -> Call<T> {
        let call = self.headers.iter().fold(call, |call, (key, value)| call.metadata(key, value));
        match self.deadline {
            Some(deadline) => call.timeout(deadline),
            None => call,
        }
    }
}

async fn one(
    call: Call<Raw>,
    mut on: impl FnMut(Event<'_>) -> Result<(), Error>,
) -> Result<(), Failure> {
    let Reply { message, headers, trailers, .. } = call.with_reply().await?;
    on(Event::Headers(&headers))?;
    on(Event::Message(message))?;
    on(Event::Trailers(&trailers))?;
    Ok(())
}

async fn many(
    call: Call<Streaming<Raw>>,
    on: &mut impl FnMut(Event<'_>) -> Result<(), Error>,
) -> Result<(), Failure> {
    let mut stream = call.with_reply().await?.message;
    let mut is_begun = false;
    loop {
        let message = stream.message().await?;
        // They come with the first message of a stream that was handed over before.
        if !std::mem::replace(&mut is_begun, true) {
            on(Event::Headers(stream.headers()))?;
        }
        let Some(message) = message else { break };
        on(Event::Message(message))?;
    }
    if let Some(trailers) = stream.trailers() {
        on(Event::Trailers(trailers))?;
    }
    Ok(())
}

/// A number that nobody foresees: the keys of a hasher are drawn by the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
