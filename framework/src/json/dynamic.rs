//! `Struct`, `Value` and `ListValue`: messages that are JSON themselves.

use std::fmt;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde::de::{self, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Deserializer, Serialize, Serializer};

use super::codec::{Dynamic, MapVisitor, Put, Take, Text, entries};
use super::options::TOO_DEEP;
use super::{Json, Options};

/// What may be anything, as a serializer is handed it: under its name, for those who write something
/// else than JSON and must tell it from a map or a list.
struct Named<'a, T>(&'a T, &'a Options);

impl Serialize for Named<'_, Struct> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        entries::<Text, Dynamic, S>(self.0.fields.iter(), self.1, out)
    }
}

impl Serialize for Named<'_, ListValue> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut out = out.serialize_seq(Some(self.0.values.len()))?;
        for value in &self.0.values {
            out.serialize_element(&Put::<Dynamic>(value, self.1))?;
        }
        out.end()
    }
}

impl Json for Struct {
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        let options = &options.deeper().ok_or_else(|| S::Error::custom(TOO_DEEP))?;
        out.serialize_newtype_struct("google.protobuf.Struct", &Named(self, options))
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let options = &options.deeper().ok_or_else(|| D::Error::custom(TOO_DEEP))?;
        let mut read = Self::default();
        let insert = |key, value| read.fields.insert(key, value).is_some();
        from.deserialize_map(MapVisitor::<Text, Dynamic, _>::new(options, insert))?;
        *self = read;
        Ok(())
    }
}

impl Json for ListValue {
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        let options = &options.deeper().ok_or_else(|| S::Error::custom(TOO_DEEP))?;
        out.serialize_newtype_struct("google.protobuf.ListValue", &Named(self, options))
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        struct List<'a>(&'a Options);

        impl<'de> Visitor<'de> for List<'_> {
            type Value = ListValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<ListValue, A::Error> {
                list(self.0, from)
            }
        }

        let options = &options.deeper().ok_or_else(|| D::Error::custom(TOO_DEEP))?;
        *self = from.deserialize_seq(List(options))?;
        Ok(())
    }
}

fn list<'de, A: SeqAccess<'de>>(options: &Options, mut from: A) -> Result<ListValue, A::Error> {
    let mut values = Vec::new();
    let mut value = Value::default();
    while from.next_element_seed(Take::<Dynamic>(&mut value, options))?.is_some() {
        values.push(std::mem::take(&mut value));
    }
    Ok(ListValue { values })
}

impl Json for Value {
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            None | Some(Kind::NullValue(_)) => out.serialize_unit(),
            Some(Kind::BoolValue(value)) => out.serialize_bool(*value),
            Some(Kind::NumberValue(value)) if value.is_finite() => out.serialize_f64(*value),
            Some(Kind::NumberValue(value)) => {
                // As a text it would come back as a text.
                Err(S::Error::custom(format_args!("{value} is no number of JSON")))
            }
            Some(Kind::StringValue(value)) => out.serialize_str(value),
            Some(Kind::StructValue(value)) => value.write_json(options, out),
            Some(Kind::ListValue(value)) => value.write_json(options, out),
        }
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        self.kind = Some(from.deserialize_any(AnyKind(options))?);
        Ok(())
    }
}

/// Whatever JSON can say.
struct AnyKind<'a>(&'a Options);

impl<'de> Visitor<'de> for AnyKind<'_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::NullValue(0))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::BoolValue(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of JSON are of floating point here")]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of JSON are of floating point here")]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::StringValue(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::StringValue(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<Kind, A::Error> {
        let options = self.0.deeper().ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        Ok(Kind::ListValue(list(&options, from)?))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, from: A) -> Result<Kind, A::Error> {
        let options = &self.0.deeper().ok_or_else(|| A::Error::custom(TOO_DEEP))?;
        let mut read = Struct::default();
        let insert = |key, value| read.fields.insert(key, value).is_some();
        MapVisitor::<Text, Dynamic, _>::new(options, insert).visit_map(from)?;
        Ok(Kind::StructValue(read))
    }
}
