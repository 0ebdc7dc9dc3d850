//! What the `Json` of generated messages is made of. Not for use by hand: it changes with the
//! generator.
//!
//! Generated code names a [`Codec`] for each field and the function for the shape in which the
//! struct holds it; everything else is here once.

mod leaf;
mod map;
mod message;
mod read;
mod scalar;
mod write;

pub(super) use map::{MapVisitor, entries};

use serde::de::{DeserializeSeed, IgnoredAny};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize as _, Deserializer, Serialize, Serializer};

use super::{Json, Types};

pub use super::Options;
pub use leaf::{Bytes, Double, Dynamic, EnumOf, Float, Msg, Null, Text};
pub use map::{Key, map_read, map_write};
use message::Presence;
pub use message::{Field, Message};
pub use read::{boxed, member, optional, optional_boxed, plain, repeated};
pub use scalar::{Bool, Int32, Int64, Uint32, Uint64};
pub use write::{
    Sink, member as write_member, optional as write_optional, plain as write_plain,
    repeated as write_repeated, required as write_required,
};

/// How values of one protobuf type are written and read.
pub trait Codec {
    /// What holds one in Rust.
    type Value;

    /// Whether `null` is a value of it and not the absence of one.
    const TAKES_NULL: bool = false;

    /// Whether it is what a field without presence has by itself.
    fn is_default(value: &Self::Value) -> bool;

    /// Writes one.
    ///
    /// # Errors
    ///
    /// What JSON cannot say, and those of the format.
    fn write<S: Serializer>(
        value: &Self::Value,
        options: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error>;

    /// Writes several, as a list.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    fn write_list<S: Serializer>(
        values: &[Self::Value],
        options: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error>
    where
        Self: Sized,
    {
        let mut out = out.serialize_seq(Some(values.len()))?;
        for value in values {
            out.serialize_element(&Put::<Self>(value, options))?;
        }
        out.end()
    }

    /// Reads one; `false` if it is one to be ignored, and then nothing is changed.
    ///
    /// # Errors
    ///
    /// What is no value of it.
    fn read<'de, D: Deserializer<'de>>(
        into: &mut Self::Value,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error>;
}

/// One value on its way out.
pub(super) struct Put<'a, C: Codec>(pub(super) &'a C::Value, pub(super) &'a Options);

impl<C: Codec> Serialize for Put<'_, C> {
    #[inline]
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        C::write(self.0, self.1, out)
    }
}

/// The place of one value that is read.
pub(super) struct Take<'a, C: Codec>(pub(super) &'a mut C::Value, pub(super) &'a Options);

impl<'de, C: Codec> DeserializeSeed<'de> for Take<'_, C> {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        C::read(self.0, self.1, from)
    }
}

/// Writes a message by the default options: its `serde::Serialize`.
///
/// # Errors
///
/// As [`Json::write_json`].
pub fn serialize<M: Json, S: Serializer>(
    message: &M,
    types: Types,
    out: S,
) -> Result<S::Ok, S::Error> {
    message.write_json(&Options::new().with_types(types), out)
}

/// Reads a message by the default options: its `serde::Deserialize`.
///
/// # Errors
///
/// As [`Json::merge_json`].
pub fn deserialize<'de, M: Json + Default, D: Deserializer<'de>>(
    types: Types,
    from: D,
) -> Result<M, D::Error> {
    let mut message = M::default();
    message.merge_json(&Options::new().with_types(types), from)?;
    Ok(message)
}

/// Skips a value.
///
/// # Errors
///
/// What is none.
pub fn skip<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let _skipped = IgnoredAny::deserialize(from)?;
    Ok(false)
}
