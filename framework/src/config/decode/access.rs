//! What a table, a list and an enum hand to the types that read them.

use std::vec;

use config::{Value, ValueKind};
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Decoder;
use super::fault::{Fault, What, join};

pub(super) struct Entries<'a, 'n> {
    pub(super) parent: &'a Decoder<'n>,
    pub(super) fields: Option<&'static [&'static str]>,
    pub(super) entries: vec::IntoIter<(String, Value)>,
    pub(super) next: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let path = join(&self.parent.path, &key);
        let decoded = seed
            .deserialize(key.clone().into_deserializer())
            .map_err(|fault: Fault| fault.at(&path, value.origin()))?;
        self.next = Some((key, value));
        Ok(Some(decoded))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, value) = self.next.take().unwrap_or_default();
        let path = join(&self.parent.path, &key);
        if let Some(dream) = self.parent.run.dream(&path) {
            return seed.deserialize(dream).map_err(|fault| fault.at(&path, value.origin()));
        }
        let mut child = self.parent.child(&key, value);
        child.siblings = self.fields.filter(|_| self.parent.path.is_empty());
        child.located(|child| seed.deserialize(child))
    }
}

pub(super) struct Items<'a, 'n> {
    pub(super) parent: &'a Decoder<'n>,
    pub(super) items: vec::IntoIter<(usize, Value)>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let index = index.to_string();
        let path = join(&self.parent.path, &index);
        if let Some(dream) = self.parent.run.dream(&path) {
            return seed
                .deserialize(dream)
                .map_err(|fault| fault.at(&path, value.origin()))
                .map(Some);
        }
        self.parent.child(&index, value).located(|item| seed.deserialize(item)).map(Some)
    }
}

pub(super) struct Variant<'n> {
    pub(super) name: String,
    pub(super) content: Option<Decoder<'n>>,
}

impl<'de, 'n> EnumAccess<'de> for Variant<'n> {
    type Error = Fault;
    type Variant = Content<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'n>), Fault> {
        let name = seed.deserialize(self.name.clone().into_deserializer())?;
        Ok((name, Content { name: self.name, content: self.content }))
    }
}

pub(super) struct Content<'n> {
    pub(super) name: String,
    pub(super) content: Option<Decoder<'n>>,
}

impl<'n> Content<'n> {
    fn content(self) -> Result<Decoder<'n>, Fault> {
        let name = self.name;
        self.content.ok_or_else(|| {
            Fault::new(What::Text(format!("{name} needs settings of its own: write {{{name}: …}}")))
        })
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            Some(content) if content.value.kind != ValueKind::Nil => {
                Err(content.mismatch(&format!("{} alone", self.name)))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.content()?.located(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content()?.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.content()?.table(Some(fields), visitor)
    }
}
