//! How fields are set from text, one type for each kind of value.

mod scalar;
#[cfg(test)]
mod tests;
mod well_known;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;

use super::Bind;
pub use super::BindError;

pub use scalar::{Bool, Bytes, Double, EnumOf, Float, Int32, Int64, Null, Text, Uint32, Uint64};
pub use well_known::{Duration, Dynamic, FieldMask, List, Struct, Timestamp};

type Result<T = ()> = std::result::Result<T, BindError>;
type Values<'a> = [Cow<'a, str>];

/// How a value is read from text.
pub trait Codec {
    /// What it is in a message.
    type Value: Default;

    /// Reads one text.
    ///
    /// # Errors
    ///
    /// What is expected instead.
    fn read(text: &str) -> Result<Self::Value>;

    /// Whether a text says that there is nothing.
    fn is_nothing(text: &str) -> bool {
        text.is_empty()
    }

    /// Sets a value. `rest` is what of the path stands behind the field's name.
    ///
    /// # Errors
    ///
    /// If there is nothing to set there, or not from these texts.
    fn set(value: &mut Self::Value, rest: &str, values: &Values<'_>) -> Result {
        match (rest, values) {
            ("", []) => Ok(()),
            ("", [text]) if Self::is_nothing(text) => Ok(()),
            ("", [text]) => {
                *value = Self::read(text)?;
                Ok(())
            }
            ("", _) => Err(BindError::Many),
            (_, _) => Err(BindError::Unknown),
        }
    }
}

/// A message, of which fields are set.
#[derive(Debug)]
pub struct Message<M>(PhantomData<M>);

impl<M: Bind + Default> Codec for Message<M> {
    type Value = M;

    fn read(_: &str) -> Result<M> {
        Err(BindError::Invalid("a field of the message, which is not text itself"))
    }

    fn set(value: &mut M, rest: &str, values: &Values<'_>) -> Result {
        match rest.strip_prefix('.') {
            Some(path) => value.bind(path, values),
            None if rest.is_empty() => Self::read("").map(drop),
            None => Err(BindError::Unknown),
        }
    }
}

/// The name that a path begins with, and what stands behind it: `.name` or `[key]`.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find(['.', '[']).unwrap_or(path.len()))
}

/// Sets a field that is always there.
///
/// # Errors
///
/// See [`BindError`].
pub fn plain<C: Codec>(field: &mut C::Value, rest: &str, values: &Values<'_>) -> Result {
    C::set(field, rest, values)
}

/// Sets a field that may be there. It is not made for what cannot be put into it.
///
/// # Errors
///
/// See [`BindError`].
pub fn optional<C: Codec>(field: &mut Option<C::Value>, rest: &str, values: &Values<'_>) -> Result {
    if let ("", [text]) = (rest, values)
        && C::is_nothing(text)
    {
        return Ok(());
    }
    if let Some(value) = field {
        return C::set(value, rest, values);
    }
    let mut value = C::Value::default();
    C::set(&mut value, rest, values)?;
    *field = Some(value);
    Ok(())
}

/// The same of one that is in a box.
///
/// # Errors
///
/// See [`BindError`].
pub fn boxed<C: Codec>(
    field: &mut Option<Box<C::Value>>,
    rest: &str,
    values: &Values<'_>,
) -> Result {
    if let Some(value) = field {
        return C::set(value, rest, values);
    }
    let mut value = Box::<C::Value>::default();
    C::set(&mut value, rest, values)?;
    *field = Some(value);
    Ok(())
}

/// Adds to a list.
///
/// # Errors
///
/// See [`BindError`].
pub fn repeated<C: Codec>(field: &mut Vec<C::Value>, rest: &str, values: &Values<'_>) -> Result {
    if !rest.is_empty() {
        return Err(BindError::Unknown);
    }
    for text in values {
        field.push(C::read(text)?);
    }
    Ok(())
}

/// Adds to a map, by `.key` or `[key]`.
///
/// # Errors
///
/// See [`BindError`].
pub fn map<K: Codec, V: Codec>(
    field: &mut HashMap<K::Value, V::Value>,
    rest: &str,
    values: &Values<'_>,
) -> Result
where
    K::Value: Eq + Hash,
{
    let in_brackets = || rest.strip_prefix('[')?.strip_suffix(']');
    let Some(key) = rest.strip_prefix('.').or_else(in_brackets) else {
        return Err(BindError::Invalid("a key of the map: name[key]"));
    };
    match values {
        [text] => {
            field.insert(K::read(key)?, V::read(text)?);
            Ok(())
        }
        [] => Ok(()),
        _ => Err(BindError::Many),
    }
}
