//! Ends a call when its time is up: the caller's deadline, the server's limit, or a stream gone silent.
//!
//! | the call | its deadline |
//! |---|---|
//! | unary, the caller gave a time | the smaller of that and the operation's limit |
//! | unary, the caller gave none | the operation's limit |
//! | a stream, the caller gave a time | that |
//! | a stream, the caller gave none | none; it ends when nothing moves either way for the idle limit |
//!
//! The operation's limit is what the settings `operations` say of it, else its proto, else
//! `server.timeout`. A call whose time is up when
//! it arrives is not run. The timer is made when a handler first waits, so that one that does not
//! wait costs none.

mod body;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Response;
use tokio::time::{Instant, Sleep};
use tower::Service;

use crate::body::Body;
use crate::config::Live;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::rules::Rules;
use crate::wire;

use body::{Activity, Bounded, Touching};

/// How long calls may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// A unary call whose proto says nothing.
    pub(crate) unary: Option<Duration>,
    /// How long a stream may be silent both ways.
    pub(crate) idle: Option<Duration>,
}

/// Sets [`context::Context::deadline`] and holds the call to it.
#[derive(Clone, Debug)]
pub(crate) struct Deadline<S> {
    inner: S,
    times: Live<Times>,
    rules: Live<Rules>,
}

impl<S> Deadline<S> {
    pub(crate) fn new(inner: S, times: Live<Times>, rules: Live<Rules>) -> Self {
        Self { inner, times, rules }
    }
}

impl<S> Service<Inbound> for Deadline<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = Timed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Inbound) -> Self::Future {
        let bounds = self.times.get().of(&self.rules.get(), &call);
        if let Some(deadline) = bounds.deadline {
            call.cx.set_deadline(deadline);
        }
        if let Some(activity) = &bounds.idle {
            let activity = Arc::clone(activity);
            call.request = call.request.map(|body| Body::new(Touching::new(body, activity)));
        }
        let inner = (bounds.given != Some(Duration::ZERO)).then(|| self.inner.call(call));
        Timed { inner, bounds, timer: None }
    }
}

impl Times {
    fn of(&self, rules: &Rules, call: &Inbound) -> Bounds {
        let operation = call.cx.operation();
        let unary = operation.kind().is_unary();
        let asked = wire::timeout::read(call.request.headers());
        let own = rules.timeout(operation, self.unary.filter(|_| unary));
        let given = match (asked, own) {
            (Some(asked), Some(own)) => Some(asked.min(own)),
            (asked, own) => asked.or(own),
        };
        let idle = self.idle.filter(|_| !unary);
        Bounds {
            given,
            deadline: given.and_then(|given| call.cx.begun().checked_add(given)),
            idle: idle.map(|limit| Arc::new(Activity::new(limit, Instant::now()))),
        }
    }
}

/// None until something waits. In a box, since a call carries its place with it and most calls do
/// not wait for long enough to need one.
type Timer = Option<Pin<Box<Sleep>>>;

/// What a call is held to.
#[derive(Clone, Debug, Default)]
struct Bounds {
    given: Option<Duration>,
    deadline: Option<Instant>,
    idle: Option<Arc<Activity>>,
}

impl Bounds {
    /// Whether the call's time is up; if not, waits for when it may be.
    fn poll(&self, timer: &mut Timer, cx: &mut Context<'_>) -> Poll<Error> {
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(self.exceeded());
            }
            let silent = self.idle.as_ref().map(|activity| activity.silent_until());
            if let Some(until) = silent
                && until <= now
            {
                let limit = self.idle.as_ref().map(|activity| activity.limit()).unwrap_or_default();
                return Poll::Ready(Error::deadline_exceeded(
                    "STREAM_IDLE",
                    format!("nothing moved on the stream for {limit:?}"),
                ));
            }
            let Some(next) = self.deadline.into_iter().chain(silent).min() else {
                return Poll::Pending;
            };
            let sleep = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            // Activity moves the end of a silence on: the timer is set anew when it fires too early.
            if sleep.deadline() > next {
                sleep.as_mut().reset(next);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *timer = None;
        }
    }

    fn exceeded(&self) -> Error {
        let given = self.given.unwrap_or_default();
        Error::deadline_exceeded(
            "DEADLINE_EXCEEDED",
            format!("the call did not end within the {given:?} that it was given"),
        )
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Timed<F> {
        // None: the time was up when the call arrived.
        #[pin]
        inner: Option<F>,
        bounds: Bounds,
        timer: Timer,
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Timed<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Err(this.bounds.exceeded()));
        };
        if let Poll::Ready(outcome) = inner.poll(cx) {
            return Poll::Ready(outcome.map(|response| {
                if response.body().is_whole() {
                    return response;
                }
                let bounds = std::mem::take(this.bounds);
                response.map(|body| Body::new(Bounded::new(body, bounds)))
            }));
        }
        this.bounds.poll(this.timer, cx).map(Err)
    }
}

#[cfg(test)]
mod tests;
