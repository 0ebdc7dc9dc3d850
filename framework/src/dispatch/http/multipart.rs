//! Forms with files, `multipart/form-data`: each part goes into the field of its name.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::Body as _;
use multer::{Constraints, Multipart, SizeLimit};

use crate::bind::BindError;
use crate::body::Body;
use crate::error::{Error, Result};
use crate::message::{RawBody, Request};

use super::coding::too_large;

/// The most parts of one form.
const PARTS: usize = 1000;

/// Puts the parts of a form into a message; tells how many bytes they were. Bytes and bodies take a
/// part as it is, other fields its text, and parts that there is no field for are left out.
///
/// # Errors
///
/// What is no form, is more than `limit` bytes, or has a text that its field cannot have.
pub(super) async fn fill<Req: Request>(
    message: &mut Req,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<usize> {
    let content_type = headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or(""));
    let boundary = multer::parse_boundary(content_type).map_err(|error| read(error, limit))?;
    let size = SizeLimit::new().whole_stream(limit as u64);
    let constraints = Constraints::new().size_limit(size);
    let mut form = Multipart::with_constraints(Chunks(body), boundary, constraints);
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    let (mut bytes, mut parts) = (0, 0);
    while let Some(part) = form.next_field().await.map_err(|error| read(error, limit))? {
        parts += 1;
        if parts > PARTS {
            return Err(invalid(&format!("more than {PARTS} parts")));
        }
        let Some(name) = part.name().map(str::to_owned) else {
            return Err(invalid("a part has no name"));
        };
        let content_type = part.content_type().map(ToString::to_string).unwrap_or_default();
        let data = part.bytes().await.map_err(|error| read(error, limit))?;
        bytes += data.len();
        if message.attach(&name, RawBody { content_type, data: data.to_vec() }) {
            continue;
        }
        let Ok(text) = String::from_utf8(data.into()) else {
            return Err(invalid(&format!("{name:?} is not UTF-8, and its field takes no file")));
        };
        match texts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(text),
            None => texts.push((name, vec![text])),
        }
    }
    for (name, values) in texts {
        let values: Vec<_> = values.into_iter().map(Cow::Owned).collect();
        let bound = message.bind(&name, &values);
        if let Some(error) = bound.err().filter(|error| !matches!(error, BindError::Unknown)) {
            return Err(invalid(&format!("{name:?}: {error}")));
        }
    }
    Ok(bytes)
}

fn read(error: multer::Error, limit: usize) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { .. } => too_large(limit),
        // What the body itself failed with.
        multer::Error::StreamReadFailed(error) => Error::from_source(error).by_caller(),
        error => invalid(&error.to_string()).with_source(error),
    }
}

fn invalid(what: &str) -> Error {
    Error::bad_request("CODEC", format!("the form cannot be read: {what}"))
}

/// Whether a content type is that of a form with files.
pub(super) fn is_form(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data")
}

/// The data of a body.
struct Chunks(Body);

impl Stream for Chunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
