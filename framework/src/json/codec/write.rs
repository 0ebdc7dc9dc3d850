use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::super::{Defaults, FieldNames, Options};
use super::{Codec, Field, Presence, Put};

/// Where the fields of a message go.
pub trait Sink<'o> {
    /// What goes wrong.
    type Error: serde::ser::Error;

    /// How it is written.
    fn options(&self) -> &'o Options;

    /// Whether what is its default is left out.
    fn omits_defaults(&self) -> bool;

    /// Whether what is not set is `null`.
    fn has_nulls(&self) -> bool;

    /// Writes a field.
    ///
    /// # Errors
    ///
    /// What JSON cannot say, and those of the format.
    fn put<T: Serialize>(&mut self, field: &'static Field, value: &T) -> Result<(), Self::Error>;
}

/// All fields, as an object.
pub(super) struct All<'o, M> {
    pub(super) out: M,
    pub(super) options: &'o Options,
}

impl<'o, M: SerializeStruct> Sink<'o> for All<'o, M> {
    type Error = M::Error;

    #[inline]
    fn options(&self) -> &'o Options {
        self.options
    }

    #[inline]
    fn omits_defaults(&self) -> bool {
        self.options.defaults == Defaults::Omitted
    }

    #[inline]
    fn has_nulls(&self) -> bool {
        self.options.defaults == Defaults::WrittenWithNull
    }

    #[inline]
    fn put<T: Serialize>(&mut self, field: &'static Field, value: &T) -> Result<(), M::Error> {
        let name = match self.options.names {
            FieldNames::Json => field.json,
            FieldNames::Proto => field.proto,
        };
        self.out.serialize_field(name, value)
    }
}

/// One field, as itself.
pub(super) struct One<'o, S: Serializer> {
    pub(super) number: u32,
    pub(super) out: Option<S>,
    pub(super) done: Option<S::Ok>,
    pub(super) options: &'o Options,
}

impl<'o, S: Serializer> Sink<'o> for One<'o, S> {
    type Error = S::Error;

    fn options(&self) -> &'o Options {
        self.options
    }

    fn omits_defaults(&self) -> bool {
        false
    }

    fn has_nulls(&self) -> bool {
        false
    }

    fn put<T: Serialize>(&mut self, field: &'static Field, value: &T) -> Result<(), S::Error> {
        if field.number == self.number
            && let Some(out) = self.out.take()
        {
            self.done = Some(value.serialize(out)?);
        }
        Ok(())
    }
}

/// Writes what a field without presence holds.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn plain<'o, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    value: &C::Value,
) -> Result<(), W::Error> {
    if out.omits_defaults() && C::is_default(value) {
        return Ok(());
    }
    out.put(field, &Put::<C>(value, out.options()))
}

/// Writes what is always there.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn required<'o, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    value: &C::Value,
) -> Result<(), W::Error> {
    out.put(field, &Put::<C>(value, out.options()))
}

/// Writes a member of a oneof.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn member<'o, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    value: &C::Value,
) -> Result<(), W::Error> {
    required::<C, W>(out, field, value)
}

/// Writes what may be there.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn optional<'o, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    value: Option<&C::Value>,
) -> Result<(), W::Error> {
    match value {
        Some(value) => required::<C, W>(out, field, value),
        None if field.presence == Presence::Null && out.has_nulls() => out.put(field, &()),
        None => Ok(()),
    }
}

/// Writes a list.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn repeated<'o, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    values: &[C::Value],
) -> Result<(), W::Error> {
    if values.is_empty() && out.omits_defaults() {
        return Ok(());
    }
    out.put(field, &List::<C>(values, out.options()))
}

struct List<'a, C: Codec>(&'a [C::Value], &'a Options);

impl<C: Codec> Serialize for List<'_, C> {
    #[inline]
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        C::write_list(self.0, self.1, out)
    }
}
