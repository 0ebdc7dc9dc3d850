//! What a message keeps of the fields that its proto does not have.

pub mod keeping;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, encode_key};
use prost::{DecodeError, Message};

/// The fields that a message was sent and does not know: what newer peers have added, and extensions
/// of proto2.
///
/// Messages have it as their field `unknown_fields` if they are generated with
/// `Compiler::unknown_fields(true)`. Decoding fills it, encoding writes it behind the fields that are
/// known, in the order in which they came; two messages are equal only if it is. Nothing of it is in
/// JSON. A message that was made here has none, and an empty one allocates nothing.
///
/// It is a message itself, of nothing but such fields: what it holds is read by whoever knows it with
/// `Extension::decode(message.unknown_fields.as_bytes())`, and `UnknownFields::decode` makes one of bytes.
///
/// It holds no more than it was sent, key and value as they came, without copies in other forms.
/// Decoded from a stranger, it is bounded by the size that a message may have.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownFields {
    /// Whole fields, one behind the other.
    bytes: Vec<u8>,
}

impl UnknownFields {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How long they are when they are written, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The fields as they are written: each its key and its value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets them, so that the message is written without.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Says how many bytes there are and not which: nobody knows whether they may be shown.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownFields({} bytes)", self.len())
    }
}

impl Message for UnknownFields {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.bytes);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let start = self.bytes.len();
        encode_key(tag, wire_type, &mut self.bytes);
        let mut value = Copied { from: buf, into: &mut self.bytes };
        keeping::encoding::skip_field(wire_type, tag, &mut value, ctx).inspect_err(|_| {
            // Half a field would spoil what is written.
            self.bytes.truncate(start);
        })
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn merge(&mut self, mut buf: impl Buf) -> Result<(), DecodeError> {
        keeping::merge(self, &mut buf)
    }

    fn merge_length_delimited(&mut self, mut buf: impl Buf) -> Result<(), DecodeError> {
        keeping::merge_length_delimited(self, &mut buf)
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}

/// Writes down what is read past.
struct Copied<'a, B> {
    from: &'a mut B,
    into: &'a mut Vec<u8>,
}

impl<B: Buf> Buf for Copied<'_, B> {
    fn remaining(&self) -> usize {
        self.from.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.from.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.into.put(Buf::take(&mut *self.from, count));
    }
}
