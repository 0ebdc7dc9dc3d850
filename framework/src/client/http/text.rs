//! Values as a text that stands alone, without the quotes of JSON.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible};

/// Why a message cannot be told so.
#[derive(Debug)]
pub(super) struct Unsaid(String);

impl Unsaid {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsaid {}

impl ser::Error for Unsaid {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self(why.to_string())
    }
}

/// The methods of a serializer for what is one text, handed to its method `$put`, and for what no
/// message is written as.
macro_rules! scalars {
    ($put:ident) => {
        super::text::scalars!($put: serialize_bool bool, serialize_i8 i8, serialize_i16 i16,
            serialize_i32 i32, serialize_i64 i64, serialize_u8 u8, serialize_u16 u16,
            serialize_u32 u32, serialize_u64 u64, serialize_char char, serialize_str &str);

        // With an exponent where there are many digits.
        fn serialize_f32(self, value: f32) -> Result<Self::Ok, Unsaid> {
            self.$put(format!("{value:?}"))
        }

        fn serialize_f64(self, value: f64) -> Result<Self::Ok, Unsaid> {
            self.$put(format!("{value:?}"))
        }

        fn serialize_bytes(self, _: &[u8]) -> Result<Self::Ok, Unsaid> {
            Err(ser::Error::custom("raw bytes"))
        }

        fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Unsaid> {
            self.serialize_unit()
        }

        fn serialize_unit_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
        ) -> Result<Self::Ok, Unsaid> {
            self.serialize_str(variant)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Unsaid> {
            Err(ser::Error::custom("a variant"))
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsaid> {
            Err(ser::Error::custom("a tuple"))
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, Unsaid> {
            Err(ser::Error::custom("a tuple"))
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Unsaid> {
            Err(ser::Error::custom("a variant"))
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Unsaid> {
            Err(ser::Error::custom("a variant"))
        }
    };
    ($put:ident: $($method:ident $type:ty),*) => { $(
        fn $method(self, value: $type) -> Result<Self::Ok, Unsaid> {
            self.$put(value.to_string())
        }
    )* };
}

pub(super) use scalars;

/// A value as JSON.
pub(super) fn text_of_json<T: Serialize + ?Sized>(value: &T) -> Result<String, Unsaid> {
    serde_json::to_string(value).map_err(|error| Unsaid::new(error.to_string()))
}

/// A value that is one text, such as the key of a map.
pub(super) fn text<T: Serialize + ?Sized>(value: &T) -> Result<String, Unsaid> {
    value.serialize(Text)
}

struct Text;

impl Text {
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as a serializer has it")]
    fn put(self, text: String) -> Result<String, Unsaid> {
        Ok(text)
    }
}

impl ser::Serializer for Text {
    type Ok = String;
    type Error = Unsaid;
    type SerializeSeq = Impossible<String, Unsaid>;
    type SerializeTuple = Impossible<String, Unsaid>;
    type SerializeTupleStruct = Impossible<String, Unsaid>;
    type SerializeTupleVariant = Impossible<String, Unsaid>;
    type SerializeMap = Impossible<String, Unsaid>;
    type SerializeStruct = Impossible<String, Unsaid>;
    type SerializeStructVariant = Impossible<String, Unsaid>;

    scalars!(put);

    fn serialize_none(self) -> Result<String, Unsaid> {
        Err(Unsaid::new("nothing"))
    }

    fn serialize_unit(self) -> Result<String, Unsaid> {
        Err(Unsaid::new("nothing"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Unsaid> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, Unsaid> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unsaid> {
        Err(Unsaid::new("a list"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsaid> {
        Err(Unsaid::new("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Unsaid> {
        Err(Unsaid::new("a message"))
    }
}
