//! What a node answers over HTTP, read by what it says that it is.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body as _;

use crate::dispatch::Part;
use crate::error::{Error, Result};
use crate::json::Options;
use crate::message;
use crate::wire::problem;

use super::super::call::{Answer, Reply};
use super::super::incoming::Incoming;

/// The most bytes of an error that are read.
const MAX_PROBLEM: usize = 64 * 1024;

/// How a request and its answer are written in their bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Json,
    Proto,
    /// There is none.
    Empty,
    Otherwise,
}

/// Reads one message, or the part of it that the rule has for the body.
#[derive(Clone, Copy)]
pub(super) struct Whole(pub(super) Part);

impl<T: message::Response> Answer<T> for Whole {
    async fn read(self, response: Response<Incoming>, limit: usize) -> Result<(Reply<T>, usize)> {
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            return Err(refusal(Response::from_parts(head, body)).await);
        }
        let Some(data) = gather(&mut body, limit).await? else {
            return Err(too_large(limit));
        };
        let message = message(self.0, head.status, &head.headers, &data)?;
        Ok((Reply::new(message, head.headers), data.len()))
    }
}

/// The error that a node answers.
pub(super) async fn refusal(response: Response<Incoming>) -> Error {
    let (head, mut body) = response.into_parts();
    match gather(&mut body, MAX_PROBLEM).await {
        // What is too large says nothing that could be understood.
        Ok(told) => problem::read(head.status, &head.headers, &told.unwrap_or_default()),
        Err(error) => error,
    }
}

fn message<T: message::Response>(
    part: Part,
    status: StatusCode,
    headers: &HeaderMap,
    data: &[u8],
) -> Result<T> {
    let content_type = headers.get(CONTENT_TYPE);
    let unreadable = |why: &str| unreadable(status, content_type, why);
    match (written(content_type, data), part) {
        (Written::Empty, _) => Ok(T::default()),
        (Written::Json, part) => {
            let mut message = T::default();
            let mut from = serde_json::Deserializer::from_slice(data);
            let options = Options::default();
            let read = match part {
                Part::Field(field) => message.merge_field_json(field, &options, &mut from),
                Part::Whole | Part::None => message.merge_json(&options, &mut from),
            };
            read.and_then(|()| from.end()).map_err(|error| unreadable(&error.to_string()))?;
            Ok(message)
        }
        (Written::Proto, Part::Whole | Part::None) => {
            T::decode(data).map_err(|error| unreadable(&error.to_string()))
        }
        (Written::Proto | Written::Otherwise, _) => Err(unreadable("it is asked for as JSON")),
    }
}

pub(super) fn unreadable(
    status: StatusCode,
    content_type: Option<&HeaderValue>,
    why: &str,
) -> Error {
    let content_type = content_type.map_or("none", |value| value.to_str().unwrap_or("unreadable"));
    Error::internal(
        "ANSWER_UNREADABLE",
        format!("the peer answered HTTP {status} with content type {content_type}: {why}"),
    )
}

/// By the part of the content type that says how it is written, as Kratos looks at it: `json` of
/// `application/json; charset=utf-8`.
fn written(content_type: Option<&HeaderValue>, data: &[u8]) -> Written {
    if data.is_empty() {
        // 204, and a message without fields.
        return Written::Empty;
    }
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text.split_once(';').map_or(text, |(kind, _)| kind).trim();
    let subtype = kind.split_once('/').map_or("", |(_, subtype)| subtype).to_ascii_lowercase();
    match subtype.as_str() {
        "json" | "protojson" => Written::Json,
        subtype if subtype.ends_with("+json") => Written::Json,
        "proto" | "protobuf" | "x-protobuf" => Written::Proto,
        _ => Written::Otherwise,
    }
}

/// All of a body; none if it is larger than `limit`.
async fn gather(body: &mut Incoming, limit: usize) -> Result<Option<Bytes>> {
    let mut chunks = Vec::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len();
        if length > limit {
            return Ok(None);
        }
        chunks.push(data);
    }
    // Nearly all come in one piece.
    Ok(Some(if chunks.len() > 1 {
        chunks.concat().into()
    } else {
        chunks.pop().unwrap_or_default()
    }))
}

/// As for a message of gRPC.
fn too_large(limit: usize) -> Error {
    Error::too_many_requests(
        "MESSAGE_TOO_LARGE",
        format!("a message is larger than the {limit} bytes that are read"),
    )
}
