//! What the messages of a call are written in.

use bytes::{BufMut, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::error::{Error, Result};
use crate::json::Options;
use crate::message::{Request, Response};
use crate::wire::{self, Encoding, Read};

use super::binding::Part;
use super::http::List;

/// What the messages of an answer are written in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// In the frames of gRPC, as protobuf.
    Proto,
    /// In the frames of gRPC, as JSON: `application/grpc+json`, as the gateway of Kratos has it, and
    /// what goes out by a socket, where a body goes as it is.
    Json { options: Options, part: Part, as_is: bool },
    /// One behind the other, as a body of HTTP.
    Listed(List),
}

/// How messages are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) encoding: Encoding,
    pub(super) limit: usize,
    pub(super) form: Form,
}

impl Form {
    /// What a call of gRPC says its messages are written in.
    pub(super) fn of(headers: &HeaderMap, options: Options) -> Result<Self> {
        const KIND: &[u8] = b"application/grpc";
        let content_type = headers.get(CONTENT_TYPE).map_or(KIND, HeaderValue::as_bytes);
        let name = content_type.get(KIND.len()..).unwrap_or_default();
        let end = name.iter().position(|byte| matches!(byte, b';' | b' '));
        match &name[..end.unwrap_or(name.len())] {
            b"" | b"+proto" => Ok(Self::Proto),
            b"+json" => Ok(Self::Json { options, part: Part::Whole, as_is: false }),
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

    /// How messages are read that come as they go; none for protobuf, which is read without asking.
    pub(super) fn reader<Req: Request>(self) -> Option<Read<Req>> {
        match self {
            Self::Proto | Self::Listed(_) => None,
            Self::Json { options, .. } => Some(Box::new(move |data| {
                let mut message = Req::default();
                let mut from = serde_json::Deserializer::from_slice(&data);
                let read = message.merge_json(&options, &mut from).and_then(|()| from.end());
                read.map_err(|error| {
                    let what = format!("the message is not JSON of its type: {error}");
                    Error::bad_request("CODEC", what).with_source(error)
                })?;
                Ok(message)
            })),
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Self::Proto => wire::CONTENT_TYPE,
            Self::Json { .. } => HeaderValue::from_static("application/grpc+json"),
            Self::Listed(list) => list.content_type(),
        }
    }
}

impl Writing {
    /// Writes a message behind what is in `out`, which is the first if none has `begun`; tells its
    /// length, uncompressed.
    pub(super) fn write<Res: Response>(
        self,
        mut message: Res,
        begun: bool,
        out: &mut BytesMut,
    ) -> Result<usize> {
        let Self { encoding, limit, form } = self;
        match form {
            Form::Proto => wire::encode(&message, encoding, limit, out),
            Form::Json { options, part, as_is } => {
                let write =
                    |out: &mut BytesMut| write_json(&mut message, (part, as_is), &options, out);
                wire::encode_by(write, encoding, limit, out)
            }
            Form::Listed(list) => list.write(message, limit, begun, out),
        }
    }
}

/// Writes a message, or the part of it that is told, as JSON behind what is in `out`; a body as it is,
/// where that is wanted.
pub(super) fn write_json<Res: Response>(
    message: &mut Res,
    (part, as_is): (Part, bool),
    options: &Options,
    out: &mut BytesMut,
) -> Result<()> {
    let field = part.field();
    if as_is && Res::is_raw(field) {
        out.extend_from_slice(&message.take_raw(field).unwrap_or_default().data);
        return Ok(());
    }
    let mut to = serde_json::Serializer::new(out.writer());
    let written = match field {
        Some(field) => message.write_field_json(field, options, &mut to),
        None => message.write_json(options, &mut to),
    };
    written.map_err(|error| {
        Error::internal("CODEC", "the answer cannot be written as JSON").with_source(error)
    })
}
