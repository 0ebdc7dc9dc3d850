//! What became of a field, or of an extension.

use prost_reflect::prost_types::FieldOptions;
use prost_reflect::{
    Cardinality, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind,
};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::Part;

use super::{At, Comparison};

/// A field or an extension.
pub(super) struct View {
    pub(super) name: String,
    pub(super) full_name: String,
    pub(super) json_name: String,
    pub(super) number: u32,
    pub(super) kind: Kind,
    is_group: bool,
    form: Form,
    /// The oneof that it was written in.
    oneof: Option<String>,
    /// The oneofs of its message.
    oneofs: Vec<String>,
    default: Option<String>,
    pub(super) is_deprecated: bool,
    pub(super) file: FileDescriptor,
    pub(super) path: Vec<i32>,
}

/// How many values there are, and whether none is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One; zero and not there are the same.
    Implicit,
    /// One, or none.
    Explicit,
    Required,
    List,
    Map,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Implicit => "one",
            Self::Explicit => "optional",
            Self::Required => "required",
            Self::List => "repeated",
            Self::Map => "map",
        }
    }

    fn is_one(self) -> bool {
        matches!(self, Self::Implicit | Self::Explicit | Self::Required)
    }
}

impl From<&FieldDescriptor> for View {
    fn from(field: &FieldDescriptor) -> Self {
        let proto = field.field_descriptor_proto();
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        Self {
            name: field.name().to_owned(),
            full_name: field.full_name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number(),
            kind: field.kind(),
            is_group: field.is_group(),
            form: match field.cardinality() {
                _ if field.is_map() => Form::Map,
                Cardinality::Repeated => Form::List,
                Cardinality::Required => Form::Required,
                Cardinality::Optional if field.supports_presence() => Form::Explicit,
                Cardinality::Optional => Form::Implicit,
            },
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
            oneofs: field.parent_message().oneofs().map(|it| it.name().to_owned()).collect(),
            default: proto.default_value.clone(),
            is_deprecated: proto.options.as_ref().is_some_and(FieldOptions::deprecated),
            file: field.parent_file(),
            path: field.path().to_vec(),
        }
    }
}

impl From<&ExtensionDescriptor> for View {
    fn from(field: &ExtensionDescriptor) -> Self {
        let proto = field.field_descriptor_proto();
        Self {
            name: field.name().to_owned(),
            full_name: field.full_name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number(),
            kind: field.kind(),
            is_group: field.is_group(),
            form: if field.is_list() { Form::List } else { Form::Explicit },
            oneof: None,
            oneofs: Vec::new(),
            default: proto.default_value.clone(),
            is_deprecated: proto.options.as_ref().is_some_and(FieldOptions::deprecated),
            file: field.parent_file(),
            path: field.path().to_vec(),
        }
    }
}

/// Whether what is written as one can be read as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fit {
    wire: bool,
    json: bool,
    source: bool,
}

impl Comparison<'_> {
    /// An extension, by what it extends and its number.
    pub(super) fn extension(&mut self, old_part: &Part, old: &ExtensionDescriptor) {
        let of = old.containing_message();
        let was = View::from(old);
        let new = self.new.message(old_part, of.full_name()).and_then(|(part, message)| {
            message.get_extension(old.number()).map(|extension| (part, extension))
        });
        // What is extended need not be one of the messages that are compared.
        let new = new.or_else(|| {
            self.new.parts.iter().find_map(|part| {
                let same = |it: &ExtensionDescriptor| {
                    it.number() == old.number()
                        && it.containing_message().full_name() == of.full_name()
                };
                part.pool.all_extensions().find(same).map(|extension| (part, extension))
            })
        });
        let Some((part, new)) = new else {
            let at = At::gone(old_part, &was.file, &was.path);
            let number = Some(format!("{} of {}", was.number, of.full_name()));
            return self.found(change::WIRE_EXTENSION_REMOVED, &was.full_name, at, number, None);
        };
        let is = View::from(&new);
        if was.full_name != is.full_name {
            let at = At::new(part, &is.file, &is.path);
            let (from, to) = (Some(was.full_name.clone()), Some(is.full_name.clone()));
            self.found(change::SOURCE_FIELD_NAME, &was.full_name, at, from, to);
        }
        self.fields(&was, &is, part);
    }

    /// Two fields of one number.
    pub(super) fn fields(&mut self, was: &View, is: &View, part: &Part) {
        let at = At::new(part, &is.file, &is.path);
        let name = is.full_name.as_str();
        if was.name != is.name || was.json_name != is.json_name {
            let text = |it: &View| {
                let explicit = it.json_name != it.name && !is_usual(&it.name, &it.json_name);
                let json =
                    if explicit { format!(" ({} in JSON)", it.json_name) } else { String::new() };
                Some(format!("{}{json}", it.name))
            };
            self.found(change::JSON_FIELD_NAME, name, at, text(was), text(is));
            if was.name != is.name {
                let (from, to) = (Some(was.name.clone()), Some(is.name.clone()));
                self.found(change::SOURCE_FIELD_NAME, name, at, from, to);
            }
        }
        self.types(was, is, at);
        self.forms(was, is, at);
        if was.oneof != is.oneof {
            let text =
                |it: &View| Some(it.oneof.as_ref().map_or_else(|| "none".to_owned(), Clone::clone));
            self.found(change::WIRE_FIELD_ONEOF, name, at, text(was), text(is));
            // Of a oneof that is called something else, that is told.
            let is_renamed = is.oneof.is_some()
                && was.oneof.as_ref().is_some_and(|name| !is.oneofs.contains(name));
            if !is_renamed {
                self.found(change::SOURCE_FIELD_TYPE, name, at, text(was), text(is));
            }
        }
        if was.default != is.default {
            let text = |it: &View| Some(it.default.clone().unwrap_or_else(|| "none".to_owned()));
            self.found(change::WIRE_FIELD_DEFAULT, name, at, text(was), text(is));
        }
        self.deprecated(name, at, was.is_deprecated, is.is_deprecated);
    }

    fn types(&mut self, was: &View, is: &View, at: At<'_>) {
        if was.form == Form::Map || is.form == Form::Map {
            return self.maps(was, is, at);
        }
        let fit = fit((&was.kind, was.is_group), (&is.kind, is.is_group));
        self.unfit(fit, is, at, &type_name(was), &type_name(is));
    }

    fn unfit(&mut self, fit: Fit, is: &View, at: At<'_>, from: &str, to: &str) {
        let changes = [
            (fit.wire, change::WIRE_FIELD_TYPE),
            (fit.json, change::JSON_FIELD_TYPE),
            (fit.source, change::SOURCE_FIELD_TYPE),
        ];
        for (fits, change) in changes {
            if !fits {
                self.found(change, &is.full_name, at, Some(from.to_owned()), Some(to.to_owned()));
            }
        }
    }

    /// A map is a list of entries on the wire, and an object in JSON.
    fn maps(&mut self, was: &View, is: &View, at: At<'_>) {
        let (Some(old), Some(new)) = (was.kind.as_message(), is.kind.as_message()) else {
            return self.unfit(
                Fit { wire: false, json: false, source: false },
                is,
                at,
                &type_name(was),
                &type_name(is),
            );
        };
        let mut whole = Fit { wire: true, json: true, source: true };
        for number in [1, 2] {
            match (old.get_field(number), new.get_field(number)) {
                (Some(old), Some(new)) if old.is_list() == new.is_list() => {
                    let part = fit((&old.kind(), old.is_group()), (&new.kind(), new.is_group()));
                    whole = Fit {
                        wire: whole.wire && part.wire,
                        json: whole.json && part.json,
                        source: whole.source && part.source,
                    };
                }
                _ => whole = Fit { wire: false, json: false, source: false },
            }
        }
        if was.form == is.form {
            self.unfit(whole, is, at, &type_name(was), &type_name(is));
        } else if !whole.wire {
            self.found(
                change::WIRE_FIELD_TYPE,
                &is.full_name,
                at,
                Some(type_name(was)),
                Some(type_name(is)),
            );
        }
    }

    fn forms(&mut self, was: &View, is: &View, at: At<'_>) {
        let (from, to) = (was.form, is.form);
        if from == to {
            return;
        }
        let text = |form: Form| Some(form.name().to_owned());
        let mut found = |change| self.found(change, &is.full_name, at, text(from), text(to));
        if from == Form::Required || to == Form::Required {
            found(change::WIRE_FIELD_REQUIRED);
        }
        if from.is_one() && to.is_one() {
            // In a oneof, or as a message, it is optional whatever is written.
            let is_same = was.oneof != is.oneof || was.kind.as_message().is_some();
            if !is_same {
                found(change::SOURCE_FIELD_TYPE);
            }
            return;
        }
        // A map is written as a list of entries; but it keeps one of a key, and in no order.
        found(change::WIRE_FIELD_CARDINALITY);
        found(change::JSON_FIELD_CARDINALITY);
        found(change::SOURCE_FIELD_TYPE);
    }
}

/// Whether `json` is what a field called `name` is in JSON if nothing else is said.
fn is_usual(name: &str, json: &str) -> bool {
    let mut camel = String::new();
    let mut is_next = false;
    for c in name.chars() {
        match c {
            '_' => is_next = true,
            c if is_next => {
                camel.push(c.to_ascii_uppercase());
                is_next = false;
            }
            c => camel.push(c),
        }
    }
    camel == json
}

/// The type as a proto has it.
pub(super) fn type_name(view: &View) -> String {
    match (view.form, view.kind.as_message()) {
        (Form::Map, Some(entry)) => {
            let name = |number| entry.get_field(number).map(|field| kind_name(&field.kind()));
            let name = |number| name(number).unwrap_or_default();
            format!("map<{}, {}>", name(1), name(2))
        }
        _ if view.is_group => format!("group {}", kind_name(&view.kind)),
        _ => kind_name(&view.kind),
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(proto) => proto.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

/// Groups of types that are written alike, as protobuf's guide to updating messages has them.
fn fit((old, old_group): (&Kind, bool), (new, new_group): (&Kind, bool)) -> Fit {
    let same = Fit { wire: true, json: true, source: true };
    if old_group != new_group {
        return Fit { wire: false, ..fit((old, false), (new, false)) };
    }
    match (old, new) {
        (Kind::Message(old), Kind::Message(new)) => {
            let is_same = old.full_name() == new.full_name();
            Fit { wire: is_same, json: is_same, source: is_same }
        }
        (Kind::Enum(old), Kind::Enum(new)) => {
            let is_same = old.full_name() == new.full_name();
            let fits = is_same || is_part_of(old, new);
            Fit { wire: fits, json: fits, source: is_same }
        }
        (Kind::Message(_) | Kind::Enum(_), _) | (_, Kind::Message(_) | Kind::Enum(_)) => {
            Fit { wire: false, json: false, source: false }
        }
        (old, new) if old == new => same,
        (old, new) => Fit {
            // Any text is bytes, but not the other way round.
            wire: wire(old) == wire(new) || (*old == Kind::String && *new == Kind::Bytes),
            json: json(old) == json(new),
            source: source(old) == source(new),
        },
    }
}

/// Whether an enum moved: it is called the same, and every value of it is there.
fn is_part_of(old: &EnumDescriptor, new: &EnumDescriptor) -> bool {
    let is_there = |value: prost_reflect::EnumValueDescriptor| {
        new.get_value_by_name(value.name()).is_some_and(|it| it.number() == value.number())
    };
    old.name() == new.name() && old.values().all(is_there)
}

fn wire(kind: &Kind) -> u8 {
    match kind {
        Kind::Int32 | Kind::Uint32 | Kind::Int64 | Kind::Uint64 | Kind::Bool => 0,
        Kind::Sint32 | Kind::Sint64 => 1,
        Kind::Fixed32 | Kind::Sfixed32 => 2,
        Kind::Fixed64 | Kind::Sfixed64 => 3,
        Kind::Float => 4,
        Kind::Double => 5,
        Kind::String => 6,
        Kind::Bytes => 7,
        Kind::Message(_) => 8,
        Kind::Enum(_) => 9,
    }
}

/// Numbers of 64 bits are texts in JSON.
fn json(kind: &Kind) -> u8 {
    match kind {
        Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 | Kind::Sfixed32 => 0,
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Double => 2,
        Kind::Bool => 3,
        Kind::String => 4,
        Kind::Bytes => 5,
        Kind::Message(_) => 6,
        Kind::Enum(_) => 7,
    }
}

fn source(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "i32",
        Kind::Uint32 | Kind::Fixed32 => "u32",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "i64",
        Kind::Uint64 | Kind::Fixed64 => "u64",
        Kind::Float => "f32",
        Kind::Double => "f64",
        Kind::Bool => "bool",
        Kind::String => "String",
        Kind::Bytes => "Vec<u8>",
        Kind::Message(_) => "message",
        Kind::Enum(_) => "enum",
    }
}
