//! What comes by a socket, as the body of a request: messages in the frames of gRPC.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use tokio::sync::{Notify, mpsc};

use crate::body::Body;
use crate::error::{Error, Result};
use crate::wire::PREFIX;

/// Where what was heard is put.
pub(super) type Inbox = mpsc::Sender<Result<Bytes>>;

/// A body, what fills it, and what tells that it is read.
pub(super) fn inbox() -> (Body, Inbox, Arc<Notify>) {
    // One message: what the handler does not read stays on the wire, where it slows the peer down.
    let (send, receive) = mpsc::channel(1);
    let wanted = Arc::new(Notify::new());
    let heard = Heard { receive, wanted: Some(Arc::clone(&wanted)) };
    (Body::new(heard), send, wanted)
}

struct Heard {
    receive: mpsc::Receiver<Result<Bytes>>,
    /// None once it was told.
    wanted: Option<Arc<Notify>>,
}

impl http_body::Body for Heard {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(wanted) = self.wanted.take() {
            wanted.notify_one();
        }
        let framed = |message: Bytes| {
            let mut frame = BytesMut::with_capacity(PREFIX + message.len());
            frame.put_u8(0);
            // What is read is bounded by a setting, far below this.
            frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
            frame.put(message);
            Frame::data(frame.freeze())
        };
        self.receive.poll_recv(cx).map(|heard| heard.map(|heard| heard.map(framed)))
    }
}
