//! Messages one behind the other as the body of an answer: events, lines, an array, or bodies as they
//! are.

use bytes::BytesMut;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::json::Options;
use crate::media::Media;
use crate::message::Response;
use crate::wire::respond::Ending;

use super::super::super::binding::Part;
use super::super::super::form::write_json;

/// Tells a proxy (nginx knows it, and others with it) to hand on what comes when it comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How messages are listed.
#[derive(Clone, Copy, Debug)]
pub(in crate::dispatch) struct List {
    style: Style,
    part: Part,
    json: Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Server-sent events, as Kratos 3 writes them.
    Events,
    /// Lines, each a JSON value: NDJSON.
    Lines,
    /// A JSON array, as Envoy writes it.
    Array,
    /// Bodies as they are.
    Raw,
}

impl List {
    /// Kratos 3 asks for `application/protojson` and reads events, whatever it is answered.
    pub(super) fn new<Res: Response>(media: Media, part: Part, json: Options) -> Self {
        let style = match media {
            _ if Res::is_raw(part.field()) => Style::Raw,
            Media::Events | Media::ProtoJson => Style::Events,
            Media::Lines => Style::Lines,
            Media::Json | Media::Proto | Media::XProtobuf | Media::Protobuf => Style::Array,
        };
        Self { style, part, json }
    }

    /// Whether the head of the answer has to wait for the first message, which says what it is.
    pub(in crate::dispatch) fn waits(self) -> bool {
        self.style == Style::Raw
    }

    /// Where the body of the first message says what it is.
    pub(in crate::dispatch) fn content_type_of<Res: Response>(
        self,
        message: &mut Res,
    ) -> Option<HeaderValue> {
        if self.style != Style::Raw {
            return None;
        }
        let body = message.take_raw(self.part.field())?;
        let content_type = HeaderValue::from_str(&body.content_type).ok();
        message.set_raw(self.part.field(), body);
        content_type.filter(|content_type| !content_type.is_empty())
    }

    pub(in crate::dispatch) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self.style {
            Style::Events => Media::Events.name(),
            Style::Lines => Media::Lines.name(),
            Style::Array => Media::Json.name(),
            Style::Raw => "application/octet-stream",
        })
    }

    /// What is said at the head of the answer, beside its type.
    pub(in crate::dispatch) fn head(self, headers: &mut HeaderMap) {
        if self.style == Style::Events {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        headers.insert(BUFFERING, HeaderValue::from_static("no"));
    }

    /// Writes a message behind what is in `out`; tells its length.
    pub(in crate::dispatch) fn write<Res: Response>(
        self,
        mut message: Res,
        limit: usize,
        begun: bool,
        out: &mut BytesMut,
    ) -> Result<usize> {
        let before = out.len();
        let (head, tail) = match (self.style, begun) {
            (Style::Events, _) => ("event: message\ndata: ", "\n\n"),
            (Style::Lines, _) => ("", "\n"),
            (Style::Array, false) => ("[", ""),
            (Style::Array, true) => (",", ""),
            (Style::Raw, _) => ("", ""),
        };
        if let (Style::Events, Some(id)) = (self.style, message.event_id()) {
            // A line ends an id, and a reader passes over one with a zero in it.
            let id = id.replace(['\r', '\n', '\0'], " ");
            out.extend_from_slice(format!("id: {id}\n").as_bytes());
        }
        out.extend_from_slice(head.as_bytes());
        let start = out.len();
        let written = write_json(&mut message, (self.part, true), &self.json, out);
        let length = out.len() - start;
        let written = written
            .and_then(|()| if length > limit { Err(too_large(length, limit)) } else { Ok(length) });
        match written {
            Ok(_) => out.extend_from_slice(tail.as_bytes()),
            Err(_) => out.truncate(before),
        }
        written
    }

    /// What closes a list in which all went well.
    pub(in crate::dispatch) fn end(self, begun: bool) -> &'static [u8] {
        match (self.style, begun) {
            (Style::Array, true) => b"]",
            (Style::Array, false) => b"[]",
            (Style::Events | Style::Lines | Style::Raw, _) => b"",
        }
    }

    /// How it tells that something went wrong; bodies as they are cannot, and break off.
    pub(in crate::dispatch) fn ending(self) -> Option<Ending> {
        match self.style {
            Style::Events => Some(Ending::Event),
            Style::Lines => Some(Ending::Line),
            Style::Array => Some(Ending::Element),
            Style::Raw => None,
        }
    }
}

fn too_large(length: usize, limit: usize) -> Error {
    Error::too_many_requests(
        "MESSAGE_TOO_LARGE",
        format!("message of {length} bytes is larger than the {limit} that may be sent"),
    )
}
