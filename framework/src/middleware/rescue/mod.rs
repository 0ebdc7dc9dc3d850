//! Turns what a call failed with into a response, so that nothing outside it ever fails.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use tokio::time::{Sleep, sleep};
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::wire::respond::{self, Ending, Telling};

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
            Ok(mut response) if !response.body().is_whole() => {
                let told = match telling {
                    Telling::Grpc => Some(Ending::Trailers),
                    Telling::Http(_) => response.extensions_mut().remove::<Ending>(),
                };
                match told {
                    Some(ending) => {
                        response.map(|inner| Body::new(RescuedBody::new(inner, ending)))
                    }
                    None => response,
                }
            }
            Ok(response) => response,
        }))
    }
}

/// After how long without an event a stream of events says that it is there. Proxies close what is
/// silent for a minute, many earlier; the specification of server-sent events names 15 s.
const SIGN: Duration = Duration::from_secs(15);

/// A stream that tells its error as its last word.
struct RescuedBody {
    inner: Body,
    ending: Ending,
    begun: bool,
    ended: bool,
    /// Set while a stream of events is silent.
    silence: Option<Pin<Box<Sleep>>>,
}

impl RescuedBody {
    fn new(inner: Body, ending: Ending) -> Self {
        Self { inner, ending, begun: false, ended: false, silence: None }
    }

    /// A comment, which readers of events pass over, once it has been silent for long.
    fn sign(&mut self, cx: &mut Context<'_>) -> Poll<Frame<Bytes>> {
        if self.ending != Ending::Event {
            return Poll::Pending;
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(SIGN)));
        ready!(silence.as_mut().poll(cx));
        self.silence = None;
        Poll::Ready(Frame::data(Bytes::from_static(b":\n\n")))
    }
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
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            return self.sign(cx).map(|sign| Some(Ok(sign)));
        };
        self.silence = None;
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => {
                self.begun = true;
                Ok(frame)
            }
            Err(error) => {
                self.ended = true;
                self.inner = Body::empty();
                Ok(self.ending.frame(&error, self.begun))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests;
