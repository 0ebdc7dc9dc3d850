//! `Any`: messages of the types that the program knows.

use std::fmt;

use prost::Message;
use prost_types::{Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value};
use serde::de::value::Error as NodeError;
use serde::de::{DeserializeSeed, Error as _};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserializer, Serializer};

use super::node::{self, Node};
use super::options::TOO_DEEP;
use super::{Json, Options, Unknown};

/// The types that an [`Any`] may hold, beside those of `google.protobuf`.
///
/// Generated code has a list for each package, sorted by name.
#[derive(Clone, Copy)]
pub struct Types(&'static [&'static [AnyType]]);

impl Types {
    /// The types of some packages; each list is sorted by its names.
    #[must_use]
    pub const fn new(packages: &'static [&'static [AnyType]]) -> Self {
        Self(packages)
    }

    /// The types of all of these. What is made lasts as long as the program, so this is for its
    /// start.
    #[must_use]
    pub fn of(all: impl IntoIterator<Item = Self>) -> Self {
        let mut packages: Vec<&'static [AnyType]> = Vec::new();
        for package in all.into_iter().flat_map(|types| types.0) {
            if !packages.iter().any(|known| known.as_ptr() == package.as_ptr()) {
                packages.push(package);
            }
        }
        if packages.is_empty() { Self(&[]) } else { Self(packages.leak()) }
    }

    /// The type of a name; those of `google.protobuf` are always known.
    fn find(self, name: &str) -> Option<&'static AnyType> {
        let known = [WELL_KNOWN];
        let mut packages = known.iter().chain(self.0);
        packages.find_map(|types| {
            let place = types.binary_search_by_key(&name, |known| known.name).ok()?;
            types.get(place)
        })
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|types| *types)).finish()
    }
}

impl PartialEq for Types {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(other.0).all(|(one, other)| one.as_ptr() == other.as_ptr())
    }
}

impl Eq for Types {}

/// A type of message that an [`Any`] may hold.
pub struct AnyType {
    name: &'static str,
    /// Whether its JSON is no object of its fields, so that it needs a member of its own.
    is_special: bool,
    write: fn(&[u8], &Options) -> Result<Node, NodeError>,
    read: fn(Node, &Options) -> Result<Vec<u8>, NodeError>,
}

impl AnyType {
    /// The type of the full name `user.v1.User`.
    #[must_use]
    pub const fn of<M: Message + Default + Json>(name: &'static str) -> Self {
        Self { name, is_special: false, write: write::<M>, read: read::<M> }
    }

    const fn special<M: Message + Default + Json>(name: &'static str) -> Self {
        Self { is_special: true, ..Self::of::<M>(name) }
    }
}

impl fmt::Debug for AnyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn write<M: Message + Default + Json>(bytes: &[u8], options: &Options) -> Result<Node, NodeError> {
    let message = M::decode(bytes).map_err(serde::ser::Error::custom)?;
    message.write_json(options, node::Make)
}

fn read<M: Message + Default + Json>(node: Node, options: &Options) -> Result<Vec<u8>, NodeError> {
    let mut message = M::default();
    message.merge_json(options, node)?;
    Ok(message.encode_to_vec())
}

/// What has a JSON of its own, by name.
const WELL_KNOWN: &[AnyType] = &[
    AnyType::special::<Any>("google.protobuf.Any"),
    AnyType::special::<bool>("google.protobuf.BoolValue"),
    AnyType::special::<Vec<u8>>("google.protobuf.BytesValue"),
    AnyType::special::<f64>("google.protobuf.DoubleValue"),
    AnyType::special::<Duration>("google.protobuf.Duration"),
    AnyType::of::<()>(EMPTY),
    AnyType::special::<FieldMask>("google.protobuf.FieldMask"),
    AnyType::special::<f32>("google.protobuf.FloatValue"),
    AnyType::special::<i32>("google.protobuf.Int32Value"),
    AnyType::special::<i64>("google.protobuf.Int64Value"),
    AnyType::special::<ListValue>("google.protobuf.ListValue"),
    AnyType::special::<String>("google.protobuf.StringValue"),
    AnyType::special::<Struct>("google.protobuf.Struct"),
    AnyType::special::<Timestamp>("google.protobuf.Timestamp"),
    AnyType::special::<u32>("google.protobuf.UInt32Value"),
    AnyType::special::<u64>("google.protobuf.UInt64Value"),
    AnyType::special::<Value>("google.protobuf.Value"),
];
/// Its JSON is an object of its fields, of which there are none; but some write it as a value.
const EMPTY: &str = "google.protobuf.Empty";

/// The type that a URL names, or why there is none.
fn known(url: &str, options: &Options) -> Result<&'static AnyType, String> {
    let name = match url.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => return Err(format!("an Any has the type {url:?}, which is no URL of one")),
    };
    options.types.find(name).ok_or_else(|| {
        format!("an Any has the type {name}, which is not known here: only what this service was generated from is")
    })
}

impl Json for Any {
    fn write_json<S: Serializer>(&self, options: &Options, out: S) -> Result<S::Ok, S::Error> {
        let options = &options.deeper().ok_or_else(|| S::Error::custom(TOO_DEEP))?;
        if self.type_url.is_empty() && self.value.is_empty() {
            return out.serialize_map(Some(0))?.end();
        }
        let known = known(&self.type_url, options).map_err(S::Error::custom)?;
        let node = (known.write)(&self.value, options)
            .map_err(|error| S::Error::custom(format_args!("an Any of {}: {error}", known.name)))?;
        let mut out = out.serialize_map(None)?;
        out.serialize_entry("@type", &self.type_url)?;
        match node {
            Node::Object(members) if !known.is_special => {
                for (name, value) in &members {
                    out.serialize_entry(name, value)?;
                }
            }
            node => out.serialize_entry("value", &node)?,
        }
        out.end()
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        let options = &options.deeper().ok_or_else(|| D::Error::custom(TOO_DEEP))?;
        // The type need not stand first, so all of it is taken down.
        let Node::Object(members) =
            node::Take(options.depth.saturating_mul(2)).deserialize(from)?
        else {
            return Err(D::Error::custom("an Any is an object"));
        };
        *self = of_members(members, options).map_err(D::Error::custom)?;
        Ok(())
    }
}

fn of_members(mut members: Vec<(String, Node)>, options: &Options) -> Result<Any, String> {
    let Some(place) = members.iter().position(|(name, _)| name == "@type") else {
        return match members.first() {
            None => Ok(Any::default()),
            Some(_) => Err("an Any has no @type".to_owned()),
        };
    };
    let (_, Node::Text(type_url)) = members.remove(place) else {
        return Err("the @type of an Any is a text".to_owned());
    };
    if members.iter().any(|(name, _)| name == "@type") {
        return Err("the @type of an Any stands there twice".to_owned());
    }
    let known = known(&type_url, options)?;
    let in_value = known.is_special || known.name == EMPTY;
    let node = if in_value { special(members, known, options)? } else { Node::Object(members) };
    let value = (known.read)(node, options)
        .map_err(|error| format!("an Any of {}: {error}", known.name))?;
    Ok(Any { type_url, value })
}

/// What stands at `value`.
fn special(
    members: Vec<(String, Node)>,
    known: &AnyType,
    options: &Options,
) -> Result<Node, String> {
    let mut found = None;
    for (name, node) in members {
        if name == "value" {
            if found.replace(node).is_some() {
                return Err(format!("an Any of {} has two values", known.name));
            }
        } else if options.unknown == Unknown::Refused {
            return Err(format!("an Any of {} has no field {name:?}", known.name));
        }
    }
    match found {
        Some(node) => Ok(node),
        None if known.name == EMPTY => Ok(Node::Object(Vec::new())),
        None => Err(format!("an Any of {} has no value", known.name)),
    }
}
