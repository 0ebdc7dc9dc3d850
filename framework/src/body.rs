//! What a request or a response carries, in the cheapest form that holds it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use crate::error::{BoxError, Error};

/// A body of bytes and trailers.
///
/// One that is whole in memory, as a unary reply is, costs no allocation of its own and cannot fail;
/// layers need not follow it ([`Body::is_whole`]).
pub struct Body(Inner);

enum Inner {
    Whole { data: Option<Bytes>, trailers: Option<Trailers> },
    Incoming(hyper::body::Incoming),
    Boxed(Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send>>),
}

/// Trailers, or how to make those that are the same for every call.
enum Trailers {
    Map(Box<HeaderMap>),
    Make(fn() -> HeaderMap),
}

impl Trailers {
    fn into_map(self) -> HeaderMap {
        match self {
            Self::Map(map) => *map,
            Self::Make(make) => make(),
        }
    }
}

impl Body {
    /// A body of nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Inner::Whole { data: None, trailers: None })
    }

    /// A body of `data`.
    #[must_use]
    pub fn full(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self(Inner::Whole { data: (!data.is_empty()).then_some(data), trailers: None })
    }

    /// Replaces the trailers of a whole body; another keeps its own.
    #[must_use]
    pub(crate) fn with_trailers(mut self, map: HeaderMap) -> Self {
        if let Inner::Whole { trailers, .. } = &mut self.0 {
            *trailers = Some(Trailers::Map(Box::new(map)));
        }
        self
    }

    /// The same with trailers that are made when they are sent, which carries no map along until then.
    #[must_use]
    pub(crate) fn with_trailers_of(mut self, make: fn() -> HeaderMap) -> Self {
        if let Inner::Whole { trailers, .. } = &mut self.0 {
            *trailers = Some(Trailers::Make(make));
        }
        self
    }

    /// A body of another kind. One that is a `Body` already is taken as it is.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        if let Some(own) = (&mut body as &mut dyn std::any::Any).downcast_mut::<Option<Self>>() {
            return own.take().unwrap_or_else(Self::empty);
        }
        match body {
            Some(body) => Self(Inner::Boxed(Box::pin(Foreign { body }))),
            None => Self::empty(),
        }
    }

    /// All of it, if it is in memory; it is empty then.
    pub(crate) fn take_whole(&mut self) -> Option<(Bytes, Option<HeaderMap>)> {
        let Inner::Whole { data, trailers } = &mut self.0 else { return None };
        let trailers = trailers.take().map(Trailers::into_map);
        Some((data.take().unwrap_or_default(), trailers))
    }

    /// Whether all of it is in memory: it ends without waiting and without failing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.0, Inner::Whole { .. })
    }
}

impl From<hyper::body::Incoming> for Body {
    fn from(body: hyper::body::Incoming) -> Self {
        Self(Inner::Incoming(body))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.0 {
            Inner::Whole { data, trailers } => Poll::Ready(match data.take() {
                Some(data) => Some(Ok(Frame::data(data))),
                None => trailers.take().map(|trailers| Ok(Frame::trailers(trailers.into_map()))),
            }),
            Inner::Incoming(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(from_peer)))
            }
            Inner::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole { data, trailers } => data.is_none() && trailers.is_none(),
            Inner::Incoming(body) => body.is_end_stream(),
            Inner::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole { data, trailers } => {
                let length = data.as_ref().map_or(0, |data| data.len() as u64);
                let mut hint = SizeHint::with_exact(length);
                if trailers.is_some() {
                    // gRPC tells no length in advance, and hyper would write one that is exact.
                    hint = SizeHint::new();
                    hint.set_lower(length);
                }
                hint
            }
            Inner::Incoming(body) => body.size_hint(),
            Inner::Boxed(body) => body.size_hint(),
        }
    }
}

/// A body that breaks off says who broke it: the peer that went away, or the connection.
fn from_peer(error: hyper::Error) -> Error {
    let reset = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<h2::Error>())
        .and_then(h2::Error::reason);
    let cancelled = reset == Some(h2::Reason::CANCEL);
    let failed = if cancelled {
        Error::client_closed("CANCELLED", "the peer cancelled the stream")
    } else {
        Error::unavailable("CONNECTION_LOST", "the connection broke while a body was read")
    };
    failed.with_source(error)
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Inner::Whole { .. } => "whole",
            Inner::Incoming(_) => "incoming",
            Inner::Boxed(_) => "boxed",
        };
        f.debug_tuple("Body").field(&kind).finish()
    }
}

pin_project_lite::pin_project! {
    struct Foreign<B> { #[pin] body: B }
}

impl<B> http_body::Body for Foreign<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(Error::from_source)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_whole_body_gives_its_data_and_then_its_trailers() {
        let map = || HeaderMap::from_iter([(http::header::AGE, 1.into())]);
        for body in [Body::full("x").with_trailers(map()), Body::full("x").with_trailers_of(map)] {
            assert!(body.is_whole() && !body.is_end_stream());
            let got = body.collect().await.unwrap();
            assert_eq!(got.trailers(), Some(&map()));
            assert_eq!(got.to_bytes(), "x");
        }
    }

    #[test]
    fn a_length_is_told_in_advance_only_where_no_trailers_follow() {
        assert_eq!(Body::full("x").size_hint().exact(), Some(1));
        assert_eq!(Body::empty().size_hint().exact(), Some(0));
        let grpc = Body::full("x").with_trailers_of(HeaderMap::new);
        assert_eq!((grpc.size_hint().lower(), grpc.size_hint().exact()), (1, None));
    }
}
