//! Messages and enums as the schemas that a document's parts refer to.

use std::collections::BTreeMap;

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Syntax,
};
use serde_json::Value;

use super::known;
use super::node::{Node, Object};
use super::rules::{Constraints, Rules, is_bounded, of_items, of_map};
use super::texts::{Text, Texts};

/// The schemas of a document, collected as they are referred to.
#[derive(Debug)]
pub(super) struct Schemas<'a> {
    pub(super) texts: &'a Texts,
    pub(super) rules: &'a Rules,
    made: BTreeMap<String, Object>,
    left: Vec<MessageDescriptor>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(texts: &'a Texts, rules: &'a Rules) -> Self {
        Self { texts, rules, made: BTreeMap::new(), left: Vec::new() }
    }

    /// All that was referred to, and what that refers to, by name.
    pub(super) fn finish(mut self) -> Object {
        while let Some(message) = self.left.pop() {
            let schema = self.object(&message, &[]);
            self.made.insert(message.full_name().to_owned(), schema);
        }
        self.made.into_iter().fold(Object::new(), |all, (name, schema)| all.with(name, schema))
    }

    /// A message, by reference if it has no form of its own.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Object {
        let name = message.full_name();
        known::schema(name).unwrap_or_else(|| {
            if !self.made.contains_key(name) {
                // Holds the place: the message may lead back to itself.
                self.made.insert(name.to_owned(), Object::new());
                self.left.push(message.clone());
            }
            reference(name)
        })
    }

    /// A message written out, without some of its fields: those that a path tells.
    pub(super) fn object(&mut self, message: &MessageDescriptor, without: &[&str]) -> Object {
        let text = self.texts.at(&message.parent_file(), message.path());
        let mut fields: Vec<_> =
            message.fields().filter(|field| !without.contains(&field.name())).collect();
        // In the order of the proto, which the path of a field ends with.
        fields.sort_by_key(|field| field.path().last().copied());
        let mut properties = Object::new();
        let mut required = Vec::new();
        for field in &fields {
            properties.set(field.json_name(), self.field(field));
            if self.rules.is_required(field) {
                required.push(field.json_name());
            }
        }
        let choices = self.choices(message, without);
        Object::new()
            .with("type", "object")
            .with_all(described(&text))
            .with_some("deprecated", is_deprecated(message).then_some(true))
            .with_some("properties", (!properties.is_empty()).then_some(properties))
            .with_some("required", (!required.is_empty()).then_some(required))
            .with_some("allOf", (!choices.is_empty()).then_some(choices))
    }

    /// That of the fields of each oneof at most one is there.
    fn choices(&self, message: &MessageDescriptor, without: &[&str]) -> Vec<Object> {
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let choice = oneofs.filter_map(|oneof| {
            let fields: Vec<_> =
                oneof.fields().filter(|field| !without.contains(&field.name())).collect();
            let one = |field: &FieldDescriptor| {
                Object::new().with("required", vec![field.json_name().to_owned()])
            };
            let mut ways: Vec<_> = fields.iter().map(one).collect();
            if !self.rules.is_oneof_required(&oneof) {
                let any = Object::new().with("anyOf", ways.clone());
                ways.push(Object::new().with("not", any));
            }
            let text = self.texts.at(&oneof.parent_file(), oneof.path());
            let choice = Object::new().with("title", oneof.name()).with_all(described(&text));
            (ways.len() > 1).then(|| choice.with("oneOf", ways))
        });
        choice.collect()
    }

    /// A field as a member of its message.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Object {
        let text = self.texts.at(&field.parent_file(), field.path());
        let is_singular = !field.is_list() && !field.is_map();
        // What is written as null if it is not set.
        let is_old = field.parent_file().syntax() == Syntax::Proto2 && field.supports_presence();
        let can_be_null = is_singular
            && field.containing_oneof().is_none()
            && (matches!(field.kind(), Kind::Message(_)) || is_old)
            && !self.rules.is_required(field);
        let (schema, notes) = self.shape(field);
        let schema = if can_be_null { known::nullable(schema) } else { schema };
        let behavior = self.rules.behavior(field);
        let text = with_notes(text, &notes);
        schema
            .with_all(described(&text))
            .with_all(behavior)
            .with_some("deprecated", is_field_deprecated(field).then_some(true))
            .with_some("default", default_value(field))
    }

    /// What a field holds, with its rules; beside it those that a schema cannot say.
    pub(super) fn shape(&mut self, field: &FieldDescriptor) -> (Object, Vec<String>) {
        let rules = self.rules.of(field);
        let Constraints { schema: own, notes } = Constraints::of_field(field, rules.as_ref());
        let base = if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            let [of_keys, of_values] = of_map(rules.as_ref());
            let names = key_names(&key.kind());
            let names = names.with_all(Constraints::of_text(&key.kind(), of_keys.as_ref()));
            let value = self.element(&value.kind(), of_values.as_ref());
            Object::new()
                .with("type", "object")
                .with_some("propertyNames", (!names.is_empty()).then_some(names))
                .with("additionalProperties", value)
        } else if field.is_list() {
            let items = self.element(&field.kind(), of_items(rules.as_ref()).as_ref());
            Object::new().with("type", "array").with("items", items)
        } else {
            self.value(&field.kind(), !is_bounded(rules.as_ref()))
        };
        (base.with_all(own), notes)
    }

    /// One of many values, with the rules for each.
    fn element(&mut self, kind: &Kind, rules: Option<&DynamicMessage>) -> Object {
        let own = rules.map(|rules| Constraints::of(kind, rules)).unwrap_or_default();
        let words = with_notes(Text::default(), &own.notes);
        self.value(kind, !is_bounded(rules)).with_all(own.schema).with_all(described(&words))
    }

    /// One value. `special` are the numbers that JSON has no numbers for.
    fn value(&mut self, kind: &Kind, special: bool) -> Object {
        match kind {
            Kind::Bool => Object::new().with("type", "boolean"),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => known::int32(),
            Kind::Uint32 | Kind::Fixed32 => known::uint32(),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => known::int64(),
            Kind::Uint64 | Kind::Fixed64 => known::uint64(),
            Kind::Float if special => known::number("float"),
            Kind::Double if special => known::number("double"),
            Kind::Float => known::finite("float"),
            Kind::Double => known::finite("double"),
            Kind::String => Object::new().with("type", "string"),
            Kind::Bytes => known::bytes(),
            Kind::Message(message) => self.message(message),
            Kind::Enum(proto) => self.enumeration(proto),
        }
    }

    /// An enum, by reference.
    fn enumeration(&mut self, proto: &EnumDescriptor) -> Object {
        let name = proto.full_name();
        if name == "google.protobuf.NullValue" {
            return Object::new().with("type", "null");
        }
        if !self.made.contains_key(name) {
            let schema = self.names(proto);
            self.made.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// The names of an enum, and below its own comment what is said of each.
    fn names(&self, proto: &EnumDescriptor) -> Object {
        let file = proto.parent_file();
        let mut text = self.texts.at(&file, proto.path());
        let mut lines = Vec::new();
        for value in proto.values() {
            let told = self.texts.at(&file, value.path()).description;
            if !told.is_empty() {
                lines.push(format!("- `{}`: {}", value.name(), told.replace('\n', "\n  ")));
            }
        }
        if !lines.is_empty() {
            let space = if text.description.is_empty() { "" } else { "\n\n" };
            text.description = format!("{}{space}{}", text.description, lines.join("\n"));
        }
        let deprecated = proto.enum_descriptor_proto().options.as_ref();
        let deprecated = deprecated.is_some_and(prost_types::EnumOptions::deprecated);
        let names: Vec<_> = proto.values().map(|value| value.name().to_owned()).collect();
        Object::new()
            .with("type", "string")
            .with_all(described(&text))
            .with_some("deprecated", deprecated.then_some(true))
            .with("enum", names)
    }
}

/// The schema of a name.
pub(super) fn reference(name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/schemas/{name}"))
}

/// What a comment says of a schema.
pub(super) fn described(text: &Text) -> Object {
    let examples = text.examples.iter().cloned().map(Node::from).collect::<Vec<_>>();
    Object::new()
        .with_some("description", (!text.description.is_empty()).then(|| text.description.clone()))
        .with_some("examples", (!examples.is_empty()).then_some(examples))
}

/// A comment and below it the rules that a schema cannot say.
pub(super) fn with_notes(mut text: Text, notes: &[String]) -> Text {
    if !notes.is_empty() {
        let space = if text.description.is_empty() { "" } else { "\n\n" };
        let notes = notes.join("; ");
        text.description = format!("{}{space}Must hold: {notes}.", text.description);
    }
    text
}

/// What the keys of a map look like; empty for texts.
fn key_names(kind: &Kind) -> Object {
    match kind {
        Kind::Bool => Object::new().with("enum", vec!["true", "false"]),
        Kind::Int32
        | Kind::Sint32
        | Kind::Sfixed32
        | Kind::Int64
        | Kind::Sint64
        | Kind::Sfixed64 => Object::new().with("pattern", "^-?[0-9]+$"),
        Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => {
            Object::new().with("pattern", "^[0-9]+$")
        }
        Kind::Double
        | Kind::Float
        | Kind::String
        | Kind::Bytes
        | Kind::Message(_)
        | Kind::Enum(_) => Object::new(),
    }
}

/// What proto2 says a field is when it is not there.
fn default_value(field: &FieldDescriptor) -> Option<Node> {
    use prost_reflect::Value as Told;
    field.field_descriptor_proto().default_value.as_ref()?;
    let value = match field.default_value() {
        Told::Bool(value) => Value::from(value),
        Told::I32(value) => Value::from(value),
        Told::U32(value) => Value::from(value),
        Told::I64(value) => Value::from(value.to_string()),
        Told::U64(value) => Value::from(value.to_string()),
        Told::F32(value) => float(value.into(), &value.to_string()),
        Told::F64(value) => float(value, &value.to_string()),
        Told::String(value) => Value::from(value),
        Told::EnumNumber(number) => match field.kind() {
            Kind::Enum(proto) => Value::from(proto.get_value(number)?.name()),
            _ => return None,
        },
        // Bytes are not worth the words.
        Told::Bytes(_) | Told::Message(_) | Told::List(_) | Told::Map(_) => return None,
    };
    Some(value.into())
}

/// A number as it was written, or the name of one that JSON has no number for.
fn float(value: f64, written: &str) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else if value.is_infinite() {
        Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        serde_json::from_str(written).unwrap_or_else(|_| Value::from(value))
    }
}

fn is_deprecated(message: &MessageDescriptor) -> bool {
    let options = message.descriptor_proto().options.as_ref();
    options.is_some_and(prost_types::MessageOptions::deprecated)
}

pub(super) fn is_field_deprecated(field: &FieldDescriptor) -> bool {
    let options = field.field_descriptor_proto().options.as_ref();
    options.is_some_and(prost_types::FieldOptions::deprecated)
}
