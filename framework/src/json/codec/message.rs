use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserializer, Serializer};

use super::super::options::TOO_DEEP;
use super::super::{Json, Options, Unknown};
use super::Sink;
use super::write::{All, One};

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its number.
    pub(super) number: u32,
    /// Its name in JSON.
    pub(super) json: &'static str,
    /// Its name in the proto.
    pub(super) proto: &'static str,
    /// The oneof that it is a member of, counted from 1; 0 if none.
    pub(super) oneof: u16,
    /// What it is when it is not set.
    pub(super) presence: Presence,
    /// Whether an error of its value does not say yet where it is.
    pub(super) is_leaf: bool,
}

impl Field {
    /// The field of this number, name in JSON and name in the proto: a scalar, or a list or map of
    /// some.
    #[must_use]
    pub const fn new(number: u32, json: &'static str, proto: &'static str) -> Self {
        Self { number, json, proto, oneof: 0, presence: Presence::Implied, is_leaf: true }
    }

    /// It holds messages.
    #[must_use]
    pub const fn inner(mut self) -> Self {
        self.is_leaf = false;
        self
    }

    /// It is null when it is not set, where that is wished for.
    #[must_use]
    pub const fn null(mut self) -> Self {
        self.presence = Presence::Null;
        self
    }

    /// It has to be there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    /// It is a member of a oneof, counted from 1.
    #[must_use]
    pub const fn member(mut self, oneof: u16) -> Self {
        self.oneof = oneof;
        self
    }
}

/// What a field is when it is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Its default, or nothing.
    Implied,
    /// `null`, where that is wished for.
    Null,
    /// An error.
    Required,
}

/// What is generated for a message; [`Json`] follows from it.
pub trait Message {
    /// The full name: `user.v1.User`.
    const NAME: &'static str;
    /// All fields, in the order of the proto.
    const FIELDS: &'static [Field];

    /// The place of a field in [`FIELDS`](Self::FIELDS), by either of its names.
    fn find(name: &str) -> Option<usize>;

    /// Writes the fields, in their order.
    ///
    /// # Errors
    ///
    /// What JSON cannot say, and those of the format.
    fn write<'o, W: Sink<'o>>(&self, out: &mut W) -> Result<(), W::Error>;

    /// Reads the field at a place of [`FIELDS`](Self::FIELDS); `false` if that sets nothing.
    ///
    /// # Errors
    ///
    /// What is no value of it.
    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        place: usize,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error>;
}

impl<M: Message> Json for M {
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        let options = &options.deeper().ok_or_else(|| S::Error::custom(TOO_DEEP))?;
        // How many there will be is not known; none would be an object that is closed already.
        let mut all = All { out: out.serialize_struct(M::NAME, M::FIELDS.len().max(1))?, options };
        self.write(&mut all)?;
        all.out.end()
    }

    fn write_field_json<S: Serializer>(
        &self,
        field: u32,
        options: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        if place::<M>(field).is_none() {
            return Err(S::Error::custom(no_field::<M>(field)));
        }
        let mut one = One { number: field, out: Some(out), done: None, options };
        self.write(&mut one)?;
        match (one.done, one.out) {
            (Some(done), _) => Ok(done),
            (None, Some(out)) => out.serialize_unit(),
            // It is taken to be done only.
            (None, None) => Err(S::Error::custom(no_field::<M>(field))),
        }
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let options = &options.deeper().ok_or_else(|| D::Error::custom(TOO_DEEP))?;
        from.deserialize_map(Fields { message: self, options })
    }

    fn merge_field_json<'de, D: Deserializer<'de>>(
        &mut self,
        field: u32,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let Some(place) = place::<M>(field) else {
            return Err(D::Error::custom(no_field::<M>(field)));
        };
        Slot { message: self, place, options }.deserialize(from).map(|_set| ())
    }
}

fn place<M: Message>(number: u32) -> Option<usize> {
    M::FIELDS.iter().position(|field| field.number == number)
}

fn no_field<M: Message>(number: u32) -> String {
    format!("there is no field {number} in {}", M::NAME)
}

/// Reads the fields of a message.
struct Fields<'a, M> {
    message: &'a mut M,
    options: &'a Options,
}

impl<'de, M: Message> Visitor<'de> for Fields<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as an object", M::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let (mut seen, mut oneofs) = (Places::default(), Places::default());
        let Self { message, options } = self;
        while let Some(name) = from.next_key_seed(Name::<M>(options.unknown, PhantomData))? {
            let Some(place) = name else {
                let _skipped: IgnoredAny = from.next_value()?;
                continue;
            };
            let field = &M::FIELDS[place];
            if !seen.insert(place) {
                return Err(refused::<M, _>(field, "it stands here twice"));
            }
            let set = from.next_value_seed(Slot { message: &mut *message, place, options })?;
            if set && field.oneof != 0 && !oneofs.insert(field.oneof.into()) {
                return Err(refused::<M, _>(field, "another field of its oneof is set as well"));
            }
        }
        if const { !has_required(M::FIELDS) } {
            return Ok(());
        }
        let mut fields = M::FIELDS.iter().enumerate();
        match fields
            .find(|(place, field)| field.presence == Presence::Required && !seen.contains(*place))
        {
            Some((_, field)) => Err(refused::<M, _>(field, "it is required and missing")),
            None => Ok(()),
        }
    }
}

/// Whether any of the fields is one that proto2 requires.
const fn has_required(fields: &[Field]) -> bool {
    let mut place = 0;
    while place < fields.len() {
        if matches!(fields[place].presence, Presence::Required) {
            return true;
        }
        place += 1;
    }
    false
}

fn refused<M: Message, E: de::Error>(field: &Field, why: impl fmt::Display) -> E {
    E::custom(format_args!("{}.{}: {why}", M::NAME, field.proto))
}

/// The place of a field by its name; none if it is to be skipped.
struct Name<M>(Unknown, PhantomData<M>);

impl<'de, M: Message> DeserializeSeed<'de> for Name<M> {
    type Value = Option<usize>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<M: Message> Visitor<'_> for Name<M> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a field of {}", M::NAME)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Option<usize>, E> {
        let place = M::find(name);
        if place.is_none() && self.0 == Unknown::Refused {
            return Err(E::custom(format_args!("{} has no field {name:?}", M::NAME)));
        }
        Ok(place)
    }
}

/// Reads the value of a field.
struct Slot<'a, M> {
    message: &'a mut M,
    place: usize,
    options: &'a Options,
}

impl<'de, M: Message> DeserializeSeed<'de> for Slot<'_, M> {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        let read = self.message.read(self.place, self.options, from);
        let field = &M::FIELDS[self.place];
        // Errors within messages say where they are themselves.
        read.map_err(|error| if field.is_leaf { refused::<M, _>(field, error) } else { error })
    }
}

/// A set of places: the first ones without any memory of their own.
#[derive(Default)]
struct Places {
    first: u64,
    rest: Vec<u64>,
}

impl Places {
    /// Adds one; `false` if it was there.
    #[inline]
    fn insert(&mut self, place: usize) -> bool {
        let bit = 1 << (place % 64);
        let bits = match place / 64 {
            0 => &mut self.first,
            more => {
                if self.rest.len() < more {
                    self.rest.resize(more, 0);
                }
                &mut self.rest[more - 1]
            }
        };
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    fn contains(&self, place: usize) -> bool {
        let bits = match place / 64 {
            0 => self.first,
            more => self.rest.get(more - 1).copied().unwrap_or_default(),
        };
        bits & (1 << (place % 64)) != 0
    }
}
