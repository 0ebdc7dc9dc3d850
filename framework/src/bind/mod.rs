//! Messages filled from text: path variables, queries and forms.
//!
//! Generated code implements [`Bind`]: it finds the field by its name and has a codec of `codec` read
//! the text. The rules are those of Kratos where `google/api/http.proto` says nothing.

pub mod codec;
mod foreign;

use std::borrow::Cow;
use std::fmt;

/// A message whose fields can be set from text. Generated code implements it.
pub trait Bind {
    /// Sets the field that `path` leads to, by the names of the proto or those of JSON:
    /// `page_size`, `user.createdAt`, `labels[color]`.
    ///
    /// `values` are all that were told for it, in their order, without escapes. Of a field that is not
    /// repeated there is one; an empty one leaves it as it is.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    fn bind(&mut self, path: &str, values: &[Cow<'_, str>]) -> Result<(), BindError>;
}

/// Why text could not be put into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindError {
    /// There is no such field.
    Unknown,
    /// More than one value, for what has one.
    Many,
    /// Another member of the same `oneof` is told already.
    Taken,
    /// A value that is not of the field: what is expected instead.
    Invalid(&'static str),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such field"),
            Self::Many => f.write_str("one value goes there"),
            Self::Taken => f.write_str("another field of the same oneof is told already"),
            Self::Invalid(expected) => write!(f, "expected {expected}"),
        }
    }
}

impl std::error::Error for BindError {}
