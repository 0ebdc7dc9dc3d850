//! Messages as the protobuf specification writes them in JSON.
//!
//! Generated code implements [`Json`] for each message: it goes straight between the struct and a
//! serde format, by [`Options`] that are handed in and not global.

mod foreign;

use serde::{Deserializer, Serializer};

/// How messages are written and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {}

/// A message that can be written and read as JSON. Generated code implements it.
pub trait Json {
    /// Writes the message.
    ///
    /// # Errors
    ///
    /// A value that JSON cannot say: a timestamp beyond the year 9999, an `Any` of an unknown type.
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        let _unused = (options, out);
        Err(serde::ser::Error::custom("this message has no JSON form"))
    }

    /// Writes one field alone, by its number: what `response_body` names.
    ///
    /// # Errors
    ///
    /// As [`write_json`](Self::write_json), and if there is no such field.
    fn write_field_json<S: Serializer>(
        &self,
        field: u32,
        options: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        let _unused = (field, options, out);
        Err(serde::ser::Error::custom("this message has no JSON form"))
    }

    /// Reads what is there into the message, over what is in it.
    ///
    /// # Errors
    ///
    /// What is not JSON of this message, by the rules of the specification.
    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let _unused = (options, from);
        Err(serde::de::Error::custom("this message has no JSON form"))
    }

    /// Reads one field alone, by its number: what `body` names.
    ///
    /// # Errors
    ///
    /// As [`merge_json`](Self::merge_json), and if there is no such field.
    fn merge_field_json<'de, D: Deserializer<'de>>(
        &mut self,
        field: u32,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let _unused = (field, options, from);
        Err(serde::de::Error::custom("this message has no JSON form"))
    }
}
