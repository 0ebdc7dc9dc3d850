use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::body::Body;
use crate::error::{Error, Result};

use super::{Bounds, Timer};

/// When something last moved on a stream, either way, and for how long nothing may.
#[derive(Debug)]
pub(super) struct Activity {
    limit: Duration,
    last: Mutex<Instant>,
}

impl Activity {
    pub(super) fn new(limit: Duration, now: Instant) -> Self {
        Self { limit, last: Mutex::new(now) }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// When the stream has been silent for too long, if nothing moves until then.
    pub(super) fn silent_until(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) + self.limit
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// What the caller streams, noted as activity.
pub(super) struct Touching {
    body: Body,
    activity: Arc<Activity>,
}

impl Touching {
    pub(super) fn new(body: Body, activity: Arc<Activity>) -> Self {
        Self { body, activity }
    }
}

impl http_body::Body for Touching {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.activity.touch();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response that is held to its call's bounds until it ends.
pub(super) struct Bounded {
    body: Body,
    bounds: Bounds,
    timer: Timer,
    ended: bool,
}

impl Bounded {
    pub(super) fn new(body: Body, bounds: Bounds) -> Self {
        Self { body, bounds, timer: None, ended: false }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(activity) = &this.bounds.idle {
                activity.touch();
            }
            return Poll::Ready(frame);
        }
        this.bounds.poll(&mut this.timer, cx).map(|error| {
            this.ended = true;
            // What the handler still does is of no use any more: it is dropped here.
            this.body = Body::empty();
            Some(Err(error))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}
