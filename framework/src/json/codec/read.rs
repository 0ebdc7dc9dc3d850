use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, SeqAccess, Visitor};

use super::super::Options;
use super::{Codec, Take};

/// Reads what stands for itself; `false` if it is `null` or to be ignored.
///
/// # Errors
///
/// What is no value of it.
#[inline]
pub fn plain<'de, C: Codec, D: Deserializer<'de>>(
    into: &mut C::Value,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    if C::TAKES_NULL {
        return C::read(into, options, from);
    }
    from.deserialize_option(Present::<C>(into, options))
}

/// A value, or `null` for none.
struct Present<'a, C: Codec>(&'a mut C::Value, &'a Options);

impl<'de, C: Codec> Visitor<'de> for Present<'_, C> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        C::read(self.0, self.1, from)
    }
}

/// Reads what a box holds.
///
/// # Errors
///
/// What is no value of it.
#[inline]
pub fn boxed<'de, C: Codec, D: Deserializer<'de>>(
    into: &mut Box<C::Value>,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    plain::<C, D>(into, options, from)
}

/// Reads into what is there, and makes it where it is not.
///
/// # Errors
///
/// What is no value of it.
#[inline]
pub fn optional<'de, C: Codec<Value: Default>, D: Deserializer<'de>>(
    into: &mut Option<C::Value>,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    let mut value = into.take();
    let is_new = value.is_none();
    let set = plain::<C, D>(value.get_or_insert_default(), options, from)?;
    *into = value.filter(|_| set || !is_new);
    Ok(set)
}

/// Reads into what is there, and makes it where it is not.
///
/// # Errors
///
/// What is no value of it.
#[inline]
pub fn optional_boxed<'de, C: Codec<Value: Default>, D: Deserializer<'de>>(
    into: &mut Option<Box<C::Value>>,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    let mut value = into.take();
    let is_new = value.is_none();
    let set = plain::<C, D>(value.get_or_insert_default(), options, from)?;
    *into = value.filter(|_| set || !is_new);
    Ok(set)
}

/// Reads a member of a oneof, if it is one and not `null`.
///
/// # Errors
///
/// What is no value of it.
#[inline]
pub fn member<'de, C: Codec<Value: Default>, D: Deserializer<'de>>(
    options: &Options,
    from: D,
) -> Result<Option<C::Value>, D::Error> {
    let mut value = C::Value::default();
    let set = plain::<C, D>(&mut value, options, from)?;
    Ok(set.then_some(value))
}

/// Reads a list, in the place of what is there.
///
/// # Errors
///
/// What is no list of it; `null` within it is no value.
pub fn repeated<'de, C: Codec<Value: Default>, D: Deserializer<'de>>(
    into: &mut Vec<C::Value>,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    let read = from.deserialize_option(List::<C>(options, PhantomData))?;
    let set = read.is_some();
    if let Some(values) = read {
        *into = values;
    }
    Ok(set)
}

struct List<'a, C>(&'a Options, PhantomData<C>);

impl<'de, C: Codec<Value: Default>> Visitor<'de> for List<'_, C> {
    type Value = Option<Vec<C::Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        // What a format says of its length is not believed.
        let mut values = Vec::new();
        let mut value = C::Value::default();
        while let Some(set) = from.next_element_seed(Take::<C>(&mut value, self.0))? {
            if set {
                values.push(std::mem::take(&mut value));
            }
        }
        Ok(Some(values))
    }
}
