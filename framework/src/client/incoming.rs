//! What a node answers, read from its stream, with all that must live as long.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Code, Error};
use crate::wire::status::GRPC_STATUS;

use super::failure;
use super::guard::Guard;
use super::http::Reading;

/// The body of a response.
pub(super) struct Incoming {
    source: Source,
    stage: Stage,
    operation: Cow<'static, str>,
    /// The call's place at its node; the health watch has none.
    guard: Option<Guard>,
    /// For what `guard` is not there to tell.
    node: Option<Box<str>>,
    deadline: Option<Deadline>,
    sending: Option<Sending>,
}

/// Where a response is read from.
enum Source {
    /// In a box, for calls over gRPC to carry no more than they need.
    Http1(Box<Reading>),
    Http2(RecvStream),
}

/// Why it cannot be read any further.
enum Broken {
    Http1(hyper::Error),
    Http2(h2::Error),
}

enum Stage {
    Data,
    Trailers,
    Done,
}

struct Deadline {
    sleep: Pin<Box<Sleep>>,
    begun: Instant,
}

/// The request, where it is still being sent while the response is read.
pub(super) struct Sending {
    pub(super) failed: Arc<Mutex<Option<Error>>>,
    pub(super) _task: AbortOnDropHandle<()>,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream, operation: Cow<'static, str>, guard: Guard) -> Self {
        Self::of(Source::Http2(stream), operation, guard)
    }

    /// The body of a response over HTTP/1.1.
    pub(super) fn http1(reading: Reading, operation: Cow<'static, str>, guard: Guard) -> Self {
        Self::of(Source::Http1(Box::new(reading)), operation, guard)
    }

    fn of(source: Source, operation: Cow<'static, str>, guard: Guard) -> Self {
        Self {
            source,
            stage: Stage::Data,
            operation,
            guard: Some(guard),
            node: None,
            deadline: None,
            sending: None,
        }
    }

    /// The body of a call that has no place in the count of a node's calls.
    pub(super) fn unguarded(stream: RecvStream, operation: &'static str, node: &str) -> Self {
        Self {
            source: Source::Http2(stream),
            stage: Stage::Data,
            operation: Cow::Borrowed(operation),
            guard: None,
            node: Some(node.into()),
            deadline: None,
            sending: None,
        }
    }

    /// Ends the body at a deadline; `begun` is when the call began.
    pub(super) fn set_deadline(&mut self, deadline: Instant, begun: Instant) {
        let sleep = Box::pin(tokio::time::sleep_until(deadline));
        self.deadline = Some(Deadline { sleep, begun });
    }

    pub(super) fn set_sending(&mut self, sending: Sending) {
        self.sending = Some(sending);
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.source {
            Source::Http1(reading) => {
                let frame = ready!(reading.poll_frame(cx));
                if frame.is_none()
                    && let Some(guard) = &self.guard
                {
                    reading.end(cx, guard.conn());
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Broken::Http1)))
            }
            Source::Http2(stream) => {
                let frame = ready!(poll_stream(stream, &mut self.stage, cx));
                Poll::Ready(frame.map(|frame| frame.map_err(Broken::Http2)))
            }
        }
    }

    fn node(&self) -> &str {
        self.guard.as_ref().map_or_else(|| self.node.as_deref().unwrap_or(""), Guard::address)
    }

    /// Ends the call: the node learns how it went, and the request is not sent any further.
    fn end(&mut self, failed: bool) {
        self.stage = Stage::Done;
        self.sending = None;
        self.deadline = None;
        if let Some(guard) = self.guard.take() {
            guard.end(failed);
        }
    }

    fn broken(&mut self, error: Broken) -> Error {
        let error = match error {
            Broken::Http1(error) => failure::cut(&error, &self.operation, self.node()),
            Broken::Http2(error) => self.broken_stream(error),
        };
        self.end(true);
        error
    }

    fn broken_stream(&self, error: h2::Error) -> Error {
        let own = self.sending.as_ref().and_then(|sending| {
            sending.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
        });
        let late = self
            .deadline
            .as_ref()
            .filter(|deadline| failure::is_too_late(&error, Some(deadline.sleep.deadline())));
        own.unwrap_or_else(|| match late {
            Some(late) => {
                failure::too_late(&self.operation, Some(self.node()), late.begun.elapsed())
            }
            None => {
                let cause = self.guard.as_ref().and_then(|guard| guard.conn().cause());
                failure::broken(error, &self.operation, self.node(), cause)
            }
        })
    }
}

fn poll_stream(
    stream: &mut RecvStream,
    stage: &mut Stage,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
    if matches!(stage, Stage::Data) {
        match ready!(stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // The caller has it as soon as it asked for it: the peer may send as much more.
                stream.flow_control().release_capacity(data.len()).ok();
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => *stage = Stage::Trailers,
        }
    }
    if matches!(stage, Stage::Trailers) {
        let trailers = ready!(stream.poll_trailers(cx));
        *stage = Stage::Done;
        return match trailers {
            Ok(Some(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Ok(None) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(error))),
        };
    }
    Poll::Ready(None)
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.poll_source(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let failed = is_failure(trailers);
                    self.end(failed);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(self.broken(error)))),
            Poll::Ready(None) => {
                self.end(false);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let Some(deadline) = &mut self.deadline else { return Poll::Pending };
                ready!(deadline.sleep.as_mut().poll(cx));
                let took = deadline.begun.elapsed();
                let error = failure::too_late(&self.operation, Some(self.node()), took);
                self.end(true);
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.stage {
            Stage::Data => match &self.source {
                // It is read to its end also where there is nothing: the connection is of use then.
                Source::Http1(_) => false,
                Source::Http2(stream) => stream.is_end_stream(),
            },
            Stage::Trailers => false,
            Stage::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Whether a status says that the node is in trouble, rather than that the caller asked something
/// wrong.
pub(super) fn is_failure(headers: &HeaderMap) -> bool {
    let Some(status) = headers.get(GRPC_STATUS) else { return false };
    let number = status.to_str().ok().and_then(|text| text.parse().ok());
    matches!(
        number.map_or(Code::Unknown, Code::from_number),
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
