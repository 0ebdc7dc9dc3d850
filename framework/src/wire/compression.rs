use http::HeaderMap;
use http::header::HeaderName;
#[cfg(feature = "gzip")]
use std::io::{Read, Write};

use crate::error::{Error, Result};

pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// How a message is compressed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    #[default]
    Identity,
    /// gzip, RFC 1952. Cheap on the wire, some 20 µs of CPU per 10 KiB (level 1).
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Encoding {
    /// What we can read, as `grpc-accept-encoding` says it.
    #[cfg(feature = "gzip")]
    pub(crate) const ACCEPTED: &'static str = "identity,gzip";
    #[cfg(not(feature = "gzip"))]
    pub(crate) const ACCEPTED: &'static str = "identity";

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
        }
    }

    /// The encoding that a peer says its messages have.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self> {
        let Some(value) = headers.get(GRPC_ENCODING) else { return Ok(Self::Identity) };
        match value.as_bytes() {
            b"identity" => Ok(Self::Identity),
            #[cfg(feature = "gzip")]
            b"gzip" => Ok(Self::Gzip),
            other => Err(Error::unimplemented(
                "ENCODING_UNSUPPORTED",
                format!(
                    "messages are compressed with {:?}; this side reads {}",
                    String::from_utf8_lossy(other),
                    Self::ACCEPTED
                ),
            )),
        }
    }

    #[cfg(feature = "gzip")]
    pub(crate) fn compress(self, data: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Identity => out.extend_from_slice(data),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
                encoder.write_all(data).map_err(Error::from_source)?;
                encoder.finish().map_err(Error::from_source)?;
            }
        }
        Ok(())
    }

    /// Decompresses at most `limit` bytes: a small message must not become a large one.
    #[cfg(feature = "gzip")]
    pub(crate) fn decompress(self, data: &[u8], limit: usize) -> Result<Vec<u8>> {
        if self == Self::Identity {
            return Err(not_compressed());
        }
        let mut out = Vec::with_capacity(data.len().saturating_mul(3).min(limit));
        let mut reader = flate2::read::MultiGzDecoder::new(data).take(limit as u64 + 1);
        reader.read_to_end(&mut out).map_err(|error| {
            Error::internal("MESSAGE_INVALID", "message is not valid gzip").with_source(error)
        })?;
        Ok(out)
    }

    #[cfg(not(feature = "gzip"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    pub(crate) fn decompress(self, _: &[u8], _: usize) -> Result<Vec<u8>> {
        Err(not_compressed())
    }
}

fn not_compressed() -> Error {
    Error::internal("MESSAGE_INVALID", "message is flagged compressed but no grpc-encoding is set")
}

/// Whether a peer reads messages in `encoding`.
pub(crate) fn accepted(headers: &HeaderMap, encoding: Encoding) -> bool {
    headers
        .get_all(GRPC_ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == encoding.name())
}
