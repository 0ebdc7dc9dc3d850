use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use http::{HeaderMap, Response, Version};
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::body::Body;
use crate::context::{Context, Inbound};
use crate::error::{Error, Result};
use crate::json;
use crate::media::Media;
use crate::message::{RawBody, Request, Response as Answer};
use crate::operation::Kind;
use crate::validate;

use super::super::binding::Part;
use super::super::call::Limits;
use super::coding::{self, Coding};
use super::content::Content;
use super::{Bound, multipart, pairs, path};

/// What an answer depends on, whatever the caller sent.
const VARIES: HeaderValue = HeaderValue::from_static("accept, accept-encoding");

/// One call over HTTP: reads its message, and writes what is answered.
#[derive(Debug)]
pub(in crate::dispatch) struct Exchange {
    pub(in crate::dispatch) cx: Context,
    pub(super) bound: Bound,
    pub(super) limits: Limits,
    pub(super) media: Media,
    coding: Coding,
}

/// What is left to read of a request.
#[derive(Debug)]
pub(in crate::dispatch) struct Unread {
    pub(super) headers: HeaderMap,
    pub(super) version: Version,
    pub(super) query: Option<http::uri::PathAndQuery>,
    pub(super) body: Body,
}

impl Exchange {
    /// # Errors
    ///
    /// If the caller reads nothing that we write.
    pub(in crate::dispatch) fn open<Res: Answer>(
        call: Inbound,
        bound: Bound,
        limits: Limits,
    ) -> Result<(Self, Unread)> {
        let Inbound { cx, request } = call;
        let (parts, body) = request.into_parts();
        let media = match cx.http().and_then(|http| http.media) {
            Some(media) => media,
            // What a body as it is will be, nobody knows before it is there.
            None if Res::is_raw(bound.binding.response.field()) => Media::default(),
            None => return Err(not_acceptable(cx.operation().kind())),
        };
        let coding = Coding::wanted(&parts.headers);
        let query = parts.uri.into_parts().path_and_query;
        let unread = Unread { headers: parts.headers, version: parts.version, query, body };
        Ok((Self { cx, bound, limits, media, coding }, unread))
    }

    /// The one message of the request: of its body, its query and its path.
    ///
    /// # Errors
    ///
    /// What cannot be read, is too large, or breaks the rules of its proto.
    pub(in crate::dispatch) async fn read<Req: Request>(&self, unread: Unread) -> Result<Req> {
        let Unread { headers, version, query, body } = unread;
        let mut message = Req::default();
        let Self { bound, limits, .. } = self;
        let part = bound.binding.body;
        if part != Part::None && Req::is_raw(part.field()) {
            let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let data = self.body(&headers, body).await?;
            self.cx.sizes().receive(data.len());
            message.set_raw(part.field(), RawBody { content_type, data: data.into() });
        } else if part == Part::Whole && headers.get(CONTENT_TYPE).is_some_and(multipart::is_form) {
            let is_plain = Coding::of(&headers)? == Coding::default();
            let body = if is_plain { body } else { Body::full(self.body(&headers, body).await?) };
            let read = multipart::fill(&mut message, &headers, body, limits.max_receive).await?;
            self.cx.sizes().receive(read);
        } else if part != Part::None {
            let content = Content::of(&headers, version)?;
            let data = self.body(&headers, body).await?;
            self.cx.sizes().receive(data.len());
            self.merge(&mut message, content, &data)?;
        }
        if bound.binding.body != Part::Whole || limits.http.query_over_body {
            let query = query.as_ref().and_then(http::uri::PathAndQuery::query);
            if let Some(query) = query.filter(|query| !query.is_empty()) {
                let strict = limits.http.strict_query;
                pairs::fill(&mut message, query.as_bytes(), pairs::From::Query, strict)?;
            }
        }
        if !bound.binding.variables.is_empty() {
            let path = self.cx.http().map_or("", |http| http.path());
            path::fill(&mut message, path, &bound.binding)?;
        }
        self.cx.set_headers(headers);
        validate::check(&message)?;
        Ok(message)
    }

    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes> {
        let coding = Coding::of(headers)?;
        let limit = self.limits.max_receive;
        coding.decode(collect(body, limit).await?, limit)
    }

    fn merge<Req: Request>(&self, message: &mut Req, content: Content, data: &Bytes) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let part = self.bound.binding.body;
        match (content, part) {
            (_, Part::None) => Ok(()),
            (Content::Unsaid, _) => Err(Error::new(
                415,
                "CONTENT_TYPE_UNSUPPORTED",
                "the request has a body and no content-type; send application/json",
            )),
            (Content::Json, _) => from_json(message, part, &self.bound.json, data),
            (Content::Proto, _) => from_proto(message, part, data),
            (Content::Form, Part::Whole) => {
                // What tools send that were told no content type: nothing of it would be read.
                if data.trim_ascii_start().starts_with(b"{") {
                    return Err(Error::new(
                        415,
                        "CONTENT_TYPE_UNSUPPORTED",
                        "the body is JSON and its content-type says a form; send application/json",
                    ));
                }
                let strict = self.limits.http.strict_query;
                pairs::fill(message, data, pairs::From::Form, strict)
            }
            (Content::Multipart, _) | (Content::Form, Part::Field(_)) => Err(Error::new(
                415,
                "CONTENT_TYPE_UNSUPPORTED",
                "the body is one field here, which no form can say; send application/json",
            )),
        }
    }

    /// Writes the one message of an answer.
    ///
    /// # Errors
    ///
    /// What cannot be said, or is too large.
    pub(in crate::dispatch) fn answer<Res: Answer>(
        &self,
        mut message: Res,
    ) -> Result<Response<Body>> {
        let part = self.bound.binding.response;
        let mut content_type = HeaderValue::from_static(self.media.name());
        let data = if Res::is_raw(part.field()) {
            let RawBody { content_type: told, data } =
                message.take_raw(part.field()).unwrap_or_default();
            let told = HeaderValue::try_from(told).ok().filter(|told| !told.is_empty());
            content_type =
                told.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream"));
            data.into()
        } else if self.media.is_json() {
            to_json(&message, part, &self.bound.json)?
        } else {
            to_proto(&message, part)?
        };
        if data.len() > self.limits.max_send {
            return Err(too_large(data.len(), self.limits.max_send));
        }
        self.cx.sizes().send(data.len());
        let mut headers = self.cx.take_reply_headers().unwrap_or_default();
        // The head is written when all is known: what gRPC sends behind its message goes along.
        headers.extend(self.cx.take_reply_trailers().unwrap_or_default());
        headers.insert(CONTENT_TYPE, content_type);
        headers.append(VARY, VARIES);
        let worth_it = data.len() >= self.limits.http.compress_from;
        let compressed = if worth_it { self.coding.encode(&data) } else { None };
        let body = match compressed {
            Some(compressed) => {
                let coding = HeaderValue::from_static(self.coding.name());
                headers.insert(CONTENT_ENCODING, coding);
                Body::full(compressed)
            }
            None => Body::full(data),
        };
        let mut response = Response::new(body);
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// All of a body, which is refused as soon as it is known to be more than `limit`.
async fn collect(mut body: Body, limit: usize) -> Result<Bytes> {
    if body.size_hint().lower() > limit as u64 {
        return Err(coding::too_large(limit));
    }
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Error::by_caller)?.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            return Err(coding::too_large(limit));
        }
        // One chunk, as most bodies are, is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

pub(super) fn from_json<Req: Request>(
    message: &mut Req,
    part: Part,
    options: &json::Options,
    data: &[u8],
) -> Result<()> {
    let mut from = serde_json::Deserializer::from_slice(data);
    let read = match part {
        Part::Field(field) => message.merge_field_json(field, options, &mut from),
        Part::None | Part::Whole => message.merge_json(options, &mut from),
    };
    read.and_then(|()| from.end())
        .map_err(|error| Error::bad_request("CODEC", format!("the body cannot be read: {error}")))
}

/// A field alone is written as what stands behind its tag and length: a message, a string, bytes.
fn from_proto<Req: Request>(message: &mut Req, part: Part, data: &Bytes) -> Result<()> {
    let read = match part {
        Part::None | Part::Whole => message.merge(data.clone()),
        Part::Field(field) => {
            let mut framed = BytesMut::with_capacity(data.len() + 16);
            prost::encoding::encode_key(
                field,
                prost::encoding::WireType::LengthDelimited,
                &mut framed,
            );
            prost::encoding::encode_varint(data.len() as u64, &mut framed);
            framed.extend_from_slice(data);
            message.merge(framed.freeze())
        }
    };
    read.map_err(|error| {
        Error::bad_request("CODEC", "the body is not valid protobuf of this method")
            .with_source(error)
    })
}

fn to_json<Res: Answer>(message: &Res, part: Part, options: &json::Options) -> Result<Bytes> {
    let mut data = Vec::with_capacity(128);
    let mut out = serde_json::Serializer::new(&mut data);
    let written = match part {
        Part::Field(field) => message.write_field_json(field, options, &mut out),
        Part::None | Part::Whole => message.write_json(options, &mut out),
    };
    written.map_err(|error| {
        Error::internal("CODEC", "the answer cannot be written as JSON").with_source(error)
    })?;
    Ok(data.into())
}

fn to_proto<Res: Answer>(message: &Res, part: Part) -> Result<Bytes> {
    let data = Bytes::from(message.encode_to_vec());
    match part {
        Part::None | Part::Whole => Ok(data),
        Part::Field(field) => only(field, data),
    }
}

/// What stands behind the tag and length of one field.
fn only(field: u32, mut data: Bytes) -> Result<Bytes> {
    use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

    let broken = |error: prost::DecodeError| Error::from_source(error);
    let mut found = None;
    while !data.is_empty() {
        let (number, kind) = decode_key(&mut data).map_err(broken)?;
        if number != field {
            skip_field(kind, number, &mut data, DecodeContext::default()).map_err(broken)?;
            continue;
        }
        if kind != WireType::LengthDelimited || found.is_some() {
            return Err(Error::new(
                406,
                "NOT_ACCEPTABLE",
                "this answer is one field that protobuf cannot write alone; accept application/json",
            ));
        }
        let length = decode_varint(&mut data).map_err(broken)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(data.len());
        found = Some(data.split_to(length));
    }
    Ok(found.unwrap_or_default())
}

fn not_acceptable(kind: Kind) -> Error {
    let all: Vec<_> = Media::of(kind).iter().map(|media| media.name()).collect();
    let message = format!("the caller accepts nothing that is written here: {}", all.join(", "));
    Error::new(406, "NOT_ACCEPTABLE", message)
}

fn too_large(length: usize, limit: usize) -> Error {
    Error::too_many_requests(
        "MESSAGE_TOO_LARGE",
        format!("message of {length} bytes is larger than the {limit} that may be sent"),
    )
}
