//! A method at one of its paths.

use crate::model::{HttpBody, HttpRule, Kind, Method, Service};

use super::answers;
use super::failures::{self, Parts};
use super::node::Object;
use super::parameters;
use super::paths::{Path, Paths};
use super::schemas::{Schemas, with_notes};

/// The verbs that OpenAPI 3.1 has a place for.
const VERBS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What a rule for any verb is shown as.
const ANY: &[&str] = &["get", "put", "post", "delete", "patch"];

/// Adds a method at all of its paths. `id` is what it is called in the document.
pub(super) fn add(
    paths: &mut Paths,
    schemas: &mut Schemas<'_>,
    service: &Service,
    method: &Method,
    id: &str,
) {
    for (place, rule) in method.http.iter().enumerate() {
        let id = if place == 0 { id.to_owned() } else { format!("{id}_{}", place + 1) };
        let input = method.descriptor.input();
        let mut path = Path::of(&rule.template, |field| parameters::json_path(&input, field));
        paths.rename(&mut path);
        if is_socket(method, rule) {
            let socket = socket(schemas, service, method, rule, &path, id);
            paths.add(path, "x-websocket", socket);
            continue;
        }
        let verb = rule.verb.to_ascii_lowercase();
        if rule.verb == "*" {
            for verb in ANY {
                let id = format!("{id}_{verb}");
                let operation = operation(schemas, service, method, rule, &path, id);
                paths.add(path.clone(), verb, operation);
            }
        } else if VERBS.contains(&verb.as_str()) {
            let operation = operation(schemas, service, method, rule, &path, id);
            paths.add(path, &verb, operation);
        } else {
            // What 3.2 calls `additionalOperations`.
            let operation = operation(schemas, service, method, rule, &path, id);
            paths.add_more(path, &rule.verb, operation);
        }
    }
}

/// Whether callers open a socket: all that stream, but for those that send one body in pieces.
fn is_socket(method: &Method, rule: &HttpRule) -> bool {
    let is_upload = || match &rule.body {
        HttpBody::None => false,
        HttpBody::Whole => answers::is_raw(&method.descriptor.input(), None),
        HttpBody::Field(field) => answers::is_raw(&method.descriptor.input(), Some(field)),
    };
    match method.kind {
        Kind::Unary | Kind::ServerStream => false,
        Kind::ClientStream => !is_upload(),
        Kind::Bidi => true,
    }
}

/// What a method is, whichever way it is called.
fn head(schemas: &Schemas<'_>, service: &Service, method: &Method, id: String) -> Object {
    let proto = &method.descriptor;
    let text = schemas.texts.at(&proto.parent_file(), proto.path());
    let is_deprecated = method.deprecated || service.deprecated;
    Object::new()
        .with("tags", vec![service.full_name.as_str()])
        .with_some("summary", text.summary())
        .with_some("description", text.beyond_summary())
        .with("operationId", id)
        .with_some("deprecated", is_deprecated.then_some(true))
        .with("x-operation", method.operation.as_str())
}

fn operation(
    schemas: &mut Schemas<'_>,
    service: &Service,
    method: &Method,
    rule: &HttpRule,
    path: &Path,
    id: String,
) -> Object {
    let input = method.descriptor.input();
    let mut told = told_by_path(rule);
    let mut all = parameters::in_path(schemas, &input, path);
    let parts = Parts { path: !all.is_empty(), body: !matches!(rule.body, HttpBody::None) };
    let body = body(schemas, method, rule, &told);
    match &rule.body {
        HttpBody::Whole => {}
        HttpBody::None => all.extend(parameters::in_query(schemas, &input, &told)),
        HttpBody::Field(field) => {
            told.push(field.name());
            all.extend(parameters::in_query(schemas, &input, &told));
        }
    }
    head(schemas, service, method, id)
        .with_some("parameters", (!all.is_empty()).then_some(all))
        .with_some("requestBody", body)
        .with("responses", answers::of(schemas, method, rule, parts))
        .with_some("security", failures::security(method))
}

/// A method that callers stream to: what a document of HTTP has no words for.
fn socket(
    schemas: &mut Schemas<'_>,
    service: &Service,
    method: &Method,
    rule: &HttpRule,
    path: &Path,
    id: String,
) -> Object {
    let input = method.descriptor.input();
    let parameters = parameters::in_path(schemas, &input, path);
    let field = match &rule.body {
        HttpBody::Field(field) => Some(field),
        HttpBody::None | HttpBody::Whole => None,
    };
    let sent = answers::part(schemas, &input, field);
    let received = answers::part(schemas, &method.descriptor.output(), rule.response_body.as_ref());
    head(schemas, service, method, id)
        .with_some("parameters", (!parameters.is_empty()).then_some(parameters))
        .with("sends", sent)
        .with("receives", received)
        .with_some("security", failures::security(method))
}

/// The fields that a path tells, by their names in the proto.
fn told_by_path(rule: &HttpRule) -> Vec<&str> {
    rule.template.variables.iter().map(|variable| variable.field.as_str()).collect()
}

fn body(
    schemas: &mut Schemas<'_>,
    method: &Method,
    rule: &HttpRule,
    told: &[&str],
) -> Option<Object> {
    let input = method.descriptor.input();
    let (field, prefix) = match &rule.body {
        HttpBody::None => return None,
        HttpBody::Whole => (None, String::new()),
        HttpBody::Field(field) => (Some(field), format!("{}.", field.name())),
    };
    if answers::is_raw(&input, field) {
        return Some(Object::new().with("required", true).with("content", answers::raw()));
    }
    // Whose fields the body has, if it is a message at all, and which of them the path tells.
    let message = match field.map(|field| (field.is_list() || field.is_map(), field.kind())) {
        None => Some(input.clone()),
        Some((false, prost_reflect::Kind::Message(inner))) => Some(inner),
        Some(_) => None,
    };
    let inner: Vec<_> = told.iter().filter_map(|path| path.strip_prefix(prefix.as_str())).collect();
    let has_form = message.as_ref().is_some_and(|m| !m.full_name().starts_with("google.protobuf."));
    let needs_none = |schemas: &Schemas<'_>, message: &prost_reflect::MessageDescriptor| {
        let mut fields = message.fields().filter(|field| inner.contains(&field.name()));
        fields.any(|field| schemas.rules.is_required(&field)) || field.is_none()
    };
    let schema = match &message {
        // What the path tells is not asked for again.
        Some(message)
            if has_form
                && inner.iter().any(|name| message.get_field_by_name(name).is_some())
                && needs_none(schemas, message) =>
        {
            schemas.object(message, &inner)
        }
        _ => answers::part(schemas, &input, field),
    };
    let mut content = answers::whole(&schema, answers::is_framed(field));
    // A form tells a whole message, never one field.
    if has_form && field.is_none() {
        content.set(answers::FORM, parameters::in_form(schemas, &input, &inner));
        if let Some(parts) = parameters::in_parts(schemas, &input, &inner) {
            content.set("multipart/form-data", parts);
        }
    }
    let description = field.map(|field| {
        let text = schemas.texts.at(&field.parent_file(), field.path());
        with_notes(text, &[]).description
    });
    let description = description.filter(|description| !description.is_empty());
    let is_empty = message.is_some_and(|message| message.full_name() == "google.protobuf.Empty");
    Some(
        Object::new()
            .with_some("description", description)
            .with_some("required", (!is_empty).then_some(true))
            .with("content", content),
    )
}
