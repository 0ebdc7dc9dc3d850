//! Messages and enums with the shape that prost gives them in Rust, for what is generated beside them.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind as ProtoKind,
    MessageDescriptor, Syntax,
};

use crate::error::Error;

use super::options::{ErrorReader, ErrorRule, error_variant};
use super::{Types, names};

/// A message that code is made for. Entries of maps are none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// As in the proto: `user.v1.User.Address`.
    pub full_name: String,
    /// The struct, as seen from the package's module: `user::Address`.
    pub path: TokenStream,
    /// Every field in the order of the proto, those of oneofs too.
    pub fields: Vec<Field>,
    /// In the order of the proto, without those that proto3 makes of `optional`.
    pub oneofs: Vec<Oneof>,
    /// The field of the struct that keeps the fields which the proto does not have, if it has one.
    pub unknown_fields: Option<Ident>,
    /// All that the proto says of it.
    pub descriptor: MessageDescriptor,
}

impl Message {
    /// Gives it a field for unknown fields, by a name that is none of its own.
    pub(super) fn keep_unknown_fields(&mut self) {
        let is_taken = self.fields.iter().any(|field| field.name == "unknown_fields");
        // No name of a proto has a line at its end in Rust.
        let name = if is_taken { "unknown_fields_" } else { "unknown_fields" };
        self.unknown_fields = Some(Ident::new(name, proc_macro2::Span::call_site()));
    }
}

/// A field of a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Field {
    /// The field of the struct; for a member of a oneof, the one that holds the oneof.
    pub name: Ident,
    /// How the struct holds it.
    pub shape: Shape,
    /// What one value of it is; of a map, what stands behind the keys.
    pub value: Value,
    /// All that the proto says of it: its names, number and options.
    pub descriptor: FieldDescriptor,
}

/// How a struct holds a field.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `T`: a scalar without presence, or what proto2 requires; `boxed` is `Box<T>`.
    Plain {
        /// Whether it is in a box.
        boxed: bool,
    },
    /// `Option<T>`; `boxed` is `Option<Box<T>>`.
    Optional {
        /// Whether it is in a box.
        boxed: bool,
    },
    /// `Vec<T>`.
    Repeated,
    /// `HashMap<K, T>`.
    Map {
        /// What the keys are.
        key: Value,
    },
    /// `Option<Oneof>`, of which this is the variant.
    Member {
        /// The place in [`Message::oneofs`].
        oneof: usize,
        /// The variant.
        variant: Ident,
        /// Whether what the variant holds is in a box.
        boxed: bool,
    },
}

/// What a value is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the protobuf types")]
pub enum Value {
    Bool,
    /// Also `sint32` and `sfixed32`.
    Int32,
    /// Also `sint64` and `sfixed64`.
    Int64,
    /// Also `fixed32`.
    Uint32,
    /// Also `fixed64`.
    Uint64,
    Float,
    Double,
    String,
    /// `Vec<u8>`.
    Bytes,
    /// An `i32` that this enum names.
    Enum(EnumDescriptor),
    /// A message, or a group, and its Rust type as seen from the package's module: `()` for
    /// `google.protobuf.Empty`, `i32` for `google.protobuf.Int32Value`.
    Message {
        descriptor: MessageDescriptor,
        path: TokenStream,
    },
}

/// A oneof.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Oneof {
    /// As in the proto.
    pub proto_name: String,
    /// The field of the struct.
    pub name: Ident,
    /// The enum, as seen from the package's module: `user::Contact`.
    pub path: TokenStream,
}

/// An enum that code is made for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enum {
    /// As in the proto: `user.v1.User.Status`.
    pub full_name: String,
    /// The enum, as seen from the package's module: `user::Status`.
    pub path: TokenStream,
    /// All names, aliases too, in the order of the proto.
    pub values: Vec<EnumValue>,
    /// All that the proto says of it.
    pub descriptor: EnumDescriptor,
}

/// A name of an enum's number.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnumValue {
    /// As in the proto: `STATUS_ACTIVE`.
    pub proto_name: String,
    /// Its number.
    pub number: i32,
    /// Its variant, `Active`; none for an alias.
    pub variant: Option<Ident>,
    /// The error that it is the reason of, if the enum is one of errors.
    pub error: Option<ErrorRule>,
}

/// The messages and enums of a file, nested ones behind what they are nested in.
pub(super) fn of_file(
    file: &FileDescriptor,
    types: &Types,
    errors: &ErrorReader,
) -> Result<(Vec<Message>, Vec<Enum>), Error> {
    let mut found = (Vec::new(), Vec::new());
    for proto in file.enums() {
        found.1.push(enumeration(&proto, types, errors)?);
    }
    for proto in file.messages() {
        add(&mut found, &proto, types, errors)?;
    }
    Ok(found)
}

fn add(
    found: &mut (Vec<Message>, Vec<Enum>),
    proto: &MessageDescriptor,
    types: &Types,
    errors: &ErrorReader,
) -> Result<(), Error> {
    if proto.is_map_entry() {
        return Ok(());
    }
    found.0.push(message(proto, types)?);
    for nested in proto.child_enums() {
        found.1.push(enumeration(&nested, types, errors)?);
    }
    for nested in proto.child_messages() {
        add(found, &nested, types, errors)?;
    }
    Ok(())
}

fn rust_path(types: &Types, package: &str, full_name: &str) -> Result<TokenStream, Error> {
    names::path(&types.path(package, &format!(".{full_name}")))
}

fn message(proto: &MessageDescriptor, types: &Types) -> Result<Message, Error> {
    let package = proto.package_name();
    let real = proto.oneofs().filter(|oneof| !oneof.is_synthetic());
    let oneofs = real.map(|oneof| {
        // The messages' generator avoids the name of a type that is nested in the same message.
        let taken = names::camel(oneof.name());
        let mut nested = proto.child_messages().map(|nested| nested.name().to_owned());
        let mut enums = proto.child_enums().map(|nested| nested.name().to_owned());
        let is_taken = nested.any(|name| names::camel(&name) == taken)
            || enums.any(|name| names::camel(&name) == taken);
        let suffix = if is_taken { "OneOf" } else { "" };
        let full_name = format!("{}.{}{suffix}", proto.full_name(), taken);
        Ok(Oneof {
            proto_name: oneof.name().to_owned(),
            name: names::ident(&names::snake(oneof.name()))?,
            path: rust_path(types, package, &full_name)?,
        })
    });
    let oneofs = oneofs.collect::<Result<Vec<_>, Error>>()?;
    let mut fields: Vec<_> = proto.fields().collect();
    // In the order of the proto, which the path of a field ends with.
    fields.sort_by_key(|field| field.path().last().copied());
    let fields = fields.into_iter().map(|proto| field(proto, package, &oneofs, types));
    Ok(Message {
        full_name: proto.full_name().to_owned(),
        path: rust_path(types, package, proto.full_name())?,
        fields: fields.collect::<Result<_, _>>()?,
        oneofs,
        unknown_fields: None,
        descriptor: proto.clone(),
    })
}

fn field(
    proto: FieldDescriptor,
    package: &str,
    oneofs: &[Oneof],
    types: &Types,
) -> Result<Field, Error> {
    let boxed = is_boxed(&proto);
    let oneof = proto.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let member = oneof.and_then(|oneof| {
        let place = oneofs.iter().position(|known| known.proto_name == oneof.name())?;
        Some((place, &oneofs[place].name))
    });
    if let Some((oneof, name)) = member {
        let variant = names::ident(&names::camel(proto.name()))?;
        let value = value(&proto.kind(), package, types)?;
        let shape = Shape::Member { oneof, variant, boxed };
        return Ok(Field { name: name.clone(), shape, value, descriptor: proto });
    }
    let name = names::ident(&names::snake(proto.name()))?;
    let (shape, kind) = match proto.kind() {
        ProtoKind::Message(entry) if proto.is_map() => {
            let key = value(&entry.map_entry_key_field().kind(), package, types)?;
            (Shape::Map { key }, entry.map_entry_value_field().kind())
        }
        kind if proto.cardinality() == Cardinality::Repeated => (Shape::Repeated, kind),
        kind if is_optional(&proto) => (Shape::Optional { boxed }, kind),
        kind => (Shape::Plain { boxed }, kind),
    };
    let value = value(&kind, package, types)?;
    Ok(Field { name, shape, value, descriptor: proto })
}

/// Whether the messages' generator makes an `Option` of it.
fn is_optional(proto: &FieldDescriptor) -> bool {
    if proto.field_descriptor_proto().proto3_optional() {
        return true;
    }
    proto.cardinality() == Cardinality::Optional
        && (proto.parent_file().syntax() == Syntax::Proto2
            || matches!(proto.kind(), ProtoKind::Message(_)))
}

/// Whether a message holds itself through this field, so that it has to be in a box.
fn is_boxed(proto: &FieldDescriptor) -> bool {
    let ProtoKind::Message(inner) = proto.kind() else { return false };
    if proto.cardinality() == Cardinality::Repeated {
        return false;
    }
    let home = proto.parent_message().full_name().to_owned();
    let mut seen = BTreeSet::new();
    let mut left = vec![inner];
    while let Some(message) = left.pop() {
        if message.full_name() == home {
            return true;
        }
        if seen.insert(message.full_name().to_owned()) {
            let single = message
                .fields()
                .filter(|field| field.cardinality() != Cardinality::Repeated && !field.is_group());
            left.extend(single.filter_map(|field| field.kind().as_message().cloned()));
        }
    }
    false
}

fn value(kind: &ProtoKind, package: &str, types: &Types) -> Result<Value, Error> {
    Ok(match kind {
        ProtoKind::Bool => Value::Bool,
        ProtoKind::Int32 | ProtoKind::Sint32 | ProtoKind::Sfixed32 => Value::Int32,
        ProtoKind::Int64 | ProtoKind::Sint64 | ProtoKind::Sfixed64 => Value::Int64,
        ProtoKind::Uint32 | ProtoKind::Fixed32 => Value::Uint32,
        ProtoKind::Uint64 | ProtoKind::Fixed64 => Value::Uint64,
        ProtoKind::Float => Value::Float,
        ProtoKind::Double => Value::Double,
        ProtoKind::String => Value::String,
        ProtoKind::Bytes => Value::Bytes,
        ProtoKind::Enum(descriptor) => Value::Enum(descriptor.clone()),
        ProtoKind::Message(descriptor) => Value::Message {
            path: rust_path(types, package, descriptor.full_name())?,
            descriptor: descriptor.clone(),
        },
    })
}

fn enumeration(proto: &EnumDescriptor, types: &Types, errors: &ErrorReader) -> Result<Enum, Error> {
    let mut seen = BTreeSet::new();
    let mut rules = errors.of(proto);
    let values = proto.enum_descriptor_proto().value.iter().map(|value| {
        let variant = match rules {
            Some(_) => error_variant(proto.name(), value.name()),
            None => names::variant(proto.name(), value.name()),
        };
        let is_first = seen.insert(value.number());
        Ok(EnumValue {
            proto_name: value.name().to_owned(),
            number: value.number(),
            variant: if is_first { Some(names::ident(&variant)?) } else { None },
            error: rules.as_mut().and_then(|rules| rules.remove(&value.number())),
        })
    });
    let values = values.collect::<Result<_, Error>>()?;
    Ok(Enum {
        full_name: proto.full_name().to_owned(),
        path: rust_path(types, proto.package_name(), proto.full_name())?,
        values,
        descriptor: proto.clone(),
    })
}
