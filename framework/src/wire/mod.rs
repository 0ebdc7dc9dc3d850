//! How calls look on the wire of gRPC: messages in frames, compression, deadlines, status and errors.
//!
//! Both directions and both sides are here and nowhere else: each converts once. The rules are those
//! of `grpc/grpc:doc/PROTOCOL-HTTP2.md`.

mod compression;
mod decoder;
mod encoder;
pub(crate) mod problem;
pub(crate) mod respond;
pub(crate) mod status;
mod streaming;
pub(crate) mod timeout;
pub(crate) mod web;

pub use compression::Encoding;
pub(crate) use compression::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING, accepted};
pub(crate) use decoder::Decoder;
pub(crate) use encoder::{encode, encode_by};
pub use streaming::Streaming;
pub(crate) use streaming::{End, Read, read_one};

use http::header::HeaderValue;

/// The content type that we send: messages are protobuf.
pub(crate) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// Flag, four bytes of length: what stands before each message.
pub(crate) const PREFIX: usize = 5;

/// The largest message that is read unless a setting says otherwise: 4 MiB, as in every gRPC.
pub(crate) const DEFAULT_MAX_MESSAGE: usize = 4 * 1024 * 1024;
