use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use prost_types::Value as AnyValue;
use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

use super::super::number::is_number;
use super::super::{Enum, Enums, Json, Options, Unknown};
use super::Codec;

/// `string`
#[derive(Debug)]
pub struct Text;

impl Codec for Text {
    type Value = String;

    #[inline]
    fn is_default(value: &String) -> bool {
        value.is_empty()
    }

    #[inline]
    fn write<S: Serializer>(value: &String, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(value)
    }

    // No text looks otherwise for its options, so that none of them has to be carried along.
    #[inline]
    fn write_list<S: Serializer>(
        values: &[String],
        _: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(values)
    }

    #[inline]
    fn read<'de, D: Deserializer<'de>>(
        into: &mut String,
        _: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        *into = de::Deserialize::deserialize(from)?;
        Ok(true)
    }
}

macro_rules! floats {
    ($($codec:ident $type:ident $name:literal $write:ident $narrow:expr;)*) => { $(
        #[doc = concat!("`", stringify!($type), "`")]
        #[derive(Debug)]
        pub struct $codec;

        impl Codec for $codec {
            type Value = $type;

            #[inline]
            fn is_default(value: &$type) -> bool {
                // The negative zero is none.
                value.to_bits() == 0
            }

            #[inline]
            fn write<S: Serializer>(value: &$type, _: &Options, out: S) -> Result<S::Ok, S::Error> {
                if value.is_finite() {
                    return out.$write(*value);
                }
                out.serialize_str(match value {
                    value if value.is_nan() => "NaN",
                    value if *value > 0.0 => "Infinity",
                    _ => "-Infinity",
                })
            }

            #[inline]
            fn read<'de, D: Deserializer<'de>>(
                into: &mut $type,
                _: &Options,
                from: D,
            ) -> Result<bool, D::Error> {
                *into = from.deserialize_any(Floating::<$type>(PhantomData))?;
                Ok(true)
            }
        }

        impl Visitor<'_> for Floating<$type> {
            type Value = $type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }

            #[expect(clippy::cast_precision_loss, reason = "the nearest is meant")]
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<$type, E> {
                Ok(value as $type)
            }

            #[expect(clippy::cast_precision_loss, reason = "the nearest is meant")]
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<$type, E> {
                Ok(value as $type)
            }

            #[inline]
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<$type, E> {
                let narrow: $type = $narrow(value);
                if narrow.is_infinite() {
                    return Err(E::invalid_value(de::Unexpected::Float(value), &self));
                }
                Ok(narrow)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                let invalid = || E::invalid_value(de::Unexpected::Str(text), &self);
                match text {
                    "NaN" => Ok($type::NAN),
                    "Infinity" => Ok($type::INFINITY),
                    "-Infinity" => Ok($type::NEG_INFINITY),
                    // What the standard library reads beyond JSON is not meant.
                    text if is_number(text) => {
                        text.parse().ok().filter(|value: &$type| value.is_finite()).ok_or_else(invalid)
                    }
                    _ => Err(invalid()),
                }
            }
        }
    )* };
}

struct Floating<T>(PhantomData<T>);

floats! {
    Float f32 "a float" serialize_f32 narrow;
    Double f64 "a double" serialize_f64 std::convert::identity;
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest is meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// `bytes`: base64, written in the standard alphabet with padding, read in either, also without.
#[derive(Debug)]
pub struct Bytes;

/// Up to here no memory is asked for.
const SHORT: usize = 192;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Codec for Bytes {
    type Value = Vec<u8>;

    #[inline]
    fn is_default(value: &Vec<u8>) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &Vec<u8>, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        if value.len() <= SHORT {
            let mut text = [0; SHORT / 3 * 4];
            if let Ok(length) = BASE64_STANDARD.encode_slice(value, &mut text)
                && let Ok(text) = str::from_utf8(&text[..length])
            {
                return out.serialize_str(text);
            }
        }
        out.serialize_str(&BASE64_STANDARD.encode(value))
    }

    fn read<'de, D: Deserializer<'de>>(
        into: &mut Vec<u8>,
        _: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        *into = from.deserialize_str(Base64)?;
        Ok(true)
    }
}

struct Base64;

impl Visitor<'_> for Base64 {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes in base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
        engine.decode(text).map_err(|error| E::custom(format_args!("not bytes in base64: {error}")))
    }
}

/// An enum: its names, or numbers, which need no name.
#[derive(Debug)]
pub struct EnumOf<E>(PhantomData<E>);

impl<E: Enum> Codec for EnumOf<E> {
    type Value = i32;

    #[inline]
    fn is_default(value: &i32) -> bool {
        *value == 0
    }

    #[inline]
    fn write<S: Serializer>(value: &i32, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        match options.enums {
            Enums::Names => match E::name(*value) {
                Some(name) => out.serialize_str(name),
                None => out.serialize_i32(*value),
            },
            Enums::Numbers => out.serialize_i32(*value),
        }
    }

    #[inline]
    fn read<'de, D: Deserializer<'de>>(
        into: &mut i32,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        let read = from.deserialize_any(Named::<E>(options.unknown, PhantomData))?;
        if let Some(number) = read {
            *into = number;
        }
        Ok(read.is_some())
    }
}

struct Named<E>(Unknown, PhantomData<E>);

impl<T: Enum> Visitor<'_> for Named<T> {
    type Value = Option<i32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name or a number of {}", T::NAME)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<i32>, E> {
        i32::try_from(value)
            .map(Some)
            .map_err(|_out_of_range| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<i32>, E> {
        i32::try_from(value)
            .map(Some)
            .map_err(|_out_of_range| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<i32>, E> {
        super::super::number::whole(value)
            .and_then(|value| i32::try_from(value).ok())
            .map(Some)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }

    #[inline]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Option<i32>, E> {
        let number = T::number(name);
        if number.is_none() && self.0 == Unknown::Refused {
            return Err(E::invalid_value(de::Unexpected::Str(name), &self));
        }
        Ok(number)
    }
}

/// A message, also one of `google.protobuf`.
#[derive(Debug)]
pub struct Msg<M>(PhantomData<M>);

impl<M: Json> Codec for Msg<M> {
    type Value = M;

    #[inline]
    fn is_default(_: &M) -> bool {
        false
    }

    #[inline]
    fn write<S: Serializer>(value: &M, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        value.write_json(options, out)
    }

    #[inline]
    fn read<'de, D: Deserializer<'de>>(
        into: &mut M,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        into.merge_json(options, from)?;
        Ok(true)
    }
}

/// `google.protobuf.Value`, of which `null` is one.
#[derive(Debug)]
pub struct Dynamic;

impl Codec for Dynamic {
    type Value = AnyValue;

    const TAKES_NULL: bool = true;

    #[inline]
    fn is_default(_: &AnyValue) -> bool {
        false
    }

    fn write<S: Serializer>(
        value: &AnyValue,
        options: &Options,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        value.write_json(options, out)
    }

    fn read<'de, D: Deserializer<'de>>(
        into: &mut AnyValue,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        into.merge_json(options, from)?;
        Ok(true)
    }
}

/// `google.protobuf.NullValue`: always `null`.
#[derive(Debug)]
pub struct Null;

impl Codec for Null {
    type Value = i32;

    const TAKES_NULL: bool = true;

    #[inline]
    fn is_default(value: &i32) -> bool {
        *value == 0
    }

    fn write<S: Serializer>(_: &i32, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_unit()
    }

    fn read<'de, D: Deserializer<'de>>(
        into: &mut i32,
        options: &Options,
        from: D,
    ) -> Result<bool, D::Error> {
        struct Nothing<'a>(&'a mut i32, &'a Options);

        impl<'de> Visitor<'de> for Nothing<'_> {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null")
            }

            fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
                self.visit_none()
            }

            fn visit_none<E: de::Error>(self) -> Result<bool, E> {
                *self.0 = 0;
                Ok(true)
            }

            fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
                EnumOf::<OnlyNull>::read(self.0, self.1, from)
            }
        }

        from.deserialize_option(Nothing(into, options))
    }
}

/// The names of `google.protobuf.NullValue`.
struct OnlyNull;

impl Enum for OnlyNull {
    const NAME: &'static str = "google.protobuf.NullValue";

    fn name(_: i32) -> Option<&'static str> {
        None
    }

    fn number(name: &str) -> Option<i32> {
        (name == "NULL_VALUE").then_some(0)
    }
}
