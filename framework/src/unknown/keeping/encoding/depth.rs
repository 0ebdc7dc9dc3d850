//! How deep messages are within one another.

use bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, message};
use prost::{DecodeError, Message};

/// The context for what is one message deeper.
///
/// prost lets nobody else count, so it reads a message that tells what context it was given: a length and
/// a key without a value. They are constants, and the compiler leaves little of them.
///
/// # Errors
///
/// That it is too deep.
#[inline]
pub(super) fn enter(ctx: DecodeContext) -> Result<DecodeContext, DecodeError> {
    let mut asked = Asked(ctx.clone());
    message::merge(WireType::LengthDelimited, &mut asked, &mut &[1_u8, 0b1000][..], ctx)?;
    Ok(asked.0)
}

/// The message that tells its context.
#[derive(Debug)]
struct Asked(DecodeContext);

impl Message for Asked {
    fn encode_raw(&self, _: &mut impl BufMut) {}

    #[inline]
    fn merge_field(
        &mut self,
        _: u32,
        _: WireType,
        _: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        self.0 = ctx;
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        0
    }

    fn clear(&mut self) {}
}
