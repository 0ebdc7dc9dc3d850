use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};

use super::super::Options;
use super::super::number::{self, Decimal};
use super::message::Field;
use super::{Bool, Codec, Int32, Int64, Put, Sink, Take, Text, Uint32, Uint64};

/// What can be a key of a map; always written as a text.
pub trait Key: Codec<Value: Eq + Hash + Ord> {
    /// Writes the key of an entry.
    ///
    /// # Errors
    ///
    /// Those of the format.
    fn write_key<M: SerializeMap>(key: &Self::Value, out: &mut M) -> Result<(), M::Error>;

    /// The key that a text says.
    fn of(text: &str) -> Option<Self::Value>;
}

impl Key for Text {
    #[inline]
    fn write_key<M: SerializeMap>(key: &String, out: &mut M) -> Result<(), M::Error> {
        out.serialize_key(key.as_str())
    }

    #[inline]
    fn of(text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

impl Key for Bool {
    fn write_key<M: SerializeMap>(key: &bool, out: &mut M) -> Result<(), M::Error> {
        out.serialize_key(if *key { "true" } else { "false" })
    }

    fn of(text: &str) -> Option<bool> {
        text.parse().ok()
    }
}

macro_rules! keys {
    ($($codec:ident $type:ident $decimal:ident;)*) => { $(
        impl Key for $codec {
            fn write_key<M: SerializeMap>(key: &$type, out: &mut M) -> Result<(), M::Error> {
                out.serialize_key(Decimal::$decimal((*key).into()).as_str())
            }

            fn of(text: &str) -> Option<$type> {
                number::integer(text)?.try_into().ok()
            }
        }
    )* };
}

keys! {
    Int32 i32 signed;
    Int64 i64 signed;
    Uint32 u32 unsigned;
    Uint64 u64 unsigned;
}

/// Writes a map, its keys in order, so that the same message is always the same text.
///
/// # Errors
///
/// What JSON cannot say, and those of the format.
#[inline]
pub fn map_write<'o, K: Key, C: Codec, W: Sink<'o>>(
    out: &mut W,
    field: &'static Field,
    map: &HashMap<K::Value, C::Value>,
) -> Result<(), W::Error> {
    if map.is_empty() && out.omits_defaults() {
        return Ok(());
    }
    out.put(field, &Entries::<K, C>(map, out.options()))
}

struct Entries<'a, K: Key, C: Codec>(&'a HashMap<K::Value, C::Value>, &'a Options);

impl<K: Key, C: Codec> Serialize for Entries<'_, K, C> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        entries::<K, C, S>(sorted.into_iter(), self.1, out)
    }
}

/// Writes the entries of a map as they come.
pub(in crate::json) fn entries<'a, K: Key, C: Codec, S: Serializer>(
    entries: impl Iterator<Item = (&'a K::Value, &'a C::Value)>,
    options: &Options,
    out: S,
) -> Result<S::Ok, S::Error>
where
    K::Value: 'a,
    C::Value: 'a,
{
    let mut out = out.serialize_map(None)?;
    for (key, value) in entries {
        K::write_key(key, &mut out)?;
        out.serialize_value(&Put::<C>(value, options))?;
    }
    out.end()
}

/// Reads a map, in the place of what is there.
///
/// # Errors
///
/// What is no map of it; `null` within it is no value, and no key may stand twice.
pub fn map_read<'de, K: Key, C: Codec<Value: Default>, D: Deserializer<'de>>(
    into: &mut HashMap<K::Value, C::Value>,
    options: &Options,
    from: D,
) -> Result<bool, D::Error> {
    let mut map = HashMap::new();
    let insert = |key, value| map.insert(key, value).is_some();
    let set = from.deserialize_option(MapVisitor::<K, C, _>::new(options, insert))?;
    if set {
        *into = map;
    }
    Ok(set)
}

/// Reads a map; `insert` says whether the key was there already.
pub(in crate::json) struct MapVisitor<'a, K, C, F> {
    options: &'a Options,
    insert: F,
    types: PhantomData<(K, C)>,
}

impl<'a, K, C, F> MapVisitor<'a, K, C, F> {
    pub(in crate::json) fn new(options: &'a Options, insert: F) -> Self {
        Self { options, insert, types: PhantomData }
    }
}

impl<'de, K, C, F> Visitor<'de> for MapVisitor<'_, K, C, F>
where
    K: Key,
    C: Codec<Value: Default>,
    F: FnMut(K::Value, C::Value) -> bool,
{
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<bool, A::Error> {
        while let Some(key) = from.next_key_seed(KeyOf::<K>(PhantomData))? {
            let mut value = C::Value::default();
            let set = from.next_value_seed(Take::<C>(&mut value, self.options))?;
            if set && (self.insert)(key, value) {
                return Err(de::Error::custom("a key of this map stands here twice"));
            }
        }
        Ok(true)
    }
}

struct KeyOf<K>(PhantomData<K>);

impl<'de, K: Key> DeserializeSeed<'de> for KeyOf<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<K::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<K: Key> Visitor<'_> for KeyOf<K> {
    type Value = K::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of this map")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<K::Value, E> {
        K::of(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}
