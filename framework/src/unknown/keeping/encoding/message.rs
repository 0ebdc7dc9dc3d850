//! Messages behind their length.

use ::bytes::Buf;
use prost::encoding::check_wire_type;
pub use prost::encoding::message::*;
use prost::{DecodeError, Message};

use super::{DecodeContext, WireType, decode_key, enter, merge_loop};

/// Reads one.
///
/// # Errors
///
/// What is none.
pub fn merge<M: Message, B: Buf>(
    wire_type: WireType,
    message: &mut M,
    buf: &mut B,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    check_wire_type(WireType::LengthDelimited, wire_type)?;
    merge_loop(message, buf, enter(ctx)?, |message, buf, ctx| {
        let (tag, wire_type) = decode_key(buf)?;
        message.merge_field(tag, wire_type, buf, ctx)
    })
}

/// Reads one more.
///
/// # Errors
///
/// What is none.
pub fn merge_repeated<M: Message + Default>(
    wire_type: WireType,
    messages: &mut Vec<M>,
    buf: &mut impl Buf,
    ctx: DecodeContext,
) -> Result<(), DecodeError> {
    let mut message = M::default();
    merge(wire_type, &mut message, buf, ctx)?;
    messages.push(message);
    Ok(())
}
