//! Checks a layer against the JSON Schema of its service, and says what was expected.

use std::path::Path;

use bia::config::{Tree, nearest};
use boon::{Compiler, ErrorKind, SchemaIndex, Schemas, ValidationError};
use serde_json::Value;

use crate::error::{About as _, Error, Result};

use super::edit::json;

const DURATION: &str = "a duration such as 10s, 250ms, 5m or 1h";

/// What a layer of settings may say.
pub(super) struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
    /// As it is written.
    value: Value,
    path: String,
}

impl Schema {
    /// Reads the schema in a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let about = || format!("read the schema {}", path.display());
        let text = std::fs::read_to_string(path).about(about)?;
        let value: Value = serde_json::from_str(&text).about(about)?;
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("settings.json", value.clone()).about(about)?;
        let index = compiler.compile("settings.json", &mut schemas).about(about)?;
        Ok(Self { schemas, index, value, path: path.display().to_string() })
    }

    /// Checks the text of a layer.
    ///
    /// # Errors
    ///
    /// All that the schema does not take, each with its key, its line and what was expected.
    pub(super) fn check(&self, name: &str, text: &str) -> Result<()> {
        let mut tree = Tree::new();
        tree.add_file(Path::new(name), text).map_err(|it| Error::new(it.to_string()))?;
        let value = json(&tree)?;
        let Err(error) = self.schemas.validate(&value, self.index) else { return Ok(()) };
        let mut faults = Vec::new();
        gather(&error, &value, &self.value, &mut faults);
        faults.sort();
        faults.dedup();
        let told: Vec<String> = faults
            .iter()
            .map(|(key, what)| {
                let place = tree.origin(key).map_or_else(|| name.to_owned(), str::to_owned);
                if key.is_empty() {
                    format!("{place}: {what}")
                } else {
                    format!("{key} in {place}: {what}")
                }
            })
            .collect();
        let what = format!("{}; nothing was written", told.join("\n  and "));
        Err(Error::new(what).with_hint(format!(
            "{} says what may be set; where it is out of date, make it anew: `cargo run -- --config-schema > {}`",
            self.path, self.path
        )))
    }
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

/// What the patterns of the framework's own types stand for.
fn pattern(pattern: &str) -> Option<&'static str> {
    if pattern.contains("h|m|s|ms|us|ns") {
        return Some(DURATION);
    }
    if pattern.contains("(true|false)") {
        return Some("true or false");
    }
    if pattern.contains(r"[+-]?[0-9]+\s*$") {
        return Some("a whole number");
    }
    pattern.contains(r"([eE][+-]?[0-9]+)?").then_some("a number")
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
