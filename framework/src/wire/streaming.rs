use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http_body::Body as _;
use prost::Message;

use crate::body::Body;
use crate::context;
use crate::error::{Error, Result};
use crate::telemetry::{ClientSeen, Outcome};

use super::{Decoder, status};

/// The messages that a peer streams.
///
/// Read it with [`Streaming::message`] or as a `Stream`. It ends with `None`, or with one error and
/// then `None`. Dropping it tells the peer that no more is wanted.
pub struct Streaming<T> {
    body: Body,
    decoder: Decoder,
    end: End,
    done: bool,
    /// In a box, since what a caller streams has none.
    head: Option<Box<Head>>,
    /// The stream itself, while the peer has not begun to answer.
    opening: Option<Opening<T>>,
    meter: Meter,
    /// How messages are read; as protobuf if nothing is said.
    read: Option<Read<T>>,
    /// What each message is held against before anybody sees it.
    check: Option<fn(&T) -> Result<()>>,
    message: PhantomData<fn() -> T>,
}

/// Makes a message of what was in its frame.
pub(crate) type Read<T> = Box<dyn Fn(Bytes) -> Result<T> + Send + Sync>;

/// Who wants to know what a stream moves, and how it ends.
enum Meter {
    Nobody,
    /// The call being served, of which this is the request.
    Served(context::Context),
    /// The call being made, of which this is the answer: it ends with it.
    Made(Box<ClientSeen>),
}

/// What a peer sent beside its messages.
#[derive(Default)]
struct Head {
    headers: HeaderMap,
    trailers: Option<HeaderMap>,
}

type Opening<T> = Pin<Box<dyn Future<Output = Result<Streaming<T>>> + Send>>;

/// What the end of a body means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A request is whole when its body ends.
    Request,
    /// A response is whole when its trailers say so.
    Response,
}

impl End {
    /// What cannot be read of a request is its caller's fault.
    fn blame(self, error: Error) -> Error {
        match self {
            Self::Request => error.by_caller(),
            Self::Response => error,
        }
    }
}

impl<T: Message + Default> Streaming<T> {
    pub(crate) fn new(body: Body, decoder: Decoder, end: End) -> Self {
        Self {
            body,
            decoder,
            end,
            done: false,
            head: None,
            opening: None,
            meter: Meter::Nobody,
            read: None,
            check: None,
            message: PhantomData,
        }
    }

    /// A stream of which the peer has not begun to answer: it fails with what its opening fails with.
    pub(crate) fn opening(opening: impl Future<Output = Result<Self>> + Send + 'static) -> Self {
        let nothing = Decoder::new(super::Encoding::Identity, 0);
        let mut stream = Self::new(Body::empty(), nothing, End::Response);
        stream.opening = Some(Box::pin(opening));
        stream
    }

    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.head.get_or_insert_default().headers = headers;
        self
    }

    /// Replaces how messages are read; none reads protobuf.
    pub(crate) fn read_by(mut self, read: Option<Read<T>>) -> Self {
        self.read = read;
        self
    }

    /// Replaces what each message is held against: one that it refuses ends the stream.
    pub(crate) fn checked_by(mut self, check: fn(&T) -> Result<()>) -> Self {
        self.check = Some(check);
        self
    }

    /// Counts what comes in for the call being served.
    pub(crate) fn metered(mut self, cx: context::Context) -> Self {
        self.meter = Meter::Served(cx);
        self
    }

    /// Ends the call being made with the stream.
    pub(crate) fn seen_by(mut self, seen: ClientSeen) -> Self {
        self.meter = Meter::Made(Box::new(seen));
        self
    }

    /// The bytes of messages that came in since this was asked last, where nobody else counts them.
    pub(crate) fn take_decoded(&mut self) -> usize {
        self.decoder.take_decoded()
    }

    /// The headers and trailers, of a stream that has been read to its end.
    pub(crate) fn into_parts(self) -> (HeaderMap, HeaderMap) {
        let head = self.head.map(|head| *head).unwrap_or_default();
        (head.headers, head.trailers.unwrap_or_default())
    }

    /// The next message; `None` once the peer has sent its last. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If the peer ended with an error, sent what cannot be read, went away, or the time was up.
    pub async fn message(&mut self) -> Result<Option<T>> {
        std::future::poll_fn(|cx| self.poll_message(cx)).await.transpose()
    }

    /// The headers that the peer answered with; empty for what a caller streams, and until the first
    /// message of a stream that was handed over before the peer began to answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.head.as_ref().map_or(&NONE, |head| &head.headers)
    }

    /// The trailers, once the stream has ended.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.head.as_ref()?.trailers.as_ref()
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Some(opening) = &mut self.opening {
            match ready!(opening.as_mut().poll(cx)) {
                Ok(opened) => *self = opened,
                Err(error) => {
                    self.opening = None;
                    self.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let outcome = loop {
            let next = match &self.read {
                None => self.decoder.next(),
                Some(read) => self.decoder.next_by(read),
            };
            match next {
                Ok(Some(message)) => {
                    match &mut self.meter {
                        Meter::Nobody => {}
                        Meter::Served(cx) => cx.sizes().receive(self.decoder.take_decoded()),
                        Meter::Made(seen) => seen.receive(self.decoder.take_decoded()),
                    }
                    if let Some(check) = self.check
                        && let Err(error) = check(&message)
                    {
                        break Err(error);
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Ok(None) => {}
                Err(error) => break Err(error),
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => break self.outcome(),
                Some(Err(error)) => break Err(error),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(data) => self.decoder.push(data),
                Err(frame) => {
                    self.head.get_or_insert_default().trailers = frame.into_trailers().ok();
                }
            }
        };
        self.done = true;
        // Nothing more is read: the peer is told by the body's end.
        self.body = Body::empty();
        let end = self.end;
        if let Meter::Made(seen) = std::mem::replace(&mut self.meter, Meter::Nobody) {
            seen.end(outcome.as_ref().map_or_else(Outcome::Failed, |()| Outcome::Ok));
        }
        Poll::Ready(outcome.err().map(|error| Err(end.blame(error))))
    }

    fn outcome(&self) -> Result<()> {
        let told = match self.end {
            End::Request => Ok(()),
            End::Response => self
                .trailers()
                .and_then(status::read)
                .or_else(|| status::read(self.headers()))
                .unwrap_or_else(|| Err(cut_off())),
        };
        told?;
        if self.decoder.is_empty() { Ok(()) } else { Err(truncated()) }
    }
}

impl<T: Message + Default> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming")
            .field("end", &self.end)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// The one message of a body, and the trailers behind it.
pub(crate) async fn read_one<T: Message + Default>(stream: &mut Streaming<T>) -> Result<T> {
    let Some(message) = stream.message().await? else {
        let missing = "the call ended without its one message";
        return Err(stream.end.blame(Error::internal("MESSAGE_MISSING", missing)));
    };
    if stream.message().await?.is_some() {
        let more = "more than one message where one goes";
        return Err(stream.end.blame(Error::internal("MESSAGE_SUPERFLUOUS", more)));
    }
    Ok(message)
}

fn truncated() -> Error {
    Error::internal("MESSAGE_TRUNCATED", "the stream ended in the middle of a message")
}

fn cut_off() -> Error {
    Error::unavailable("STATUS_MISSING", "the stream ended without a grpc-status")
}
