//! Sees every call begin and end: counts those in flight and has telemetry tell of them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::telemetry::{Outcome, REQUEST_ID, ServerCalls, ServerSeen};

/// The one layer that follows a call to the end of its body.
#[derive(Clone, Debug)]
pub(crate) struct Observe<S> {
    inner: S,
    calls: ServerCalls,
}

impl<S> Observe<S> {
    pub(crate) fn new(inner: S, calls: ServerCalls) -> Self {
        Self { inner, calls }
    }
}

impl<S> Service<Inbound> for Observe<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = Observed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Inbound) -> Self::Future {
        let seen = self.calls.begin(&mut call);
        Observed { inner: self.inner.call(call), seen: Some(seen) }
    }
}

/// The caller finds its call in our logs by what it is told here, however it ended.
fn sign(seen: &ServerSeen, outcome: &mut Result<Response<Body>>) {
    let Some(id) = seen.cx().request_id_value().cloned() else { return };
    match outcome {
        Ok(response) => drop(response.headers_mut().insert(REQUEST_ID, id)),
        Err(error) => error.add_trailer(REQUEST_ID, id),
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Observed<F> {
        #[pin]
        inner: F,
        seen: Option<ServerSeen>,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Observed<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = ready!(this.inner.poll(cx));
        let Some(seen) = this.seen.take() else { return Poll::Ready(outcome) };
        sign(&seen, &mut outcome);
        Poll::Ready(match outcome {
            Ok(response) if !response.body().is_whole() => {
                Ok(response.map(|inner| Body::new(ObservedBody { inner, seen: Some(seen) })))
            }
            Ok(response) => {
                seen.end(Outcome::Ok);
                Ok(response)
            }
            Err(error) => {
                seen.end(Outcome::Failed(&error));
                Err(error)
            }
        })
    }
}

struct ObservedBody {
    inner: Body,
    seen: Option<ServerSeen>,
}

impl ObservedBody {
    fn end(&mut self, outcome: Outcome<'_>) {
        if let Some(seen) = self.seen.take() {
            seen.end(outcome);
        }
    }
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Err(error)) => self.end(Outcome::Failed(error)),
            Some(Ok(frame)) if !frame.is_trailers() => {}
            Some(Ok(_)) | None => self.end(Outcome::Ok),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}
