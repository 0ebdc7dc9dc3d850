//! What a schema does not take, in the words of whoever wrote it.

use bia::config::{Tree, nearest};
use boon::{ErrorKind, ValidationError};
use serde_json::Value;

const DURATION: &str = "a duration such as 10s, 250ms, 5m or 1h";

/// All that `error` is about, in the order of the keys: the key, and what is wrong with it.
pub(super) fn faults(
    error: &ValidationError<'_, '_>,
    value: &Value,
    schema: &Value,
) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    gather(error, value, schema, &mut faults);
    faults.sort();
    faults.dedup();
    faults
}

/// The causes of an error that have none of their own.
fn gather(
    error: &ValidationError<'_, '_>,
    value: &Value,
    schema: &Value,
    faults: &mut Vec<(String, String)>,
) {
    let key = error.instance_location.to_string().trim_start_matches('/').replace('/', ".");
    match &error.kind {
        // Of several that it may be, the last ones are a placeholder and nothing: the first is what it is.
        ErrorKind::AnyOf | ErrorKind::OneOf(_) => {
            if let Some(first) = error.causes.first() {
                gather(first, value, schema, faults);
            }
            return;
        }
        ErrorKind::AdditionalProperties { got } => {
            for name in got {
                let path = if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
                let known = known(schema, &key);
                let meant = nearest(name, known.iter().map(String::as_str));
                let meant = meant.map_or(String::new(), |it| format!(": did you mean {it}?"));
                faults.push((path, format!("there is no such setting{meant}")));
            }
            return;
        }
        ErrorKind::FalseSchema => {
            let name = key.rsplit('.').next().unwrap_or_default();
            let above = key.strip_suffix(name).unwrap_or_default().trim_end_matches('.').to_owned();
            let known = known(schema, &above);
            let meant = nearest(name, known.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |it| format!(": did you mean {it}?"));
            faults.push((key, format!("there is no such setting{meant}")));
            return;
        }
        _ => {}
    }
    if error.causes.is_empty() {
        let found = found(value, &key);
        // Whole numbers are one only where they are 0.
        let what = match error.schema_url.contains("$defs/Duration") {
            true => format!("expected {DURATION}, found {found}"),
            false => what(&error.kind, &found),
        };
        faults.push((key, what));
    }
    for cause in &error.causes {
        gather(cause, value, schema, faults);
    }
}

fn what(kind: &ErrorKind<'_, '_>, found: &str) -> String {
    let expected = match kind {
        ErrorKind::Type { want, .. } => {
            let names = want.iter().filter(|it| !matches!(it, boon::Type::Null));
            names.map(|it| it.to_string()).collect::<Vec<_>>().join(" or ")
        }
        ErrorKind::Enum { want } => {
            let names =
                want.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
            names.collect::<Vec<_>>().join(", ")
        }
        ErrorKind::Const { want } => want.to_string(),
        ErrorKind::Minimum { want, .. } => format!("at least {want}"),
        ErrorKind::Maximum { want, .. } => format!("at most {want}"),
        ErrorKind::Pattern { want, .. } => match pattern(want) {
            Some(what) => what.to_owned(),
            None => format!("what {want} matches"),
        },
        other => return format!("{other:?}, found {found}"),
    };
    format!("expected {expected}, found {found}")
}

/// What the patterns of the framework's own types stand for. They come here as the validator has written
/// them anew: with other words for blanks.
fn pattern(pattern: &str) -> Option<&'static str> {
    let has = |part: &str| pattern.contains(part);
    if has("h|m|s|ms|us|ns") {
        return Some(DURATION);
    }
    if has("(true|false)") {
        return Some("true or false");
    }
    if has("(true|false|") {
        return Some("true, false, or a percentage such as 5%");
    }
    if has("%") {
        return Some("a percentage such as 5%");
    }
    if has("([eE][+-]?[0-9]+)?") {
        return Some("a number");
    }
    has("[+-]?[0-9]+").then_some("a whole number")
}

/// What stands at a key, as it may be shown.
fn found(value: &Value, key: &str) -> String {
    let pointer: String =
        key.split('.').filter(|it| !it.is_empty()).map(|it| format!("/{it}")).collect();
    match value.pointer(&pointer) {
        Some(Value::Object(_)) => "a section".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(single) if !is_secret(key, single) => single.to_string(),
        _ => "what is not shown".to_owned(),
    }
}

fn is_secret(key: &str, value: &Value) -> bool {
    let mut tree = Tree::new();
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    drop(tree.add_flag(&format!("{key}={text}")));
    tree.settings().iter().any(bia::config::Setting::is_secret)
}

/// The names that a section may have, by the schema.
fn known(schema: &Value, section: &str) -> Vec<String> {
    let mut at = schema;
    for part in section.split('.').filter(|it| !it.is_empty()) {
        at = resolved(schema, at);
        let inner = at.get("properties").and_then(|it| it.get(part));
        let Some(inner) = inner.or_else(|| at.get("additionalProperties")) else {
            return Vec::new();
        };
        at = inner;
    }
    let properties = resolved(schema, at).get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|it| it.keys().cloned()).collect()
}

/// What a reference leads to, also one that is the first of several.
fn resolved<'a>(root: &'a Value, mut at: &'a Value) -> &'a Value {
    for _ in 0..8 {
        let reference = at.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'));
        let first = at.get("anyOf").and_then(Value::as_array).and_then(|it| it.first());
        match (reference.and_then(|it| root.pointer(it)), first) {
            (Some(next), _) | (None, Some(next)) => at = next,
            (None, None) => return at,
        }
    }
    at
}
