use std::ops::Range;
use std::vec;

use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::Run;
use super::fault::{Fault, join};

/// Texts that one or the other type takes that reads its own: any, a word, a duration, an address.
const TEXTS: [&str; 6] = ["", "a", "0s", "127.0.0.1", "127.0.0.1:0", "http://127.0.0.1:0/"];

/// A value that is whatever is asked for, in place of one that is wrong or missing: so decoding
/// comes past it and finds what is wrong behind it. Nobody ever sees the outcome.
#[derive(Debug)]
pub(super) struct Dream<'n> {
    pub(super) path: String,
    pub(super) attempt: Attempt,
    pub(super) run: &'n Run,
}

/// How often something else was dreamt of before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt(usize);

impl Attempt {
    /// Another one, after this one did not serve.
    pub(super) fn next(self) -> Option<Self> {
        (self.0 + 1 < TEXTS.len()).then_some(Self(self.0 + 1))
    }
}

impl Dream<'_> {
    fn text(&self) -> &'static str {
        TEXTS.get(self.attempt.0).copied().unwrap_or_default()
    }

    /// What a field of it is.
    fn part(&self, name: &str) -> Self {
        let path = join(&self.path, name);
        let attempt = self.run.evaded.attempt(&path).unwrap_or_default();
        Self { path, attempt, run: self.run }
    }

    fn several(self, fields: &'static [&'static str], items: usize) -> Several<Self> {
        let fields = fields.iter().copied();
        let left_out = |field: &&str| !self.run.evaded.is_pruned(&join(&self.path, field));
        let fields: Vec<_> = fields.filter(left_out).collect();
        Several { dream: self, fields: fields.into_iter(), field: "", items: 0..items }
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            // Not 0 at the second attempt: `NonZero` is a type too.
            visitor.visit_u8(u8::from(self.attempt.0 > 0))
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.visit_str(self.text())
        })*
    };
}

impl<'de> de::Deserializer<'de> for Dream<'_> {
    type Error = Fault;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    texts! {
        deserialize_any deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(false)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_char('-')
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(self.several(&[], 0))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        items: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(self.several(&[], items))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        items: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(items, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(self.several(&[], 0))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(self.several(fields, 0))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Choice { dream: self, name: variants.first().unwrap_or(&"") })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

/// The fields of a struct, or so many items.
struct Several<D> {
    dream: D,
    fields: vec::IntoIter<&'static str>,
    field: &'static str,
    items: Range<usize>,
}

impl<'de> MapAccess<'de> for Several<Dream<'_>> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        self.field = field;
        seed.deserialize(field.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let part = self.dream.part(self.field);
        let path = part.path.clone();
        seed.deserialize(part).map_err(|fault| fault.at(&path, None))
    }
}

impl<'de> SeqAccess<'de> for Several<Dream<'_>> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let part = self.dream.part(&item.to_string());
        let path = part.path.clone();
        seed.deserialize(part).map_err(|fault| fault.at(&path, None)).map(Some)
    }
}

/// The first variant of an enum.
struct Choice<D> {
    dream: D,
    name: &'static str,
}

impl<'de, 'n> EnumAccess<'de> for Choice<Dream<'n>> {
    type Error = Fault;
    type Variant = Dream<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Dream<'n>), Fault> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self.dream))
    }
}

impl<'de> VariantAccess<'de> for Dream<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, items: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_tuple(self, items, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_struct(self, "", fields, visitor)
    }
}
