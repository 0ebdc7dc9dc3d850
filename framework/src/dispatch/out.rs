use std::fmt;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::Response;
use http::header::HeaderValue;
use http_body::Frame;

use crate::body::Body;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::message::Response as Answer;

use super::call;
use super::form::{Form, Writing};

/// Where a method that streams puts its messages.
///
/// The run of such a method is one future: it makes the stream and reads it to its end, so that the
/// stream may borrow from the service and the context. The future never waits for the caller here:
/// the body polls it, takes what it has put down, and polls it again when the caller can take more.
pub struct Out<Res> {
    slot: Arc<Slot>,
    cx: Context,
    writing: Writing,
    message: PhantomData<fn(Res)>,
}

/// What lies between the run and the body. Only the task that polls the body touches it.
#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    /// The handler has returned its stream: the head of the response can go out.
    open: bool,
    /// A message was put down.
    begun: bool,
    /// What the first message says that it is, where it is a body as it is.
    kind: Option<HeaderValue>,
    data: BytesMut,
}

/// Messages that are ready together go in one frame, up to this many bytes.
const BATCH: usize = 32 * 1024;

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Res: Answer> Out<Res> {
    pub(super) fn new(cx: Context, writing: Writing) -> (Self, Arc<Slot>) {
        let slot = Arc::<Slot>::default();
        (Self { slot: Arc::clone(&slot), cx, writing, message: PhantomData }, slot)
    }

    /// Sends every message of `stream`, as fast as the caller takes them.
    ///
    /// # Errors
    ///
    /// The first error of the stream, or a message that is larger than may be sent.
    pub async fn send_all<S>(self, stream: S) -> Result<()>
    where
        S: Stream<Item = Result<Res>>,
    {
        let mut stream = pin!(stream);
        self.slot.lock().open = true;
        let mut full = false;
        std::future::poll_fn(|cx| {
            if std::mem::take(&mut full) {
                // The body was told of the data by its own poll, and polls again once it is taken.
                full = !self.slot.lock().data.is_empty();
                if full {
                    return Poll::Pending;
                }
            }
            loop {
                match task::ready!(stream.as_mut().poll_next(cx)) {
                    None => return Poll::Ready(Ok(())),
                    Some(Err(error)) => return Poll::Ready(Err(error)),
                    Some(Ok(mut message)) => {
                        let mut pending = self.slot.lock();
                        let begun = std::mem::replace(&mut pending.begun, true);
                        if let (Form::Listed(list), false) = (self.writing.form, begun) {
                            pending.kind = list.content_type_of(&mut message);
                        }
                        let sent = self.writing.write(message, begun, &mut pending.data);
                        let sent = sent.inspect_err(|_| pending.begun = begun)?;
                        self.cx.sizes().send(sent);
                        if pending.data.len() >= BATCH {
                            full = true;
                            return Poll::Pending;
                        }
                    }
                }
            }
        })
        .await
    }
}

impl<Res> fmt::Debug for Out<Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").finish_non_exhaustive()
    }
}

type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Runs a method until the head of its response is known.
pub(super) async fn respond(
    cx: Context,
    writing: Writing,
    slot: Arc<Slot>,
    mut run: Run,
) -> Result<Response<Body>> {
    let waits = matches!(writing.form, Form::Listed(list) if list.waits());
    let early = std::future::poll_fn(|task| match run.as_mut().poll(task) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => {
            let pending = slot.lock();
            let known = if waits { pending.begun } else { pending.open };
            drop(pending);
            if known { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await;
    let early = match early {
        // Nothing was sent: the error is all there is to tell. A body as it is could tell it in no other
        // way.
        Some(Err(error)) if waits || !slot.lock().begun => return Err(call::failed(&cx, error)),
        early => early,
    };
    let kind = slot.lock().kind.take();
    let body = match early {
        Some(Ok(())) => {
            let mut pending = slot.lock();
            let mut data = std::mem::take(&mut pending.data);
            let begun = pending.begun;
            drop(pending);
            match writing.form {
                Form::Listed(list) => {
                    data.extend_from_slice(list.end(begun));
                    Body::full(data.freeze())
                }
                Form::Proto | Form::Json { .. } => {
                    Body::full(data.freeze()).with_trailers(call::trailers(&cx))
                }
            }
        }
        Some(outcome) => {
            Body::new(Pump { cx: cx.clone(), writing, slot, run: None, outcome: Some(outcome) })
        }
        None => Body::new(Pump { cx: cx.clone(), writing, slot, run: Some(run), outcome: None }),
    };
    Ok(call::response(&cx, writing, kind, body))
}

/// The body of a stream: polls the run for what it puts down.
struct Pump {
    cx: Context,
    writing: Writing,
    slot: Arc<Slot>,
    run: Option<Run>,
    outcome: Option<Result<()>>,
}

impl http_body::Body for Pump {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(run) = &mut self.run
            && let Poll::Ready(outcome) = run.as_mut().poll(task)
        {
            self.run = None;
            self.outcome = Some(outcome);
        }
        let data = std::mem::take(&mut self.slot.lock().data);
        if !data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(data.freeze()))));
        }
        if self.run.is_some() {
            return Poll::Pending;
        }
        Poll::Ready(match self.outcome.take() {
            None => None,
            Some(Err(error)) => Some(Err(call::failed(&self.cx, error))),
            Some(Ok(())) => match self.writing.form {
                Form::Proto | Form::Json { .. } => {
                    Some(Ok(Frame::trailers(call::trailers(&self.cx))))
                }
                Form::Listed(list) => {
                    let end = list.end(self.slot.lock().begun);
                    (!end.is_empty()).then(|| Ok(Frame::data(Bytes::from_static(end))))
                }
            },
        })
    }

    fn is_end_stream(&self) -> bool {
        self.run.is_none() && self.outcome.is_none()
    }
}
