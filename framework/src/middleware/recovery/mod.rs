//! Keeps a panic within its call: the caller gets `INTERNAL` with reason `UNKNOWN`, the process lives.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result, UNKNOWN};
use crate::operation::Operation;
use crate::telemetry::{panic_words, panics_are_told};

/// Catches panics of what is inside, in streams too.
///
/// It stands inside the layer that observes, so that a panic is seen as the error it becomes. With
/// `panic = "abort"` there is nothing to catch.
#[derive(Clone, Debug)]
pub(crate) struct Recovery<S> {
    inner: S,
}

impl<S> Recovery<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Inbound> for Recovery<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = Recovering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Inbound) -> Self::Future {
        let operation = call.cx.operation();
        let inner = &mut self.inner;
        match catch_unwind(AssertUnwindSafe(|| inner.call(call))) {
            Ok(inner) => Recovering { state: State::Running { inner }, operation },
            Err(panic) => {
                let error = Some(recovered(operation, panic.as_ref()));
                Recovering { state: State::Panicked { error }, operation }
            }
        }
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    pub(crate) struct Recovering<F> {
        #[pin]
        state: State<F>,
        operation: &'static Operation,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProj]
    #[derive(Debug)]
    enum State<F> {
        Running { #[pin] inner: F },
        Panicked { error: Option<Error> },
    }
}

impl<F: Future<Output = Result<Response<Body>>>> Future for Recovering<F> {
    type Output = Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let operation = *this.operation;
        let outcome = match this.state.as_mut().project() {
            StateProj::Panicked { error } => match error.take() {
                Some(error) => Err(error),
                None => return Poll::Pending,
            },
            StateProj::Running { inner } => {
                match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
                    Ok(outcome) => ready!(outcome),
                    Err(panic) => {
                        this.state.set(State::Panicked { error: None });
                        Err(recovered(operation, panic.as_ref()))
                    }
                }
            }
        };
        Poll::Ready(outcome.map(|response| {
            if response.body().is_whole() {
                return response;
            }
            response.map(|inner| Body::new(RecoveringBody { inner: Some(inner), operation }))
        }))
    }
}

struct RecoveringBody {
    inner: Option<Body>,
    operation: &'static Operation,
}

impl http_body::Body for RecoveringBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx))) {
            Ok(frame) => frame,
            Err(panic) => {
                self.inner = None;
                Poll::Ready(Some(Err(recovered(self.operation, panic.as_ref()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}

/// What a caller is told of a panic: what Kratos tells, and nothing of the panic itself.
fn recovered(operation: &'static Operation, panic: &(dyn Any + Send)) -> Error {
    if !panics_are_told() {
        tracing::error!(
            operation = operation.name(),
            panic = panic_words(panic),
            "a handler panicked; the call fails, the process lives"
        );
    }
    Error::internal(UNKNOWN, "unknown request error")
}

#[cfg(test)]
mod tests;
