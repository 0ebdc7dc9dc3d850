//! The channel as a service of HTTP requests, for clients that other libraries generated.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::body::Body;
use crate::context::{Context as Served, Face};
use crate::error::{BoxError, Error, Result};
use crate::operation;
use crate::telemetry::{ClientSeen, Making, Outcome, Sent};
use crate::wire::timeout::{self, GRPC_TIMEOUT};
use crate::wire::{respond, status};

use super::channel::Channel;
use super::exchange::{Outgoing, Progress, exchange};
use super::head;
use super::incoming::Incoming;
use super::pump::{Payload, gather};

/// How much of a request is read ahead to see whether it is whole: then it can go to another node if the
/// first one does not process it.
const GATHER: usize = 64 * 1024;

/// What a channel answers to a request. It does not fail: what goes wrong is a response with a status.
#[must_use = "a call is made only when it is awaited"]
pub struct ResponseFuture(BoxFuture<'static, Response<Body>>);

impl<B> tower::Service<Request<B>> for Channel
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// The deadline is that of `grpc-timeout` or of the call being served, whichever is earlier; the
    /// setting `timeout` is not applied, since a request does not tell whether it is a stream.
    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let channel = self.clone();
        let request = request.map(Body::new);
        ResponseFuture(Box::pin(async move {
            match forward(&channel, request).await {
                Ok(response) => response,
                Err(error) => respond::error(respond::Telling::Grpc, &error),
            }
        }))
    }
}

async fn forward(channel: &Channel, request: Request<Body>) -> Result<Response<Body>> {
    channel.speaks_grpc(request.uri().path())?;
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let mut headers = parts.headers;
    let own = timeout::read(&headers).and_then(|timeout| begun.checked_add(timeout));
    headers.remove(GRPC_TIMEOUT);
    head::complete(&mut headers);
    let served = Served::current();
    if let Some(cx) = &served {
        cx.metadata().propagate(&mut headers);
    }
    let within = served.as_ref().and_then(Served::deadline);
    let deadline = [own, within].into_iter().flatten().min();
    let operation: Cow<'static, str> = Cow::Owned(path.path().to_owned());
    let payload = whole_if_ready(body).await?;
    let sent = Sent::Whole(payload.head.len() as u64);
    let interned = operation::interned(&operation);
    let face = Face::Grpc;
    let making = Making { operation: interned, face, begun, deadline, sent };
    let mut seen = channel.calls().begin(making, served.as_ref(), &mut headers);
    let name = operation.clone();
    let (verb, tells_time) = (Method::POST, true);
    let mut call =
        Outgoing { operation, verb, path, headers, payload, begun, deadline, tells_time };
    let mut progress = Progress::default();
    let exchanging = exchange(channel, &mut call, &mut progress);
    let response = match deadline {
        None => exchanging.await,
        Some(deadline) => match tokio::time::timeout_at(deadline, exchanging).await {
            Ok(response) => response,
            Err(_) => Err(progress.too_late(&name, begun)),
        },
    };
    seen.set_node(progress.address());
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            seen.end(Outcome::Failed(&error));
            return Err(error);
        }
    };
    let mut told = Told::new(seen);
    // A response of nothing but trailers has them in its head.
    if let Some(outcome) = status::read(response.headers()) {
        told.end(&outcome);
    }
    Ok(response.map(|mut body| {
        if let Some(deadline) = deadline {
            body.set_deadline(deadline, begun);
        }
        Body::new(told.of(body))
    }))
}

async fn whole_if_ready(body: Body) -> Result<Payload> {
    let mut body = Some(body);
    poll_fn(|cx| {
        let body = body.take().unwrap_or_default();
        Poll::Ready(gather(body, GATHER, cx))
    })
    .await
}

/// A response whose errors are told in trailers: other libraries make `UNKNOWN` of a body that fails.
struct Told {
    body: Option<Incoming>,
    seen: Option<ClientSeen>,
}

impl Told {
    fn new(seen: ClientSeen) -> Self {
        Self { body: None, seen: Some(seen) }
    }

    fn of(mut self, body: Incoming) -> Self {
        self.body = Some(body);
        self
    }

    /// The call has ended, as its trailers tell.
    fn end(&mut self, outcome: &Result<()>) {
        if let Some(seen) = self.seen.take() {
            seen.end(outcome.as_ref().map_or_else(Outcome::Failed, |()| Outcome::Ok));
        }
    }
}

impl http_body::Body for Told {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        Poll::Ready(match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Err(error)) => {
                self.body = None;
                let mut trailers = HeaderMap::new();
                status::write(&error, &mut trailers);
                self.end(&Err(error));
                Some(Ok(Frame::trailers(trailers)))
            }
            Some(Ok(frame)) => {
                if let Some(outcome) = frame.trailers_ref().and_then(status::read) {
                    self.end(&outcome);
                }
                Some(Ok(frame))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
