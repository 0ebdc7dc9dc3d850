//! What the messages of a call are written in.

use bytes::{BufMut, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::error::{Error, Result};
use crate::json::{Json, Options};
use crate::message::Request;
use crate::wire::{self, Read};

/// What the messages in the frames of gRPC are written in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Codec {
    Proto,
    /// `application/grpc+json`, as the gateway of Kratos has it.
    Json(Options),
}

impl Codec {
    /// What a call of gRPC says its messages are written in.
    pub(super) fn of(headers: &HeaderMap, options: Options) -> Result<Self> {
        const KIND: &[u8] = b"application/grpc";
        let content_type = headers.get(CONTENT_TYPE).map_or(KIND, HeaderValue::as_bytes);
        let name = content_type.get(KIND.len()..).unwrap_or_default();
        let end = name.iter().position(|byte| matches!(byte, b';' | b' '));
        match &name[..end.unwrap_or(name.len())] {
            b"" | b"+proto" => Ok(Self::Proto),
            b"+json" => Ok(Self::Json(options)),
            other => Err(Error::unimplemented(
                "CODEC_UNSUPPORTED",
                format!(
                    "messages are written as application/grpc{}; this side reads \
                     application/grpc, +proto and +json",
                    String::from_utf8_lossy(other)
                ),
            )),
        }
    }

    /// How messages are read; none for protobuf, which is read without asking.
    pub(super) fn reader<Req: Request>(self) -> Option<Read<Req>> {
        match self {
            Self::Proto => None,
            Self::Json(options) => Some(Box::new(move |data| read_json(&options, &data))),
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Self::Proto => wire::CONTENT_TYPE,
            Self::Json(_) => HeaderValue::from_static("application/grpc+json"),
        }
    }
}

/// The message that `data` is, as JSON.
pub(super) fn read_json<Req: Request>(options: &Options, data: &[u8]) -> Result<Req> {
    let mut message = Req::default();
    let mut from = serde_json::Deserializer::from_slice(data);
    message.merge_json(options, &mut from).and_then(|()| from.end()).map_err(not_json)?;
    Ok(message)
}

/// Writes a message as JSON behind what is in `out`.
pub(super) fn write_json<Res: Json>(
    message: &Res,
    options: &Options,
    out: &mut BytesMut,
) -> Result<()> {
    let mut to = serde_json::Serializer::new(out.writer());
    message.write_json(options, &mut to).map_err(not_written)
}

fn not_json(error: serde_json::Error) -> Error {
    Error::bad_request("CODEC", format!("the message is not JSON of its type: {error}"))
        .with_source(error)
}

fn not_written(error: serde_json::Error) -> Error {
    Error::internal("MESSAGE_UNWRITABLE", "the reply cannot be written as JSON").with_source(error)
}
