//! Scalars and enums.

use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::BindError;
use super::{Codec, Result};
use crate::json;

macro_rules! numbers {
    ($($name:ident: $type:ty = $expected:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($type), "`.")]
            #[derive(Debug)]
            pub struct $name;

            impl Codec for $name {
                type Value = $type;

                fn read(text: &str) -> Result<$type> {
                    text.parse().or(Err(BindError::Invalid($expected)))
                }
            }
        )*
    };
}

numbers! {
    Int32: i32 = "an integer of 32 bits";
    Int64: i64 = "an integer of 64 bits";
    Uint32: u32 = "an integer of 32 bits that is not negative";
    Uint64: u64 = "an integer of 64 bits that is not negative";
}

macro_rules! floats {
    ($($name:ident: $type:ty;)*) => {
        $(
            #[doc = concat!("`", stringify!($type), "`.")]
            #[derive(Debug)]
            pub struct $name;

            impl Codec for $name {
                type Value = $type;

                fn read(text: &str) -> Result<$type> {
                    let value: $type = text.parse().or(Err(BindError::Invalid("a number")))?;
                    // What is written in digits and comes out infinite is too large.
                    if value.is_infinite() && text.contains(|char: char| char.is_ascii_digit()) {
                        return Err(BindError::Invalid("a number that is not so large"));
                    }
                    Ok(value)
                }
            }
        )*
    };
}

floats! {
    Float: f32;
    Double: f64;
}

/// `bool`, as Go reads it.
#[derive(Debug)]
pub struct Bool;

impl Codec for Bool {
    type Value = bool;

    fn read(text: &str) -> Result<bool> {
        match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(BindError::Invalid("true or false")),
        }
    }
}

/// `String`.
#[derive(Debug)]
pub struct Text;

impl Codec for Text {
    type Value = String;

    fn read(text: &str) -> Result<String> {
        Ok(text.to_owned())
    }
}

/// `Vec<u8>`, in base64 of either alphabet, padded or not.
#[derive(Debug)]
pub struct Bytes;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

impl Codec for Bytes {
    type Value = Vec<u8>;

    fn read(text: &str) -> Result<Vec<u8>> {
        let engine = if text.contains(['-', '_']) { BASE64_URL } else { BASE64 };
        engine.decode(text).or(Err(BindError::Invalid("base64")))
    }
}

/// An enum, by a name or a number that it has.
#[derive(Debug)]
pub struct EnumOf<E>(PhantomData<E>);

impl<E: json::Enum> Codec for EnumOf<E> {
    type Value = i32;

    fn read(text: &str) -> Result<i32> {
        let number = || text.parse().ok().filter(|number| E::name(*number).is_some());
        let expected = "a name or a number of the enum";
        E::number(text).or_else(number).ok_or(BindError::Invalid(expected))
    }
}

/// `google.protobuf.NullValue`.
#[derive(Debug)]
pub struct Null;

impl Codec for Null {
    type Value = i32;

    fn read(text: &str) -> Result<i32> {
        match text {
            "null" | "NULL_VALUE" | "0" => Ok(0),
            _ => Err(BindError::Invalid("null")),
        }
    }
}
