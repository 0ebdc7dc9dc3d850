//! Messages and what they hold as values of CEL.

use std::collections::HashMap;
use std::hash::BuildHasher;

use ::cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull,
    CelString, CelStruct, CelTimestamp, CelUInt,
};
use ::cel::common::value::{CowVal, Val};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use prost_types::value::Kind;

/// How deep messages that are not set read as such with nothing in them; deeper ones as null.
const UNSET: u8 = 2;

/// What stands before the name of a field that is set.
pub(super) const SET: &str = "?";

pub(super) fn now() -> DateTime<FixedOffset> {
    Utc::now().fixed_offset()
}

/// What can be a value of CEL. Generated code implements it for messages.
pub trait ToCel {
    /// The value; `unset` counts the messages around it that are not set.
    fn to_cel(&self, unset: u8) -> Box<dyn Val>;
}

/// A message in the making.
#[derive(Debug)]
pub struct Message(CelStruct<'static>);

impl Message {
    /// A message of a full name, with no fields yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self(CelStruct::new(name.to_owned()))
    }

    /// Adds a field that reads as `value`, and says whether it is set.
    pub fn field(&mut self, name: &'static str, is_set: bool, value: Box<dyn Val>) {
        if is_set {
            self.0.add_field_value(format!("{SET}{name}"), CowVal::owned(CelBool::from(true)));
        }
        self.0.add_field_value(name.to_owned(), CowVal::Owned(value));
    }

    /// Adds a field that may be unset.
    pub fn optional<T: ToCel + Default>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
        unset: u8,
    ) {
        let told = match value {
            Some(value) => value.to_cel(unset),
            None if unset < UNSET => T::default().to_cel(unset + 1),
            None => Box::new(CelNull),
        };
        self.field(name, value.is_some(), told);
    }

    /// Adds a wrapper, which is null if it is unset.
    pub fn wrapper<T: ToCel>(&mut self, name: &'static str, value: Option<&T>) {
        let told =
            value.map_or_else(|| -> Box<dyn Val> { Box::new(CelNull) }, |value| value.to_cel(0));
        self.field(name, value.is_some(), told);
    }

    /// The message.
    #[must_use]
    pub fn done(self) -> Box<dyn Val> {
        Box::new(self.0)
    }
}

/// A list.
pub fn list<'a, T: ToCel + ?Sized + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    unset: u8,
) -> Box<dyn Val> {
    let items: Vec<Box<dyn Val>> = items.into_iter().map(|item| item.to_cel(unset)).collect();
    Box::new(CelList::from(items))
}

/// A map.
pub fn map<K: Key, V: ToCel, S: BuildHasher>(map: &HashMap<K, V, S>, unset: u8) -> Box<dyn Val> {
    let pairs: HashMap<CelMapKey<'static>, Box<dyn Val>> =
        map.iter().map(|(key, value)| (key.to_key(), value.to_cel(unset))).collect();
    Box::new(CelMap::from(pairs))
}

/// What can be the key of a map.
pub trait Key {
    /// The key.
    fn to_key(&self) -> CelMapKey<'static>;
}

macro_rules! keys {
    ($($type:ty: $key:ident => $to:expr;)*) => {
        $(impl Key for $type {
            fn to_key(&self) -> CelMapKey<'static> {
                let $key = self;
                CelMapKey::from($to)
            }
        })*
    };
}

keys! {
    bool: key => *key;
    i32: key => i64::from(*key);
    i64: key => *key;
    u32: key => u64::from(*key);
    u64: key => *key;
    String: key => key.clone();
}

macro_rules! values {
    ($($type:ty: $value:ident => $to:expr;)*) => {
        $(impl ToCel for $type {
            fn to_cel(&self, _: u8) -> Box<dyn Val> {
                let $value = self;
                Box::new($to)
            }
        })*
    };
}

values! {
    (): _value => CelStruct::new("google.protobuf.Empty".to_owned());
    bool: value => CelBool::from(*value);
    i32: value => CelInt::from(i64::from(*value));
    i64: value => CelInt::from(*value);
    u32: value => CelUInt::from(u64::from(*value));
    u64: value => CelUInt::from(*value);
    f32: value => CelDouble::from(f64::from(*value));
    f64: value => CelDouble::from(*value);
    str: value => CelString::from(value.to_owned());
    &str: value => CelString::from((*value).to_owned());
    String: value => CelString::from(value.clone());
    [u8]: value => CelBytes::from(value.to_vec());
    Vec<u8>: value => CelBytes::from(value.clone());
}

impl ToCel for prost_types::Timestamp {
    fn to_cel(&self, _: u8) -> Box<dyn Val> {
        let time = u32::try_from(self.nanos)
            .ok()
            .and_then(|nanos| DateTime::from_timestamp(self.seconds, nanos));
        match time {
            Some(time) => Box::new(CelTimestamp::from(time.fixed_offset())),
            None => Box::new(CelNull),
        }
    }
}

impl ToCel for prost_types::Duration {
    fn to_cel(&self, _: u8) -> Box<dyn Val> {
        let seconds = TimeDelta::try_seconds(self.seconds);
        match seconds
            .and_then(|seconds| seconds.checked_add(&TimeDelta::nanoseconds(self.nanos.into())))
        {
            Some(duration) => Box::new(CelDuration::from(duration)),
            None => Box::new(CelNull),
        }
    }
}

impl ToCel for prost_types::Any {
    fn to_cel(&self, unset: u8) -> Box<dyn Val> {
        let mut message = Message::new("google.protobuf.Any");
        message.field("type_url", !self.type_url.is_empty(), self.type_url.to_cel(unset));
        message.field("value", !self.value.is_empty(), self.value.to_cel(unset));
        message.done()
    }
}

impl ToCel for prost_types::FieldMask {
    fn to_cel(&self, unset: u8) -> Box<dyn Val> {
        let mut message = Message::new("google.protobuf.FieldMask");
        message.field("paths", !self.paths.is_empty(), list(&self.paths, unset));
        message.done()
    }
}

impl ToCel for prost_types::Struct {
    fn to_cel(&self, unset: u8) -> Box<dyn Val> {
        let pairs: HashMap<CelMapKey<'static>, Box<dyn Val>> =
            self.fields.iter().map(|(key, value)| (key.to_key(), value.to_cel(unset))).collect();
        Box::new(CelMap::from(pairs))
    }
}

impl ToCel for prost_types::ListValue {
    fn to_cel(&self, unset: u8) -> Box<dyn Val> {
        list(&self.values, unset)
    }
}

impl ToCel for prost_types::Value {
    fn to_cel(&self, unset: u8) -> Box<dyn Val> {
        match &self.kind {
            None | Some(Kind::NullValue(_)) => Box::new(CelNull),
            Some(Kind::NumberValue(number)) => number.to_cel(unset),
            Some(Kind::StringValue(text)) => text.to_cel(unset),
            Some(Kind::BoolValue(truth)) => truth.to_cel(unset),
            Some(Kind::StructValue(inner)) => inner.to_cel(unset),
            Some(Kind::ListValue(inner)) => inner.to_cel(unset),
        }
    }
}
