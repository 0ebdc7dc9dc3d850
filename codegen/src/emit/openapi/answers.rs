//! What a call comes to if it does not fail: its reply in each form.

use prost_reflect::{FieldDescriptor, Kind as ProtoKind, MessageDescriptor};

use crate::model::{HttpRule, Kind, Method};

use super::failures::{self, Parts};
use super::node::Object;
use super::schemas::Schemas;

/// The forms in which messages travel.
pub(super) const JSON: [&str; 2] = ["application/json", "application/protojson"];
pub(super) const PROTO: &str = "application/proto";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// All that a method can answer, by status.
pub(super) fn of(
    schemas: &mut Schemas<'_>,
    method: &Method,
    rule: &HttpRule,
    parts: Parts,
) -> Object {
    let answers = Object::new().with("200", success(schemas, method, rule));
    answers.with_all(failures::of(schemas.texts, method, parts))
}

fn success(schemas: &mut Schemas<'_>, method: &Method, rule: &HttpRule) -> Object {
    let output = method.descriptor.output();
    let is_stream = matches!(method.kind, Kind::ServerStream | Kind::Bidi);
    let content = if is_raw(&output, rule.response_body.as_ref()) {
        raw()
    } else {
        let schema = part(schemas, &output, rule.response_body.as_ref());
        let is_framed = is_framed(rule.response_body.as_ref());
        if is_stream { stream(&schema) } else { whole(&schema, is_framed) }
    };
    let text = schemas.texts.at(&output.parent_file(), output.path());
    let description =
        text.summary().map_or_else(|| "Done.".to_owned(), |summary| format!("{summary}."));
    let description =
        if is_stream { "One message after the other.".to_owned() } else { description };
    Object::new().with("description", description).with("content", content)
}

/// Messages as they come, by what the caller accepts.
fn stream(schema: &Object) -> Object {
    let lines = |description: &str| {
        let text = Object::new().with("type", "string").with("description", description);
        Object::new().with("schema", text).with("x-itemSchema", schema.clone())
    };
    let array = Object::new().with("type", "array").with("items", schema.clone());
    Object::new()
        .with("application/json", Object::new().with("schema", array))
        .with("application/x-ndjson", lines("A message in each line."))
        .with(
            "text/event-stream",
            lines(
                "A message in the data of each event named `message`; an event `error` is the end.",
            ),
        )
}

/// A message, or a field of one, in each of its forms.
pub(super) fn whole(schema: &Object, is_framed: bool) -> Object {
    let media = Object::new().with("schema", schema.clone());
    let content = JSON.iter().fold(Object::new(), |all, form| all.with(*form, media.clone()));
    let binary = Object::new().with("type", "string").with("contentMediaType", PROTO);
    content.with_some(PROTO, is_framed.then(|| Object::new().with("schema", binary)))
}

/// Whether protobuf can write it alone: a message, and a field that is one value with a length.
pub(super) fn is_framed(field: Option<&FieldDescriptor>) -> bool {
    field.is_none_or(|field| {
        let is_many = field.is_list() || field.is_map();
        let kind = field.kind();
        !is_many && matches!(kind, ProtoKind::Message(_) | ProtoKind::String | ProtoKind::Bytes)
    })
}

/// Whatever a `google.api.HttpBody` holds, as it is.
pub(super) fn raw() -> Object {
    Object::new().with("*/*", Object::new().with("schema", Object::new()))
}

/// Whether a body is not a message but what an `HttpBody` holds.
pub(super) fn is_raw(message: &MessageDescriptor, field: Option<&FieldDescriptor>) -> bool {
    let name = "google.api.HttpBody";
    match field.map(|field| (field.is_list(), field.kind())) {
        None => message.full_name() == name,
        Some((is_list, ProtoKind::Message(inner))) => !is_list && inner.full_name() == name,
        Some(_) => false,
    }
}

/// A message, or a field of it.
pub(super) fn part(
    schemas: &mut Schemas<'_>,
    message: &MessageDescriptor,
    field: Option<&FieldDescriptor>,
) -> Object {
    match field {
        Some(field) => schemas.shape(field).0,
        None => schemas.message(message),
    }
}
