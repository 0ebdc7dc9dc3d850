//! A stream of messages as the body of a request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame};
use prost::Message;

use crate::error::Error;
use crate::wire::{self, Encoding};

/// Messages that are ready together go in one frame, up to this many bytes.
const BATCH: usize = 32 * 1024;

pin_project_lite::pin_project! {
    pub(super) struct Requests<S> {
        #[pin]
        stream: S,
        encoding: Encoding,
        limit: usize,
        sent: Arc<AtomicU64>,
        done: bool,
        failed: Option<Error>,
    }
}

impl<S> Requests<S> {
    /// `sent` counts the bytes of its messages, uncompressed.
    pub(super) fn new(stream: S, encoding: Encoding, limit: usize, sent: Arc<AtomicU64>) -> Self {
        Self { stream, encoding, limit, sent, done: false, failed: None }
    }
}

impl<S> Body for Requests<S>
where
    S: Stream,
    S::Item: Message,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let mut data = BytesMut::new();
        while !*this.done && data.len() < BATCH {
            match this.stream.as_mut().poll_next(cx) {
                Poll::Pending if data.is_empty() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(None) => *this.done = true,
                Poll::Ready(Some(message)) => {
                    match wire::encode(&message, *this.encoding, *this.limit, &mut data) {
                        Ok(sent) => {
                            this.sent.fetch_add(sent as u64, Ordering::Relaxed);
                        }
                        Err(error) => {
                            *this.done = true;
                            *this.failed = Some(error);
                        }
                    }
                }
            }
        }
        // What came before a message that cannot be sent still goes out.
        if !data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(data.freeze()))));
        }
        Poll::Ready(this.failed.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.done && self.failed.is_none()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt;

    use super::*;
    use crate::wire::Decoder;

    #[tokio::test]
    async fn messages_that_are_ready_together_go_together() {
        let messages: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let body = Requests::new(
            stream::iter(messages.clone()),
            Encoding::Identity,
            usize::MAX,
            Arc::default(),
        );
        let mut body = Box::pin(body);
        let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(body.frame().await.is_none());
        let mut decoder = Decoder::new(Encoding::Identity, 1024);
        decoder.push(data);
        let got: Vec<String> = std::iter::from_fn(|| decoder.next().unwrap()).collect();
        assert_eq!(got, messages);
    }

    #[tokio::test]
    async fn a_message_that_is_too_large_ends_the_stream_behind_those_before_it() {
        let messages = ["short".to_owned(), "long".repeat(10), "never".to_owned()];
        let mut body =
            Box::pin(Requests::new(stream::iter(messages), Encoding::Identity, 16, Arc::default()));
        assert!(body.frame().await.unwrap().is_ok());
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), "MESSAGE_TOO_LARGE");
        assert!(body.frame().await.is_none());
    }
}
