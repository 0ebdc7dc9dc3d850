//! How prost reads fields, with tags that are held against the specification at every level.

mod depth;
pub mod group;
mod map;
pub mod message;

use ::bytes::Buf;
use prost::DecodeError;
pub use prost::encoding::*;

use self::depth::enter;
pub use self::map::{btree_map, hash_map};

/// The tag that the derive knows a message's unknown fields by: above all that a message can have, so
/// that they are written last and never read by it.
pub const UNKNOWN: u32 = MAX_TAG + 1;

/// The longest tag: 29 bits of number and 3 of wire type.
const LONGEST: usize = 5;

/// Reads the key of a field.
///
/// # Errors
///
/// What is no key, and one of more than five bytes, which prost would read: whoever takes 32 bits for
/// a tag, as the specification says, would read another message than we do.
#[inline]
pub fn decode_key(buf: &mut impl Buf) -> Result<(u32, WireType), DecodeError> {
    let before = buf.remaining();
    let key = prost::encoding::decode_key(buf)?;
    if before - buf.remaining() > LONGEST { Err(too_long()) } else { Ok(key) }
}

#[cold]
#[expect(deprecated, reason = "there is no other way to say what is wrong")]
fn too_long() -> DecodeError {
    DecodeError::new("a tag of more than 5 bytes")
}

/// Reads past the value of a field, as prost does.
///
/// # Errors
///
/// A value that is not right, and groups within one another without end.
pub fn skip_field(
    wire_type: WireType,
    tag: u32,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    if wire_type != WireType::StartGroup {
        return prost::encoding::skip_field(wire_type, tag, buf, ctx);
    }
    let inner = enter(ctx)?;
    while let Some((tag, wire_type)) = next_of_group(tag, buf)? {
        skip_field(wire_type, tag, buf, inner.clone())?;
    }
    Ok(())
}

/// The key of the next field of the group with this tag; none at its end.
fn next_of_group(group: u32, buf: &mut impl Buf) -> Result<Option<(u32, WireType)>, DecodeError> {
    let (tag, wire_type) = decode_key(buf)?;
    if wire_type != WireType::EndGroup {
        return Ok(Some((tag, wire_type)));
    }
    if tag != group {
        // The end of what has not begun: prost has the words.
        prost::encoding::skip_field(wire_type, tag, buf, DecodeContext::default())?;
    }
    Ok(None)
}
