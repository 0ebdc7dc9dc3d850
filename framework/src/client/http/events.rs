//! A stream of messages over HTTP, as server-sent events: the form of Kratos 3, which is also ours.
//!
//! `event: message` carries a message as JSON, `event: error` the error that ends the stream. They are
//! read by the rules of the HTML standard (9.2.6, "Interpreting an event stream") and handed on in the
//! frames of gRPC, so that one reader knows what a stream and its end are.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use http_body::Frame;

use crate::body::Body;
use crate::error::{Error, Result};
use crate::json::{Json, Options};
use crate::message;
use crate::wire::{Decoder, Encoding, End, PREFIX, Streaming, problem, status};

use super::super::incoming::Incoming;
use super::answer;

/// What stands in a line beside the message: `data: `, or the name of an event.
const BESIDE: usize = 1024;

/// The stream that a node answers, of messages up to `limit`.
pub(super) async fn stream<T: message::Response>(
    mut response: Response<Incoming>,
    limit: usize,
) -> Result<Streaming<T>> {
    if !response.status().is_success() {
        return Err(answer::refusal(response).await);
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_stream = content_type.is_some_and(|value| {
        value.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream")
    });
    if !is_stream {
        let why = "a stream is asked for as text/event-stream";
        return Err(answer::unreadable(response.status(), content_type, why));
    }
    let headers = std::mem::take(response.headers_mut());
    let events = Events::new(response.into_body(), limit);
    let read = |data: Bytes| read::<T>(&data);
    let decoder = Decoder::new(Encoding::Identity, limit);
    let stream = Streaming::new(Body::new(events), decoder, End::Response);
    Ok(stream.with_headers(headers).read_by(Some(Box::new(read))))
}

fn read<T: Default + Json>(data: &[u8]) -> Result<T> {
    let mut message = T::default();
    let mut from = serde_json::Deserializer::from_slice(data);
    message.merge_json(&Options::default(), &mut from).and_then(|()| from.end()).map_err(
        |error| {
            let what = format!("an event of the stream is not JSON of its message: {error}");
            Error::internal("ANSWER_UNREADABLE", what)
        },
    )?;
    Ok(message)
}

/// Events as the frames and the trailers of gRPC.
struct Events {
    body: Option<Incoming>,
    parser: Parser,
    /// What is read and not handed on yet.
    ready: VecDeque<Event>,
}

/// What an event comes to.
#[derive(Debug, PartialEq)]
enum Event {
    Message(Vec<u8>),
    Error(Vec<u8>),
}

impl Events {
    fn new(body: Incoming, limit: usize) -> Self {
        Self { body: Some(body), parser: Parser::new(limit), ready: VecDeque::new() }
    }

    /// The stream has ended, as `trailers` tell.
    fn end(&mut self, trailers: HeaderMap) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.body = None;
        self.ready.clear();
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            match self.ready.pop_front() {
                Some(Event::Message(data)) => {
                    return Poll::Ready(Some(Ok(Frame::data(framed(&data)))));
                }
                Some(Event::Error(data)) => {
                    let mut trailers = HeaderMap::new();
                    status::write(&told(&data), &mut trailers);
                    return self.end(trailers);
                }
                None => {}
            }
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                // A stream ends well with its body, which is whole: a connection that breaks is told.
                None => return self.end(status::ok()),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let Self { parser, ready, .. } = &mut *self;
                    parser.push(&data, |event| ready.push_back(event))?;
                }
            }
        }
    }
}

fn framed(data: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + data.len());
    frame.put_u8(0);
    // A message is bounded by the limit of the parser; a larger one is refused by the decoder.
    frame.put_u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
    frame.put_slice(data);
    frame.freeze()
}

/// The error that an event tells: its code is that of its body, for a stream has no other status.
fn told(data: &[u8]) -> Error {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Told {
        code: u16,
    }
    let Told { code } = serde_json::from_slice(data).unwrap_or_default();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    problem::read(status, &HeaderMap::new(), data)
}

/// Takes a text of events apart.
struct Parser {
    limit: usize,
    /// The line that has not ended.
    line: Vec<u8>,
    /// The last line ended with a carriage return: a line feed behind it is of the same end.
    returned: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl Parser {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            returned: false,
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
        }
    }

    fn push(&mut self, text: &[u8], mut event: impl FnMut(Event)) -> Result<()> {
        for part in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, end) = match part.split_last() {
                Some((end @ (b'\n' | b'\r'), line)) => (line, Some(*end)),
                _ => (part, None),
            };
            if self.line.len() + self.data.len() + line.len() > self.limit.saturating_add(BESIDE) {
                let limit = self.limit;
                let what =
                    format!("an event is larger than the {limit} bytes that this side reads");
                return Err(Error::too_many_requests("MESSAGE_TOO_LARGE", what));
            }
            let is_rest = self.returned && line.is_empty() && end == Some(b'\n');
            self.returned = end == Some(b'\r');
            if is_rest {
                continue;
            }
            self.line.extend_from_slice(line);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                if let Some(ended) = self.line(&line) {
                    event(ended);
                }
                self.line = line;
                self.line.clear();
            }
        }
        Ok(())
    }

    /// Takes a line; the event that it ends.
    fn line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(match name.as_slice() {
                b"error" => Event::Error(data),
                _ => Event::Message(data),
            });
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"event" => self.name = value.to_vec(),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            // Comments, which keep a connection alive, `id` and `retry`.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(pieces: &[&[u8]]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut parser = Parser::new(100);
        for piece in pieces {
            parser.push(piece, |event| events.push(event))?;
        }
        Ok(events)
    }

    fn message(text: &str) -> Event {
        Event::Message(text.as_bytes().to_vec())
    }

    #[test]
    fn events_are_read_by_the_rules_of_the_standard() {
        let table: [(&str, Vec<Event>); 9] = [
            ("event: message\ndata: {}\n\n", vec![message("{}")]),
            ("data:{}\r\n\r\n", vec![message("{}")]),
            ("data: {\rdata: }\r\r", vec![message("{\n}")]),
            (": still there\n\ndata: 1\n\n", vec![message("1")]),
            ("id: 7\nretry: 10\ndata: 1\nother\n\n", vec![message("1")]),
            ("event: error\ndata: {}\n\n", vec![Event::Error(b"{}".to_vec())]),
            ("event: error\n\ndata: 1\n\n", vec![message("1")]),
            ("data\n\n", vec![message("")]),
            ("data: cut off", vec![]),
        ];
        for (text, events) in table {
            assert_eq!(parsed(&[text.as_bytes()]).unwrap(), events, "{text:?}");
        }
    }

    #[test]
    fn an_event_without_an_end_takes_a_bounded_place() {
        let line = format!("data: {}\n", "x".repeat(80));
        let lines = vec![line.as_bytes(); 1000];
        assert_eq!(parsed(&lines).unwrap_err().reason(), "MESSAGE_TOO_LARGE");
        let names = vec![b"data:".as_slice(); 1000];
        assert_eq!(parsed(&names).unwrap_err().reason(), "MESSAGE_TOO_LARGE");
    }

    proptest! {
        #[test]
        fn what_is_read_does_not_depend_on_how_it_was_cut(
            text in "(data: [a-z]{0,3}|event: (error|message)|:|\r|\n|\r\n){0,20}",
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            let text = text.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            prop_assert_eq!(parsed(&pieces).unwrap(), parsed(&[text]).unwrap());
        }
    }
}
