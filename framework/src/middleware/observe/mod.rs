//! Sees every call begin and end: counts those in flight and has telemetry tell of them.

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
use crate::telemetry::{Outcome, REQUEST_ID, ServerCalls, ServerSeen};

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
    calls: ServerCalls,
}

impl<S> Observe<S> {
    pub(crate) fn new(inner: S, in_flight: InFlight, calls: ServerCalls) -> Self {
        Self { inner, in_flight, calls }
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
        let place = self.in_flight.enter(call.cx.route());
        let seen = self.calls.begin(&mut call);
        Observed { inner: self.inner.call(call), watch: Some(Watch { seen, _place: place }) }
    }
}

/// What lasts as long as a call.
#[derive(Debug)]
struct Watch {
    seen: ServerSeen,
    _place: Place,
}

impl Watch {
    /// The caller finds its call in our logs by what it is told here, however it ended.
    fn sign(&self, outcome: &mut Result<Response<Body>>) {
        let Some(id) = self.seen.cx().request_id_value().cloned() else { return };
        match outcome {
            Ok(response) => drop(response.headers_mut().insert(REQUEST_ID, id)),
            Err(error) => error.add_trailer(REQUEST_ID, id),
        }
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Observed<F> {
        #[pin]
        inner: F,
        watch: Option<Watch>,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Observed<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = ready!(this.inner.poll(cx));
        let Some(watch) = this.watch.take() else { return Poll::Ready(outcome) };
        watch.sign(&mut outcome);
        Poll::Ready(match outcome {
            Ok(response) if !response.body().is_whole() => {
                let watch = Some(watch);
                Ok(response.map(|inner| Body::new(ObservedBody { inner, watch })))
            }
            Ok(response) => {
                watch.seen.end(Outcome::Ok);
                Ok(response)
            }
            Err(error) => {
                watch.seen.end(Outcome::Failed(&error));
                Err(error)
            }
        })
    }
}

struct ObservedBody {
    inner: Body,
    watch: Option<Watch>,
}

impl ObservedBody {
    fn end(&mut self, outcome: Outcome<'_>) {
        if let Some(watch) = self.watch.take() {
            watch.seen.end(outcome);
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
