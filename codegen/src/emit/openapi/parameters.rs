//! What is told in paths, queries and forms: fields as text, those of inner messages by dotted names.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::node::Object;
use super::paths::{self, Path};
use super::schemas::{Schemas, described, is_field_deprecated, with_notes};
use super::texts::Text;

/// How many messages within messages are told by dotted names; deeper ones can be sent all the same.
const MAX_DEPTH: usize = 4;

/// A field as text.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As in JSON, with dots: `user.createdAt`.
    name: String,
    text: Text,
    is_required: bool,
    is_deprecated: bool,
    /// Whether it is told as `labels[color]`.
    is_map: bool,
    schema: Object,
}

impl Parameter {
    /// As a parameter of a query.
    fn in_query(self) -> Object {
        Object::new()
            .with("name", self.name)
            .with("in", "query")
            .with_some(
                "description",
                (!self.text.description.is_empty()).then_some(self.text.description),
            )
            .with_some("required", self.is_required.then_some(true))
            .with_some("deprecated", self.is_deprecated.then_some(true))
            .with_some("style", self.is_map.then_some("deepObject"))
            .with_some("explode", self.is_map.then_some(true))
            .with("schema", self.schema)
    }
}

/// The fields of `message` that `without` does not name, as parameters of a query. `without` are paths
/// by the names of the proto.
pub(super) fn in_query(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    without: &[&str],
) -> Vec<Object> {
    fields(schemas, message, without).into_iter().map(Parameter::in_query).collect()
}

/// The same fields as a form.
pub(super) fn in_form(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    without: &[&str],
) -> Object {
    let (mut properties, mut required, mut encoding) = (Object::new(), Vec::new(), Object::new());
    for field in fields(schemas, message, without) {
        if field.is_map {
            let style = Object::new().with("style", "deepObject").with("explode", true);
            encoding.set(field.name.clone(), style);
        }
        if field.is_required {
            required.push(field.name.clone());
        }
        let schema = field.schema.with_all(described(&field.text));
        properties.set(field.name, schema);
    }
    let schema = Object::new()
        .with("type", "object")
        .with_some("properties", (!properties.is_empty()).then_some(properties))
        .with_some("required", (!required.is_empty()).then_some(required));
    Object::new()
        .with("schema", schema)
        .with_some("encoding", (!encoding.is_empty()).then_some(encoding))
}

/// The fields of a message as the parts of a form with files; none if there is no field for a file.
pub(super) fn in_parts(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    without: &[&str],
) -> Option<Object> {
    let is_file = |field: &FieldDescriptor| match field.kind() {
        Kind::Bytes => true,
        Kind::Message(inner) => inner.full_name() == "google.api.HttpBody",
        _ => false,
    };
    let mut own: Vec<_> =
        message.fields().filter(|field| !without.contains(&field.name())).collect();
    own.sort_by_key(|field| field.path().last().copied());
    own.iter().any(is_file).then_some(())?;
    let mut properties = Object::new();
    for field in &own {
        let schema = match form(field) {
            _ if is_file(field) => {
                let file = Object::new().with("contentMediaType", "application/octet-stream");
                let files = |one| Object::new().with("type", "array").with("items", one);
                if field.is_list() { files(file) } else { file }
            }
            Form::Text if !field.is_map() => schemas.shape(field).0,
            _ => continue,
        };
        let text = schemas.texts.at(&field.parent_file(), field.path());
        properties.set(field.json_name(), schema.with_all(described(&text)));
    }
    let schema = Object::new().with("type", "object").with("properties", properties);
    Some(Object::new().with("schema", schema))
}

/// The parameters of a path.
pub(super) fn in_path(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    path: &Path,
) -> Vec<Object> {
    path.parameters().map(|parameter| of_path(schemas, message, parameter)).collect()
}

fn of_path(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    parameter: &paths::Parameter,
) -> Object {
    let field = parameter.field.as_deref().and_then(|path| field_at(message, path));
    let (mut schema, mut text) = (Object::new().with("type", "string"), Text::default());
    if let Some(field) = &field {
        text = schemas.texts.at(&field.parent_file(), field.path());
        if parameter.part_of.is_none() {
            let notes;
            (schema, notes) = schemas.shape(field);
            text = with_notes(text, &notes);
        }
    }
    let mut words = Vec::new();
    words.extend((!text.description.is_empty()).then(|| text.description.clone()));
    if let (Some(whole), Some(field)) = (&parameter.part_of, &field) {
        words.push(format!("A part of `{}`: `{whole}`.", field.name()));
    }
    if parameter.is_rest {
        words.push("May be empty, and may have slashes in it.".to_owned());
    } else if schema.get("type") == Some(&"string".into()) && schema.get("minLength").is_none() {
        schema.set("minLength", 1);
    }
    let is_deprecated = field.as_ref().is_some_and(is_field_deprecated);
    Object::new()
        .with("name", parameter.name.as_str())
        .with("in", "path")
        .with_some("description", (!words.is_empty()).then(|| words.join("\n\n")))
        .with("required", true)
        .with_some("deprecated", is_deprecated.then_some(true))
        .with("schema", schema)
}

/// The field that a path leads to, by the names of the proto.
fn field_at(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let field = message.get_field_by_name(first)?;
    match (rest, field.kind()) {
        (None, _) => Some(field),
        (Some(rest), Kind::Message(inner)) => field_at(&inner, rest),
        (Some(_), _) => None,
    }
}

/// What a path of fields is called in JSON.
pub(super) fn json_path(message: &MessageDescriptor, path: &str) -> String {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let Some(field) = message.get_field_by_name(first) else { return path.to_owned() };
    match (rest, field.kind()) {
        (Some(rest), Kind::Message(inner)) => {
            format!("{}.{}", field.json_name(), json_path(&inner, rest))
        }
        _ => field.json_name().to_owned(),
    }
}

fn fields(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    without: &[&str],
) -> Vec<Parameter> {
    let mut found = Vec::new();
    let at = At { names: Vec::new(), json: Vec::new(), within: Vec::new(), is_required: true };
    collect(schemas, message, without, &at, &mut found);
    found
}

/// Where in a message we are.
struct At {
    names: Vec<String>,
    json: Vec<String>,
    /// The messages that lead here.
    within: Vec<String>,
    is_required: bool,
}

fn collect(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    without: &[&str],
    at: &At,
    found: &mut Vec<Parameter>,
) {
    let mut own: Vec<_> = message.fields().collect();
    own.sort_by_key(|field| field.path().last().copied());
    for field in own {
        let below = |names: &[String], name: &str| [names, &[name.to_owned()]].concat();
        let names = below(&at.names, field.name());
        let json = below(&at.json, field.json_name());
        let is_required = at.is_required && schemas.rules.is_required(&field);
        if without.contains(&names.join(".").as_str()) || schemas.rules.is_output_only(&field) {
            continue;
        }
        match form(&field) {
            Form::Text => {
                let (schema, notes) = schemas.shape(&field);
                let text = schemas.texts.at(&field.parent_file(), field.path());
                found.push(Parameter {
                    name: json.join("."),
                    text: with_notes(text, &notes),
                    is_required,
                    is_deprecated: is_field_deprecated(&field),
                    is_map: field.is_map(),
                    schema,
                });
            }
            Form::Json => found.push(Parameter {
                name: json.join("."),
                text: schemas.texts.at(&field.parent_file(), field.path()),
                is_required,
                is_deprecated: is_field_deprecated(&field),
                is_map: false,
                schema: Object::new()
                    .with("type", "string")
                    .with("contentMediaType", "application/json"),
            }),
            Form::Fields(inner) => {
                let within = below(&at.within, message.full_name());
                if within.len() <= MAX_DEPTH && !within.iter().any(|name| name == inner.full_name())
                {
                    let at = At { names, json, within, is_required };
                    collect(schemas, &inner, without, &at, found);
                }
            }
            Form::None => {}
        }
    }
}

/// How a field is told as text.
enum Form {
    /// One or more texts.
    Text,
    /// JSON within a text.
    Json,
    /// Not itself, but its fields.
    Fields(MessageDescriptor),
    /// It cannot be.
    None,
}

fn form(field: &FieldDescriptor) -> Form {
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    };
    let Kind::Message(message) = kind else { return Form::Text };
    let is_many = field.is_list() || field.is_map();
    match message.full_name().strip_prefix("google.protobuf.") {
        Some("Struct" | "Value" | "ListValue") if !is_many => Form::Json,
        Some("Any" | "Empty" | "Struct" | "Value" | "ListValue") => Form::None,
        Some(name)
            if name == "Timestamp"
                || name == "Duration"
                || name == "FieldMask"
                || name.ends_with("Value") =>
        {
            Form::Text
        }
        _ if is_many => Form::None,
        _ => Form::Fields(message),
    }
}
