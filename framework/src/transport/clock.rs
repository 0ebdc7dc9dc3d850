//! The time limit of an HTTP/1.1 connection: long while it waits for a request, short once one begins.
//!
//! hyper has one limit for both. It starts this clock when it begins to wait, and asks it after each
//! read; so the clock can tell a quiet peer, which is kept for long, from a slow one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::io::Arrivals;

/// Makes the sleeps that end a connection without a request.
#[derive(Debug)]
pub(super) struct HeadClock {
    arrivals: Arrivals,
    /// How long the head of a request may take from its first byte on.
    limit: Duration,
}

impl HeadClock {
    pub(super) fn new(arrivals: Arrivals, limit: Duration) -> Self {
        Self { arrivals, limit }
    }
}

#[expect(clippy::disallowed_types, reason = "hyper's trait is written with it")]
impl hyper::rt::Timer for HeadClock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until((Instant::now() + duration).into_std())
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(HeadSleep {
            sleep: tokio::time::sleep_until(deadline.into()),
            arrivals: self.arrivals.clone(),
            before: self.arrivals.count(),
            limit: self.limit,
            begun: false,
        })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

pin_project_lite::pin_project! {
    struct HeadSleep {
        #[pin]
        sleep: tokio::time::Sleep,
        arrivals: Arrivals,
        before: u64,
        limit: Duration,
        begun: bool,
    }
}

impl hyper::rt::Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !*this.begun && this.arrivals.count() != *this.before {
            *this.begun = true;
            this.sleep.as_mut().reset(Instant::now() + *this.limit);
        }
        this.sleep.poll(cx)
    }
}
