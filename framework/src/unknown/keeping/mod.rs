//! prost, with messages that keep what they do not know: what its derive writes its code against.
//!
//! `#[prost(prost_path = "…::keeping")]` makes the derive implement the [`Message`] of this module, in which it
//! knows nothing of unknown fields; the code beside it implements prost's own trait with it. So all that prost
//! makes of a message stays prost's: accessors, defaults, `Debug`, and how known fields are read and written.
//!
//! The other thing that differs is what tags are taken, see [`encoding::decode_key`].

pub mod encoding;

use ::bytes::{Buf, BufMut};
pub use prost::*;

use self::encoding::{DecodeContext, WireType};

/// What prost's derive makes of a message: all about the fields that it knows.
///
/// The methods are those of prost's trait that a message has to have.
pub trait Message {
    /// Writes the known fields, and the unknown ones behind them.
    fn encode_raw(&self, buf: &mut impl BufMut)
    where
        Self: Sized;

    /// Reads a known field.
    ///
    /// # Errors
    ///
    /// A value that is not right.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError>
    where
        Self: Sized;

    /// The length of all fields.
    fn encoded_len(&self) -> usize;

    /// Sets all fields to their defaults.
    fn clear(&mut self);
}

/// Reads a message until the end of `buf`.
///
/// # Errors
///
/// Bytes that are no message, and tags that are longer than a tag can be.
pub fn merge<M: prost::Message>(message: &mut M, buf: &mut impl Buf) -> Result<(), DecodeError> {
    let ctx = DecodeContext::default();
    while buf.has_remaining() {
        let (tag, wire_type) = encoding::decode_key(buf)?;
        message.merge_field(tag, wire_type, buf, ctx.clone())?;
    }
    Ok(())
}

/// Reads a message behind its length.
///
/// # Errors
///
/// Those of [`merge`], and a length that is not right.
pub fn merge_length_delimited<M: prost::Message>(
    message: &mut M,
    buf: &mut impl Buf,
) -> Result<(), DecodeError> {
    encoding::message::merge(WireType::LengthDelimited, message, buf, DecodeContext::default())
}

/// The derive clears what proto2 requires by the trait of its own message: these know nothing unknown.
macro_rules! foreign {
    ($($type:ty),* $(,)?) => { $(
        impl Message for $type {
            fn encode_raw(&self, buf: &mut impl BufMut) {
                prost::Message::encode_raw(self, buf);
            }

            fn merge_field(
                &mut self,
                tag: u32,
                wire_type: WireType,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError> {
                prost::Message::merge_field(self, tag, wire_type, buf, ctx)
            }

            fn encoded_len(&self) -> usize {
                prost::Message::encoded_len(self)
            }

            fn clear(&mut self) {
                prost::Message::clear(self);
            }
        }
    )* };
}

foreign! {
    (), bool, f32, f64, i32, i64, u32, u64,
    prost_types::Any, prost_types::Duration, prost_types::FieldMask, prost_types::ListValue,
    prost_types::Struct, prost_types::Timestamp, prost_types::Value,
}
