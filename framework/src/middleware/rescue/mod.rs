//! Turns what a call failed with into a response, so that nothing outside it ever fails.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::wire::respond::{self, Telling};
use crate::wire::status;

/// The outermost layer: errors of calls and of streams become what the caller's face can read.
#[derive(Clone, Debug)]
pub(crate) struct Rescue<S> {
    inner: S,
}

impl<S> Rescue<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Inbound> for Rescue<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Rescued<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The layers of the house are always ready; those of users are waited for in the call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Inbound) -> Self::Future {
        let telling = Telling::of(&call.cx);
        Rescued { inner: self.inner.call(call), telling }
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Rescued<F> {
        #[pin]
        inner: F,
        telling: Telling,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Rescued<F> {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let telling = *this.telling;
        Poll::Ready(Ok(match ready!(this.inner.poll(cx)) {
            Err(error) => respond::error(telling, &error),
            Ok(response) if telling == Telling::Grpc && !response.body().is_whole() => {
                response.map(|inner| Body::new(RescuedBody { inner, ended: false }))
            }
            Ok(response) => response,
        }))
    }
}

/// A stream whose error goes out as its trailers.
struct RescuedBody {
    inner: Body,
    ended: bool,
}

impl http_body::Body for RescuedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Poll::Ready(ready!(Pin::new(&mut self.inner).poll_frame(cx)).map(|frame| {
            frame.or_else(|error| {
                self.ended = true;
                self.inner = Body::empty();
                let mut trailers = HeaderMap::new();
                status::write(&error, &mut trailers);
                Ok(Frame::trailers(trailers))
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }
}
