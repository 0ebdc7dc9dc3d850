use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

use super::super::number::{self, Decimal};
use super::super::{Int64 as Writing, Options};
use super::Codec;

/// `bool`
#[derive(Debug)]
pub struct Bool;

impl Codec for Bool {
    type Value = bool;

    #[inline]
    fn is_default(value: &bool) -> bool {
        !value
    }

    #[inline]
    fn write<S: Serializer>(value: &bool, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_bool(*value)
    }

    #[inline]
    fn read<'de, D: Deserializer<'de>>(
        into: &mut bool,
        _: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        *into = de::Deserialize::deserialize(from)?;
        Ok(true)
    }
}

/// A whole number, also one in a text.
struct Whole<T> {
    name: &'static str,
    value: PhantomData<T>,
}

impl<T: TryFrom<i64> + TryFrom<u64> + TryFrom<i128>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }

    #[inline]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value)
            .map_err(|_out_of_range| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value)
            .map_err(|_out_of_range| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        number::whole(value)
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        number::integer(text)
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[inline]
fn whole<'de, T, D>(name: &'static str, from: D) -> Result<T, D::Error>
where
    T: TryFrom<i64> + TryFrom<u64> + TryFrom<i128>,
    D: Deserializer<'de>,
{
    from.deserialize_any(Whole { name, value: PhantomData })
}

macro_rules! integers {
    ($($codec:ident $type:ident $name:literal $write:expr;)*) => { $(
        #[doc = concat!("`", stringify!($type), "`")]
        #[derive(Debug)]
        pub struct $codec;

        impl Codec for $codec {
            type Value = $type;

            #[inline]
            fn is_default(value: &$type) -> bool {
                *value == 0
            }

            #[inline]
            fn write<S: Serializer>(
                value: &$type,
                options: &Options,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                $write(*value, options, out)
            }

            #[inline]
            fn read<'de, D: Deserializer<'de>>(
                into: &mut $type,
                _: &Options,
                from: D,
            ) -> Result<bool, D::Error> {
                *into = whole($name, from)?;
                Ok(true)
            }
        }
    )* };
}

integers! {
    Int32 i32 "an int32" |value, _, out: S| out.serialize_i32(value);
    Uint32 u32 "a uint32" |value, _, out: S| out.serialize_u32(value);
    Int64 i64 "an int64" |value, options: &Options, out: S| match options.int64 {
        Writing::Texts => out.serialize_str(Decimal::signed(value).as_str()),
        Writing::Numbers => out.serialize_i64(value),
    };
    Uint64 u64 "a uint64" |value, options: &Options, out: S| match options.int64 {
        Writing::Texts => out.serialize_str(Decimal::unsigned(value).as_str()),
        Writing::Numbers => out.serialize_u64(value),
    };
}
