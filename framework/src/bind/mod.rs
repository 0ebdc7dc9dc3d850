//! Messages filled from text: path variables, queries and forms.

mod foreign;

use std::borrow::Cow;
use std::fmt;

/// A message whose fields can be set from text. Generated code implements it.
pub trait Bind {
    /// Sets the field that `path` leads to, by the names of the proto or those of JSON:
    /// `page_size`, `user.createdAt`, `labels[color]`.
    ///
    /// `values` are all that were told for it, in their order, without escapes.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    fn bind(&mut self, path: &str, values: &[Cow<'_, str>]) -> Result<(), BindError> {
        let _unused = (path, values);
        Err(BindError::Unknown)
    }
}

/// Why text could not be put into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindError {
    /// There is no such field.
    Unknown,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such field"),
        }
    }
}

impl std::error::Error for BindError {}
