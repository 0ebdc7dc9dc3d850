//! What a call can come to: its reply in each form, and the errors that every method can answer.

use prost_reflect::{FieldDescriptor, Kind as ProtoKind, MessageDescriptor};

use crate::model::{HttpRule, Kind, Method};

use super::known;
use super::node::Object;
use super::schemas::{Schemas, reference};

/// The schema of errors.
pub(super) const ERROR: &str = "bia.Error";

/// The forms in which messages travel.
pub(super) const JSON: [&str; 2] = ["application/json", "application/protojson"];
pub(super) const PROTO: &str = "application/proto";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The errors that the framework itself can answer: status, name, and what it means.
const FAILURES: &[(&str, &str, &str, When)] = &[
    (
        "400",
        "BadRequest",
        "The request cannot be read, or breaks a rule; the metadata names the fields.",
        When::Always,
    ),
    ("404", "NotFound", "There is nothing at this path.", When::Path),
    (
        "406",
        "NotAcceptable",
        "The reply has none of the forms that `Accept` asks for.",
        When::Always,
    ),
    ("413", "ContentTooLarge", "The body is larger than the server takes.", When::Body),
    (
        "415",
        "UnsupportedMediaType",
        "The body has a form or a compression that the server does not read.",
        When::Body,
    ),
    ("429", "TooManyRequests", "The caller asks too much or too often.", When::Always),
    ("431", "HeadersTooLarge", "There are more headers than the server takes.", When::Always),
    ("500", "Internal", "A fault of the service.", When::Always),
    ("503", "Unavailable", "Not now: another instance or another time may do.", When::Always),
    ("504", "DeadlineExceeded", "The time was up.", When::Always),
];

/// Which calls can fail so.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    /// Those whose path tells something.
    Path,
    /// Those with a body.
    Body,
}

/// What a call has that can be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) path: bool,
    pub(super) body: bool,
}

/// All that a method can answer, by status.
pub(super) fn of(
    schemas: &mut Schemas<'_>,
    method: &Method,
    rule: &HttpRule,
    parts: Parts,
) -> Object {
    let mut answers = Object::new().with("200", success(schemas, method, rule));
    for (status, name, _, when) in FAILURES {
        let applies = match when {
            When::Always => true,
            When::Path => parts.path,
            When::Body => parts.body,
        };
        if applies {
            answers.set(*status, response(name));
        }
    }
    answers.with("default", response("Error"))
}

fn response(name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/responses/{name}"))
}

/// The answers that methods refer to.
pub(super) fn components() -> Object {
    let any = ("default", "Error", "Any other error of the method.", When::Always);
    FAILURES.iter().chain([&any]).fold(Object::new(), |all, (_, name, description, _)| {
        all.with(*name, Object::new().with("description", *description).with("content", errors()))
    })
}

fn errors() -> Object {
    let media = Object::new().with("schema", reference(ERROR));
    JSON.iter().fold(Object::new(), |all, form| all.with(*form, media.clone()))
}

/// An error as every method answers it.
pub(super) fn error() -> Object {
    let text =
        |description: &str| Object::new().with("type", "string").with("description", description);
    let code = Object::new()
        .with("type", "integer")
        .with("format", "int32")
        .with("description", "The HTTP status.");
    let metadata = Object::new()
        .with("type", "object")
        .with("description", "What else there is to say of it, by name.")
        .with("additionalProperties", Object::new().with("type", "string"));
    let detail = known::any(
        "A message of `google.rpc`, such as `BadRequest` or `RetryInfo`, which `@type` names.",
    );
    let details = Object::new()
        .with("type", "array")
        .with("description", "More of it, where there is more.")
        .with("items", detail);
    let properties = Object::new()
        .with("code", code)
        .with("reason", text("What went wrong, for programs."))
        .with("message", text("What went wrong, for people."))
        .with("metadata", metadata)
        .with("details", details);
    Object::new()
        .with("type", "object")
        .with("description", "Why a call failed.")
        .with("properties", properties)
        .with("required", vec!["code", "reason", "message", "metadata"])
}

fn success(schemas: &mut Schemas<'_>, method: &Method, rule: &HttpRule) -> Object {
    let output = method.descriptor.output();
    let is_stream = matches!(method.kind, Kind::ServerStream | Kind::Bidi);
    let content = if is_raw(&output, rule.response_body.as_ref()) {
        raw()
    } else {
        let schema = part(schemas, &output, rule.response_body.as_ref());
        if is_stream { stream(&schema) } else { whole(&schema, rule.response_body.is_none()) }
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
pub(super) fn whole(schema: &Object, is_message: bool) -> Object {
    let media = Object::new().with("schema", schema.clone());
    let content = JSON.iter().fold(Object::new(), |all, form| all.with(*form, media.clone()));
    let binary = Object::new().with("type", "string").with("contentMediaType", PROTO);
    content.with_some(PROTO, is_message.then(|| Object::new().with("schema", binary)))
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
