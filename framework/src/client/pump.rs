//! Sends a request that is a stream, as fast as the peer takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body as _;

use crate::body::Body;
use crate::error::{Error, Result};

/// How much of a stream is kept in memory, until the node begins to answer, to be sent again to another
/// if it turns out that this one has not processed the call. As much as grpc-go keeps for a retry.
const KEPT: usize = 256 * 1024;

/// What a call sends.
pub(super) struct Payload {
    /// What is in memory: it can be sent again.
    pub(super) head: Bytes,
    /// What follows, for a stream.
    pub(super) rest: Option<Body>,
}

impl Payload {
    pub(super) fn whole(head: Bytes) -> Self {
        Self { head, rest: None }
    }

    pub(super) fn stream(rest: Body) -> Self {
        Self { head: Bytes::new(), rest: Some(rest) }
    }
}

/// The sending of one stream.
pub(super) struct Pump {
    body: Body,
    stream: SendStream<Bytes>,
    /// What was taken from the body, or stood before it, and is not sent yet.
    chunk: Bytes,
    /// What was taken from the body so far, or stood before it; none once that is too much.
    kept: Option<Kept>,
    /// Whether the body has given all it has.
    ended: bool,
    done: bool,
}

#[derive(Default)]
struct Kept {
    chunks: Vec<Bytes>,
    bytes: usize,
}

impl Pump {
    pub(super) fn new(head: Bytes, body: Body, stream: SendStream<Bytes>) -> Self {
        let mut pump = Self {
            body,
            stream,
            chunk: Bytes::new(),
            kept: Some(Kept::default()),
            ended: false,
            done: false,
        };
        pump.take(head);
        pump
    }

    /// All that was to be sent, from its beginning, unless too much was sent to be kept.
    pub(super) fn rewind(self) -> Option<Payload> {
        let head = join(self.kept?.chunks);
        Some(Payload { head, rest: (!self.ended).then_some(self.body) })
    }

    /// Keeps nothing any more: the node has begun to answer.
    pub(super) fn commit(&mut self) {
        self.kept = None;
    }

    /// The next chunk to send.
    fn take(&mut self, chunk: Bytes) {
        if let Some(kept) = &mut self.kept
            && !chunk.is_empty()
        {
            kept.bytes += chunk.len();
            kept.chunks.push(chunk.clone());
            if kept.bytes > KEPT {
                self.kept = None;
            }
        }
        self.chunk = chunk;
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Sends what there is and what can be sent. Ready when all is sent, when the peer wants no
    /// more, or with an error of the body, of which the peer is told by a reset.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        let outcome = ready!(self.poll_send(cx));
        self.done = true;
        if outcome.is_err() {
            self.stream.send_reset(Reason::CANCEL);
        }
        Poll::Ready(outcome)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            while !self.chunk.is_empty() {
                if !ready!(self.poll_room(cx)) {
                    return Poll::Ready(Ok(()));
                }
                let room = self.stream.capacity().min(self.chunk.len());
                let part = self.chunk.split_to(room);
                self.ended |= self.body.is_end_stream();
                let last = self.chunk.is_empty() && self.ended;
                if self.stream.send_data(part, last).is_err() || last {
                    return Poll::Ready(Ok(()));
                }
            }
            // A peer that has answered all wants no more, and one that has gone cannot take it.
            if self.stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => {
                    self.ended = true;
                    self.stream.send_data(Bytes::new(), true).ok();
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.take(data),
                    Err(frame) => {
                        self.ended = true;
                        let trailers = frame.into_trailers().unwrap_or_default();
                        self.stream.send_trailers(trailers).ok();
                        return Poll::Ready(Ok(()));
                    }
                },
            }
        }
    }

    /// Ready when some of the chunk can be sent; false if the stream has ended.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.stream.reserve_capacity(self.chunk.len());
        while self.stream.capacity() == 0 {
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
        Poll::Ready(true)
    }
}

/// Takes what of a body is there at once, so that a request which is one message can be sent again.
pub(super) fn gather(body: Body, most: usize, cx: &mut Context<'_>) -> Result<Payload, Error> {
    let mut body = body;
    let mut head = Vec::new();
    let mut gathered = 0;
    while gathered < most && !body.is_end_stream() {
        match Pin::new(&mut body).poll_frame(cx) {
            Poll::Pending => return Ok(Payload { head: join(head), rest: Some(body) }),
            Poll::Ready(None) => return Ok(Payload { head: join(head), rest: None }),
            Poll::Ready(Some(Err(error))) => return Err(error),
            // Trailers of a request mean nothing to gRPC.
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    gathered += data.len();
                    head.push(data);
                }
            }
        }
    }
    let rest = (!body.is_end_stream()).then_some(body);
    Ok(Payload { head: join(head), rest })
}

fn join(mut chunks: Vec<Bytes>) -> Bytes {
    match chunks.len() {
        0 => Bytes::new(),
        1 => chunks.swap_remove(0),
        _ => chunks.concat().into(),
    }
}
