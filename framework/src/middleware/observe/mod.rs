//! Sees every call begin and end: counts those in flight and logs why one failed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::operation::Operation;

/// How many calls of each operation are in flight. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    /// One for each route, and the last for what has none.
    counts: Arc<[AtomicUsize]>,
}

impl InFlight {
    pub(crate) fn new(routes: usize) -> Self {
        Self { counts: (0..=routes).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// How many there are of the operation at a place; past the last, of those that have none.
    pub(crate) fn of(&self, route: usize) -> usize {
        self.counts.get(route).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn enter(&self, route: Option<usize>) -> Place {
        let last = self.counts.len() - 1;
        let place =
            Place { counts: Arc::clone(&self.counts), index: route.unwrap_or(last).min(last) };
        place.counts[place.index].fetch_add(1, Ordering::Relaxed);
        place
    }
}

/// One call in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Arc<[AtomicUsize]>,
    index: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts[self.index].fetch_sub(1, Ordering::Relaxed);
    }
}

/// The one layer that follows a call to the end of its body.
#[derive(Clone, Debug)]
pub(crate) struct Observe<S> {
    inner: S,
    in_flight: InFlight,
}

impl<S> Observe<S> {
    pub(crate) fn new(inner: S, in_flight: InFlight) -> Self {
        Self { inner, in_flight }
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

    fn call(&mut self, call: Inbound) -> Self::Future {
        let operation = call.cx.operation();
        let place = self.in_flight.enter(call.cx.route());
        Observed { inner: self.inner.call(call), operation, place: Some(place) }
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Observed<F> {
        #[pin]
        inner: F,
        operation: &'static Operation,
        place: Option<Place>,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Observed<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.inner.poll(cx));
        let place = this.place.take();
        Poll::Ready(match outcome {
            Ok(response) if !response.body().is_whole() => Ok(response
                .map(|inner| Body::new(ObservedBody { inner, operation: this.operation, place }))),
            Ok(response) => Ok(response),
            Err(error) => {
                log(this.operation, &error);
                Err(error)
            }
        })
    }
}

struct ObservedBody {
    inner: Body,
    operation: &'static Operation,
    place: Option<Place>,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Err(error)) = &frame {
            log(self.operation, error);
        }
        if frame.as_ref().is_none_or(|frame| frame.as_ref().map_or(true, Frame::is_trailers)) {
            self.place = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

/// Faults of ours are for the operator, with their causes; faults of the caller are for who looks.
fn log(operation: &'static Operation, error: &Error) {
    let operation = operation.name();
    let cause = Causes(error);
    if error.is_own_fault() {
        tracing::error!(operation, code = error.code(), reason = error.reason(), "{cause}");
    } else {
        tracing::debug!(operation, code = error.code(), reason = error.reason(), "{cause}");
    }
}

/// An error and what caused it, in one line.
struct Causes<'a>(&'a Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.message())?;
        let mut source = std::error::Error::source(self.0);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
