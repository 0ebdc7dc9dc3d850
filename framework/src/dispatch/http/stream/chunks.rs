//! A body in the pieces that it comes in, each in a frame of gRPC.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;

use crate::body::Body;
use crate::error::{Error, Result};
use crate::wire::PREFIX;

pub(super) struct Chunks(Body);

impl Chunks {
    pub(super) fn body(body: Body) -> Body {
        Body::new(Self(body))
    }
}

/// A message in its frame.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    // What is read at once is far less.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        Pin::new(&mut self.0)
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(|data| framed(&data)))))
    }
}
