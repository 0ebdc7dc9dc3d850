//! Streams, read one item at a time.

use std::future::poll_fn;
use std::pin::Pin;

use bia::Stream;

/// The next item of a stream.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}
