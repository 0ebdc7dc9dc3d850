//! Messages as the protobuf specification writes them in JSON.
//!
//! Generated code implements [`Json`] for each message: it goes straight between the struct and a
//! serde format, by [`Options`] that are handed in and not global.
//!
//! ```
//! use bia::json::{self, Defaults, Options};
//! use bia::prost_types::Timestamp;
//!
//! let time: Timestamp = json::from_slice(br#""2026-01-02T03:04:05.5+01:00""#, &Options::default())?;
//! assert_eq!(json::to_string(&time, &Options::default())?, r#""2026-01-02T02:04:05.500Z""#);
//! # Ok::<(), bia::json::Error>(())
//! ```

mod any;
#[doc(hidden)]
pub mod codec;
mod dynamic;
mod foreign;
mod mask;
mod node;
mod number;
mod options;
mod time;

use serde::de::Error as _;
use serde::{Deserializer, Serializer};

pub use any::{AnyType, Types};
pub use options::{Defaults, Enums, FieldNames, Int64, Options, Unknown};

/// Why a text is not JSON of a message, or a message has no JSON: what, and at which line and column.
pub use serde_json::Error;

/// A message that can be written and read as JSON. Generated code implements it.
pub trait Json {
    /// Writes the message.
    ///
    /// # Errors
    ///
    /// A value that JSON cannot say: a timestamp beyond the year 9999, an `Any` of an unknown type,
    /// messages in messages beyond [`Options::with_depth`].
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error>;

    /// Writes one field alone, by its number: what `response_body` names. A message that is not
    /// there is `null`; everything else is written whatever [`Defaults`] say.
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
        let _unused = (options, out);
        Err(serde::ser::Error::custom(format_args!("there is no field {field} in this message")))
    }

    /// Reads what is there into the message, over what is in it: a message within it is read into
    /// as well, anything else is replaced, also lists and maps.
    ///
    /// # Errors
    ///
    /// What is not JSON of this message, by the rules of the specification.
    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error>;

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
        let _unused = (options, from);
        Err(D::Error::custom(format_args!("there is no field {field} in this message")))
    }
}

/// What the names of an enum are. Generated code implements it.
pub trait Enum {
    /// As in the proto: `user.v1.User.Status`.
    const NAME: &'static str;

    /// The first name that the proto gives to a number.
    fn name(number: i32) -> Option<&'static str>;

    /// The number of a name; aliases are known too.
    fn number(name: &str) -> Option<i32>;
}

/// Reads a message from a whole text.
///
/// # Errors
///
/// As [`Json::merge_json`], and if anything but white space follows.
pub fn from_slice<M: Json + Default>(text: &[u8], options: &Options) -> Result<M, Error> {
    let mut message = M::default();
    let mut from = serde_json::Deserializer::from_slice(text);
    message.merge_json(options, &mut from)?;
    from.end()?;
    Ok(message)
}

/// Writes a message as text without white space.
///
/// # Errors
///
/// As [`Json::write_json`].
pub fn to_vec<M: Json>(message: &M, options: &Options) -> Result<Vec<u8>, Error> {
    // Most messages fit, so that it need not grow.
    let mut text = Vec::with_capacity(512);
    message.write_json(options, &mut serde_json::Serializer::new(&mut text))?;
    Ok(text)
}

/// Writes a message as text without white space.
///
/// # Errors
///
/// As [`Json::write_json`].
pub fn to_string<M: Json>(message: &M, options: &Options) -> Result<String, Error> {
    let text = to_vec(message, options)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}
