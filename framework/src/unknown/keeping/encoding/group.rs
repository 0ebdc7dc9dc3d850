//! Messages between two tags, and what is unknown of a message, which the derive takes for one.

use ::bytes::{Buf, BufMut};
use prost::encoding::check_wire_type;
pub use prost::encoding::group::*;
use prost::{DecodeError, Message};

use super::{DecodeContext, UNKNOWN, WireType, enter, next_of_group};

/// Writes one; what is unknown without tags around it.
#[inline]
pub fn encode<M: Message>(tag: u32, message: &M, buf: &mut impl BufMut) {
    if tag == UNKNOWN {
        message.encode_raw(buf);
    } else {
        prost::encoding::group::encode(tag, message, buf);
    }
}

/// How long one is.
#[inline]
pub fn encoded_len<M: Message>(tag: u32, message: &M) -> usize {
    if tag == UNKNOWN {
        message.encoded_len()
    } else {
        prost::encoding::group::encoded_len(tag, message)
    }
}

/// Reads one.
///
/// # Errors
///
/// What is none.
pub fn merge<M: Message>(
    tag: u32,
    wire_type: WireType,
    message: &mut M,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    check_wire_type(WireType::StartGroup, wire_type)?;
    let inner = enter(ctx)?;
    while let Some((tag, wire_type)) = next_of_group(tag, buf)? {
        message.merge_field(tag, wire_type, buf, inner.clone())?;
    }
    Ok(())
}

/// Reads one more.
///
/// # Errors
///
/// What is none.
pub fn merge_repeated<M: Message + Default>(
    tag: u32,
    wire_type: WireType,
    messages: &mut Vec<M>,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    let mut message = M::default();
    merge(tag, wire_type, &mut message, buf, ctx)?;
    messages.push(message);
    Ok(())
}
