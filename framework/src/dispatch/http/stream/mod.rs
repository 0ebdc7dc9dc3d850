//! Streams over HTTP: what a caller sends one behind the other, and lists of what it is answered.

mod chunks;
mod list;
mod split;

use http::header::HeaderValue;
use http::uri::PathAndQuery;

use crate::context::{Context, Inbound};
use crate::error::{Error, Result};
use crate::message::{RawBody, Request, Response};
use crate::validate;
use crate::wire::respond::Ending;
use crate::wire::{Decoder, Encoding, End, Read, Streaming};

use super::super::binding::Part;
use super::super::call::Limits;
use super::super::form::{Form, Writing};
use super::coding::Coding;
use super::content::Content;
use super::exchange::{self, Exchange, Unread};
use super::{Bound, pairs, path};
use chunks::Chunks;
pub(in crate::dispatch) use list::List;
use split::Split;

/// Opens a call by a socket, whose messages are in frames already.
pub(in crate::dispatch) fn by_socket<Req: Request>(
    call: Inbound,
    bound: Bound,
    limits: Limits,
) -> (Context, Streaming<Req>, Writing) {
    let Inbound { cx, request } = call;
    let (parts, body) = request.into_parts();
    let query = parts.uri.into_parts().path_and_query;
    cx.set_headers(parts.headers);
    let decoder = Decoder::new(Encoding::Identity, limits.max_receive);
    let requests = Streaming::new(body, decoder, End::Request)
        .metered(cx.clone())
        .read_by(Some(reader(&cx, bound, limits, query, None)))
        .checked_by(validate::check::<Req>);
    let form = Form::Json { options: bound.json, part: bound.binding.response, as_is: true };
    (cx, requests, Writing { encoding: Encoding::Identity, limit: limits.max_send, form })
}

/// How a response says that its stream ends as one of gRPC does, which is how a socket hears it.
pub(in crate::dispatch) const BY_SOCKET: Ending = Ending::Trailers;

impl Exchange {
    /// The messages of a request that is a stream: a JSON array, JSON values one behind the other, or
    /// where the message is a body, that in the pieces that it comes in.
    ///
    /// # Errors
    ///
    /// What cannot be read.
    pub(in crate::dispatch) fn requests<Req: Request>(
        &self,
        unread: Unread,
    ) -> Result<Streaming<Req>> {
        let Unread { headers, version, query, body } = unread;
        let Self { cx, bound, limits, .. } = self;
        if Coding::of(&headers)? != Coding::default() {
            let what = "a stream is read as it comes, without a content-encoding";
            return Err(Error::new(415, "CONTENT_ENCODING_UNSUPPORTED", what));
        }
        let body = if Req::is_raw(part(bound).field()) {
            // What a chunk holds is in memory already: no message is larger than what was read.
            Chunks::body(body)
        } else {
            match Content::of(&headers, version)? {
                Content::Json | Content::Unsaid => Split::body(body, limits.max_receive),
                Content::Proto | Content::Form | Content::Multipart => {
                    let what = "a stream is sent as application/json or application/x-ndjson";
                    return Err(Error::new(415, "CONTENT_TYPE_UNSUPPORTED", what));
                }
            }
        };
        let content_type = headers.get(http::header::CONTENT_TYPE).cloned();
        let read = reader(cx, *bound, *limits, query, content_type);
        cx.set_headers(headers);
        let decoder = Decoder::new(Encoding::Identity, usize::MAX);
        Ok(Streaming::new(body, decoder, End::Request)
            .metered(cx.clone())
            .read_by(Some(read))
            .checked_by(validate::check::<Req>))
    }

    /// How the messages of an answer that is a stream are written.
    pub(in crate::dispatch) fn writing<Res: Response>(&self) -> Writing {
        let Self { bound, limits, media, .. } = self;
        let list = List::new::<Res>(*media, bound.binding.response, bound.json);
        Writing { encoding: Encoding::Identity, limit: limits.max_send, form: Form::Listed(list) }
    }
}

/// What a message of a stream is. One that carries nothing makes no stream: where the proto tells of
/// no body it is the whole.
fn part(bound: &Bound) -> Part {
    match bound.binding.body {
        Part::None => Part::Whole,
        part @ (Part::Whole | Part::Field(_)) => part,
    }
}

/// Reads each message of a stream, with what path and query say of all of them: as in Kratos, they
/// stand over what the message says.
fn reader<Req: Request>(
    cx: &Context,
    bound: Bound,
    limits: Limits,
    query: Option<PathAndQuery>,
    content_type: Option<HeaderValue>,
) -> Read<Req> {
    let path = cx.http().and_then(|http| http.path.clone());
    let part = part(&bound);
    Box::new(move |data| {
        let mut message = Req::default();
        if Req::is_raw(part.field()) {
            let content_type = content_type.as_ref().and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            message.set_raw(part.field(), RawBody { content_type, data: data.into() });
        } else {
            exchange::from_json(&mut message, part, &bound.json, &data)?;
        }
        let query = query.as_ref().and_then(PathAndQuery::query).filter(|query| !query.is_empty());
        if let Some(query) = query {
            let strict = limits.http.strict_query;
            pairs::fill(&mut message, query.as_bytes(), pairs::From::Query, strict)?;
        }
        if !bound.binding.variables.is_empty() {
            let path = path.as_ref().map_or("", PathAndQuery::path);
            path::fill(&mut message, path, &bound.binding)?;
        }
        Ok(message)
    })
}
