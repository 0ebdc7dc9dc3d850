//! gRPC for browsers, which show no trailers to a page: translated at the edge, so that a call is one of gRPC within.
//!
//! The rules are those of `grpc/grpc:doc/PROTOCOL-WEB.md`: the frames of gRPC over any version of
//! HTTP, the trailers in a last frame of the body, and the whole in base64 for callers that read a
//! response as text while it comes (`application/grpc-web-text`).

mod base64;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use http::{HeaderMap, Request, Response};
use http_body::Frame;

use crate::body::Body;
use crate::error::{Error, Result};

use super::{PREFIX, status};

/// The flag of the frame that holds the trailers.
const TRAILERS: u8 = 0x80;

const KIND: &[u8] = b"application/grpc-web";

/// How a call of gRPC-Web is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    messages: Messages,
    /// Whether the request is in base64.
    text_in: bool,
    /// Whether the response is to be.
    text_out: bool,
}

/// What the messages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Messages {
    Proto,
    Json,
    /// Something that is refused within, as for gRPC.
    Other,
}

impl Web {
    /// How a request is written that says it is gRPC-Web.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let (text_in, messages) = kind(headers.get(CONTENT_TYPE)?.as_bytes())?;
        // What is accepted need not be said; a caller of text always says it.
        let accepted = headers.get(ACCEPT).and_then(|accept| kind(accept.as_bytes()));
        let text_out = accepted.map_or(text_in, |(text, _)| text);
        Some(Self { messages, text_in, text_out })
    }

    /// The request as gRPC has it.
    pub(crate) fn unwrapped(self, mut request: Request<Body>) -> Request<Body> {
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(match self.messages {
                Messages::Proto => "application/grpc",
                Messages::Json => "application/grpc+json",
                Messages::Other => "application/grpc+unknown",
            }),
        );
        if !self.text_in {
            return request;
        }
        headers.remove(CONTENT_LENGTH);
        request.map(|body| Body::new(TextIn { body, decoder: base64::Decoder::default() }))
    }

    /// A response of gRPC as gRPC-Web has it.
    pub(crate) fn wrapped(self, response: Response<Body>) -> Response<Body> {
        let (mut parts, mut body) = response.into_parts();
        parts.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(match (self.text_out, self.messages) {
                (false, Messages::Json) => "application/grpc-web+json",
                (false, _) => "application/grpc-web+proto",
                (true, Messages::Json) => "application/grpc-web-text+json",
                (true, _) => "application/grpc-web-text+proto",
            }),
        );
        // A call that failed at once has its trailers as headers. A page sees those only if it is
        // allowed each one by name; in the body it always sees them.
        let early = parts.headers.contains_key(status::GRPC_STATUS);
        let early = early.then(|| trailers_among(&mut parts.headers));
        let body = match body.take_whole() {
            Some((data, trailers)) => {
                let mut out = BytesMut::from(data);
                if let Some(trailers) = trailers.or(early) {
                    write_trailers(&trailers, &mut out);
                }
                Body::full(self.written(out.freeze()))
            }
            None => Body::new(Out { web: self, body, ended: false }),
        };
        Response::from_parts(parts, body)
    }

    fn written(self, data: Bytes) -> Bytes {
        // Each part is padded by itself, as the protocol allows: a page can read it once it is there.
        if self.text_out { base64::encode(&data).into() } else { data }
    }
}

/// Whether a content type is gRPC-Web as text, and what its messages are written in.
fn kind(content_type: &[u8]) -> Option<(bool, Messages)> {
    let (head, rest) = content_type.split_at_checked(KIND.len())?;
    if !head.eq_ignore_ascii_case(KIND) {
        return None;
    }
    let end = rest.iter().position(|byte| matches!(byte, b';' | b',' | b' '));
    let name = rest[..end.unwrap_or(rest.len())].to_ascii_lowercase();
    let (text, name) = match name.strip_prefix(b"-text") {
        Some(name) => (true, name),
        None => (false, &name[..]),
    };
    Some(match name {
        b"" | b"+proto" => (text, Messages::Proto),
        b"+json" => (text, Messages::Json),
        [b'+', ..] => (text, Messages::Other),
        _ => return None,
    })
}

/// Parts the headers of an answer that are its trailers from those that are for whoever carries it.
fn trailers_among(headers: &mut HeaderMap) -> HeaderMap {
    let carried = |name: &HeaderName| {
        name == CONTENT_TYPE || name == VARY || name.as_str().starts_with("access-control-")
    };
    let mut trailers = HeaderMap::new();
    let mut last = None;
    for (name, value) in std::mem::take(headers) {
        last = name.or(last);
        if let Some(name) = &last {
            let to = if carried(name) { &mut *headers } else { &mut trailers };
            to.append(name, value);
        }
    }
    trailers
}

/// Writes trailers as the frame that they are in a body.
fn write_trailers(trailers: &HeaderMap, out: &mut BytesMut) {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let length: usize = trailers.iter().map(line).sum();
    out.reserve(PREFIX + length);
    out.put_u8(TRAILERS);
    // More than 4 GiB of trailers are none that were ever received, or made.
    out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    for (name, value) in trailers {
        out.put_slice(name.as_str().as_bytes());
        out.put_slice(b": ");
        out.put_slice(value.as_bytes());
        out.put_slice(b"\r\n");
    }
}

/// A request in base64, decoded as it comes.
struct TextIn {
    body: Body,
    decoder: base64::Decoder,
}

impl http_body::Body for TextIn {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            let data = match frame {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.decoder.push(&data)?,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                None => match self.decoder.finish()? {
                    data if data.is_empty() => return Poll::Ready(None),
                    data => data,
                },
            };
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
    }
}

/// A response, with the trailers as its last frame.
struct Out {
    web: Web,
    body: Body,
    ended: bool,
}

impl http_body::Body for Out {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            end => return Poll::Ready(end),
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.ended = true;
                let mut out = BytesMut::new();
                write_trailers(&frame.into_trailers().unwrap_or_default(), &mut out);
                out.freeze()
            }
        };
        Poll::Ready(Some(Ok(Frame::data(self.web.written(data)))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests;
