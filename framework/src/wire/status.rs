//! The outcome of a gRPC call in headers and trailers, read and written.
//!
//! An [`Error`] travels as Kratos writes it: the status code of its HTTP code, its message, and in
//! `grpc-status-details-bin` a `google.rpc.Status` with one `ErrorInfo` of its reason and metadata
//! and an empty domain, always the first. What sixteen codes cannot say goes into one more detail that
//! others read over: `bia.rpc.HttpStatus`, the HTTP code itself. The error's own details stand behind.
//!
//! Clients give up a call whose trailers are too large, and its true outcome with it: gRPC's core
//! reads 8 KiB by default. What would make more is cut, for messages tend to quote what was asked.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;

use crate::error::details::Detail;
use crate::error::{Code, Error, Result};

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const HTTP_STATUS: &str = "type.googleapis.com/bia.rpc.HttpStatus";

/// The most bytes of a message as it is written, percent-encoded.
const MESSAGE: usize = 2048;

/// The most bytes of all keys and values of an error's metadata.
const METADATA: usize = 2048;

/// The most bytes of the message and of the status with its details, as they are written: of the
/// 8 KiB, names of headers and what answers bring along take the rest.
const BLOCK: usize = 7680;

/// Written without padding, as the protocol says; read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`. A B-tree, so that the same error is the same bytes.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: std::collections::BTreeMap<String, String>,
}

/// `bia.rpc.HttpStatus`.
#[derive(Clone, PartialEq, Message)]
struct HttpStatus {
    #[prost(uint32, tag = "1")]
    code: u32,
}

/// The trailers of a call that went well.
pub(crate) fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

/// Writes what went wrong into trailers.
pub(crate) fn write(error: &Error, trailers: &mut HeaderMap) {
    if let Some(more) = error.trailers() {
        for (name, value) in more {
            trailers.append(name, value.clone());
        }
    }
    let code = error.grpc_code();
    trailers.insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
    let message = shortened(error.message());
    if !message.is_empty()
        && let Ok(message) = HeaderValue::from_str(&percent_encode(&message))
    {
        trailers.insert(GRPC_MESSAGE, message);
    }
    if let Some(details) = details(error, code, &message)
        && let Ok(details) = HeaderValue::try_from(BASE64.encode(details.encode_to_vec()))
    {
        trailers.insert(GRPC_DETAILS, details);
    }
}

/// As much of a message as may be written, with an ellipsis in the place of the rest.
fn shortened(message: &str) -> Cow<'_, str> {
    // At the worst each byte is written as three.
    if message.len() <= MESSAGE / 3 {
        return Cow::Borrowed(message);
    }
    const ELLIPSIS: &str = "…";
    let mut room = MESSAGE;
    let mut cut = None;
    for (place, char) in message.char_indices() {
        let plain = matches!(char, ' '..='~') && char != '%';
        let written = if plain { 1 } else { 3 * char.len_utf8() };
        let Some(left) = room.checked_sub(written) else {
            return Cow::Owned(format!("{}{ELLIPSIS}", &message[..cut.unwrap_or(0)]));
        };
        room = left;
        if room >= 3 * ELLIPSIS.len() {
            cut = Some(place + char.len_utf8());
        }
    }
    Cow::Borrowed(message)
}

/// The metadata that may be written: entries that have no room are left out.
fn told_metadata(error: &Error) -> std::collections::BTreeMap<String, String> {
    let mut room = METADATA;
    let fits = |(key, value): &(&String, &String)| {
        let left = room.checked_sub(key.len() + value.len());
        room = left.unwrap_or(room);
        left.is_some()
    };
    error.metadata().iter().filter(fits).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn details(error: &Error, code: Code, message: &str) -> Option<Status> {
    let mut details = Vec::new();
    if !error.reason().is_empty() || !error.metadata().is_empty() {
        let info = ErrorInfo {
            reason: error.reason().to_owned(),
            domain: String::new(),
            metadata: told_metadata(error),
        };
        details.push(packed(ERROR_INFO, &info));
    }
    if code.to_http() != error.code() {
        details.push(packed(HTTP_STATUS, &HttpStatus { code: u32::from(error.code()) }));
    }
    let code = i32::from(code.number());
    let mut status = Status { code, message: message.to_owned(), details };
    let written = percent_encode(message).len();
    // What the message does not take of its place is free.
    let most = BLOCK.saturating_sub(written) * 3 / 4;
    for detail in error.details().iter().filter_map(Detail::to_any) {
        let room = most.saturating_sub(status.encoded_len());
        status.details.extend(fitted(detail, room));
    }
    (!status.details.is_empty()).then_some(status)
}

/// The detail, if it has room; of one that is a list, as much as has.
fn fitted(mut detail: prost_types::Any, room: usize) -> Option<prost_types::Any> {
    // The tag of the detail and its length stand before it.
    const HEAD: usize = 4;
    let over = (detail.encoded_len() + HEAD).saturating_sub(room);
    if over > 0 {
        let name = detail.type_url.rsplit('/').next()?;
        if !LISTS.contains(&name) {
            return None;
        }
        let kept = first_items(&detail.value, detail.value.len().checked_sub(over)?);
        if kept == 0 {
            return None;
        }
        detail.value.truncate(kept);
    }
    Some(detail)
}

/// The details whose first field is a list of things that are each worth knowing.
const LISTS: [&str; 5] = [
    "google.rpc.BadRequest",
    "google.rpc.DebugInfo",
    "google.rpc.Help",
    "google.rpc.PreconditionFailure",
    "google.rpc.QuotaFailure",
];

/// How many bytes the first items of the list take, up to `room`.
fn first_items(value: &[u8], room: usize) -> usize {
    let mut rest = value;
    let mut kept = 0;
    // Field 1, with a length before it.
    while let Some((&0x0a, mut tail)) = rest.split_first() {
        let Ok(length) = prost::encoding::decode_varint(&mut tail) else { break };
        let Some(next) = usize::try_from(length).ok().and_then(|length| tail.get(length..)) else {
            break;
        };
        let end = value.len() - next.len();
        if end > room {
            break;
        }
        (kept, rest) = (end, next);
    }
    kept
}

fn packed(type_url: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: type_url.to_owned(), value: message.encode_to_vec() }
}

/// The outcome that trailers, or headers that are all there is, tell; none if they tell none.
pub(crate) fn read(headers: &HeaderMap) -> Option<Result<()>> {
    let status = headers.get(GRPC_STATUS)?;
    let code = status
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .map_or(Code::Unknown, Code::from_number);
    if code == Code::Ok {
        return Some(Ok(()));
    }
    let message = headers
        .get(GRPC_MESSAGE)
        .map_or(Cow::Borrowed(""), |message| percent_decode(message.as_bytes()));
    let details = headers.get(GRPC_DETAILS).and_then(decode_details);
    Some(Err(told(code, message.into_owned(), details)))
}

/// The error that a code, a message and details tell together.
fn told(code: Code, message: String, details: Option<Status>) -> Error {
    let mut error = Error::from_grpc(code, "", message);
    let mut informed = false;
    for detail in details.into_iter().flat_map(|status| status.details) {
        match detail.type_url.as_str() {
            ERROR_INFO if !informed => {
                informed = true;
                let info = ErrorInfo::decode(&detail.value[..]).unwrap_or_default();
                // An error of this framework has no domain: who reads one finds it in the detail.
                let kept = (!info.domain.is_empty()).then(|| detail.into());
                error = error.with_info(info.reason, info.metadata).with_told(kept);
            }
            HTTP_STATUS => {
                if let Ok(http) = HttpStatus::decode(&detail.value[..]) {
                    error = error.with_code(u16::try_from(http.code).unwrap_or(0));
                }
            }
            _ => error = error.with_told([detail.into()]),
        }
    }
    error
}

fn decode_details(value: &HeaderValue) -> Option<Status> {
    Status::decode(&BASE64.decode(value.as_bytes()).ok()?[..]).ok()
}

/// The outcome of a response that is not gRPC at all, by the table of
/// `grpc/grpc:doc/http-grpc-status-mapping.md`.
pub(crate) fn of_http(status: http::StatusCode, content_type: Option<&HeaderValue>) -> Error {
    let code = match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    let content_type = content_type.map_or("none", |value| value.to_str().unwrap_or("unreadable"));
    Error::from_grpc(
        code,
        "NOT_GRPC",
        format!("the peer answered HTTP {status} with content type {content_type} instead of gRPC"),
    )
}

/// What the protocol's Percent-Byte-Encoding does not spare: all but printable ASCII, and `%`.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

fn percent_encode(message: &str) -> Cow<'_, str> {
    utf8_percent_encode(message, ESCAPED).into()
}

/// What is not encoded rightly stays as it is; what is no UTF-8 is replaced.
fn percent_decode(message: &[u8]) -> Cow<'_, str> {
    percent_encoding::percent_decode(message).decode_utf8_lossy()
}

#[cfg(feature = "tonic")]
mod tonic;

#[cfg(test)]
mod tests;
