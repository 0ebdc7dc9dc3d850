//! How calls fail: what the framework itself can answer, and what methods say of themselves.

use std::collections::BTreeMap;

use crate::model::{ErrorRule, Method};

use super::answers::{JSON, PROTO};
use super::known;
use super::node::Object;
use super::schemas::reference;
use super::texts::Texts;

/// The schema of errors.
pub(super) const ERROR: &str = "bia.Error";

/// The name of the security scheme of methods that need to know their caller.
const BEARER: &str = "bearer";

/// The errors that the framework itself can answer: status, name, and what it means. All are
/// in the order of their statuses.
const FAILURES: &[(&str, &str, &str, When)] = &[
    (
        "400",
        "BadRequest",
        "The request cannot be read, or breaks a rule; the metadata names the fields.",
        When::Always,
    ),
    (
        "401",
        "Unauthorized",
        "The caller did not say who it is, or not in a way that is believed.",
        When::Auth,
    ),
    ("403", "Forbidden", "The caller may not do this.", When::Auth),
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
    /// Those whose caller has to say who it is.
    Auth,
}

/// What a call has that can be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) path: bool,
    pub(super) body: bool,
}

/// The errors of a method, by status.
pub(super) fn of(texts: &Texts, method: &Method, parts: Parts) -> Object {
    let mut declared = BTreeMap::<String, Vec<&ErrorRule>>::new();
    for rule in &method.rules.errors {
        declared.entry(rule.code.to_string()).or_default().push(rule);
    }
    let needs_auth = method.rules.auth.as_ref().is_some_and(|auth| auth.required);
    let mut answers = BTreeMap::new();
    for (status, name, description, when) in FAILURES {
        let applies = match when {
            When::Always => true,
            When::Path => parts.path,
            When::Body => parts.body,
            When::Auth => needs_auth,
        };
        if applies {
            let answer = match declared.remove(*status) {
                Some(rules) => told(texts, method, Some(description), &rules),
                None => response(name),
            };
            answers.insert((*status).to_owned(), answer);
        }
    }
    for (status, rules) in declared {
        answers.insert(status, told(texts, method, None, &rules));
    }
    let answers = answers.into_iter().fold(Object::new(), |all, (status, it)| all.with(status, it));
    answers.with("default", response("Error"))
}

/// The errors of one status that a method says it fails with.
fn told(texts: &Texts, method: &Method, otherwise: Option<&str>, rules: &[&ErrorRule]) -> Object {
    let mut lines: Vec<_> = otherwise.map(str::to_owned).into_iter().collect();
    let mut examples = Object::new();
    for rule in rules {
        let proto = method.descriptor.parent_pool().get_enum_by_name(&rule.of);
        let value = proto.and_then(|proto| proto.get_value_by_name(&rule.reason));
        let text = value.map(|value| texts.at(&value.parent_enum().parent_file(), value.path()));
        let text = text.map(|text| text.description).filter(|text| !text.is_empty());
        let words = text.unwrap_or_else(|| rule.message.clone());
        let space = if words.is_empty() { "" } else { ": " };
        lines.push(format!("`{}`{space}{}", rule.reason, words.replace('\n', "\n  ")));
        examples.set(rule.reason.as_str(), Object::new().with("value", example(rule)));
    }
    let description = match lines.as_slice() {
        [one] => one.clone(),
        many => many.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
    };
    let media = Object::new().with("schema", reference(ERROR)).with("examples", examples);
    Object::new().with("description", description).with("content", in_all_forms(&media))
}

fn example(rule: &ErrorRule) -> Object {
    let metadata = rule
        .parameters()
        .into_iter()
        .fold(Object::new(), |all, name| all.with(name, format!("{{{name}}}")));
    let details = rule.details.iter();
    let details: Vec<_> = details
        .map(|name| Object::new().with("@type", format!("type.googleapis.com/{name}")))
        .collect();
    Object::new()
        .with("code", u32::from(rule.code))
        .with("reason", rule.reason.as_str())
        .with("message", rule.message.as_str())
        .with("metadata", metadata)
        .with_some("details", (!details.is_empty()).then_some(details))
}

/// Who may call a method, if it says so.
pub(super) fn security(method: &Method) -> Option<Vec<Object>> {
    let auth = method.rules.auth.as_ref().filter(|auth| auth.required)?;
    Some(vec![Object::new().with(BEARER, auth.scopes.clone())])
}

/// The ways in which callers say who they are.
pub(super) fn security_schemes() -> Object {
    let bearer = Object::new()
        .with("type", "http")
        .with("scheme", "bearer")
        .with("description", "In the header `Authorization`.");
    Object::new().with(BEARER, bearer)
}

fn response(name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/responses/{name}"))
}

/// The answers that methods refer to.
pub(super) fn components() -> Object {
    let any = ("default", "Error", "Any other error of the method.", When::Always);
    let media = Object::new().with("schema", reference(ERROR));
    FAILURES.iter().chain([&any]).fold(Object::new(), |all, (_, name, description, _)| {
        all.with(
            *name,
            Object::new().with("description", *description).with("content", in_all_forms(&media)),
        )
    })
}

/// In the form that the caller asks for: in protobuf as `errors.Status` of Kratos.
fn in_all_forms(media: &Object) -> Object {
    let content = JSON.iter().fold(Object::new(), |all, form| all.with(*form, media.clone()));
    let binary = Object::new().with("type", "string").with("contentMediaType", PROTO);
    content.with(PROTO, Object::new().with("schema", binary))
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
