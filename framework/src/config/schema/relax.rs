use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What is written as `${…}` is known only when it is resolved.
const PLACEHOLDER: &str = r"\$\{";

/// What is read as a whole number, a number and a truth value where it is written as a text.
const WHOLE: &str = r"^\s*[+-]?[0-9]+\s*$";
const NUMBER: &str = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$";
const TRUTH: &str = r"^\s*(true|false)\s*$";

/// Keywords that a placeholder, being longer or shorter than its value, may break.
const OF_TEXTS: [&str; 4] = ["minLength", "maxLength", "format", "contentEncoding"];

/// Makes a schema of values one of a layer that has them.
pub(super) fn layers(root: &mut Map<String, Value>, definitions: &mut Map<String, Value>) {
    let mut merged = BTreeSet::new();
    merge(root, definitions, &mut merged);
    for definition in merged {
        if let Some(Value::Object(definition)) = definitions.get_mut(&definition) {
            unrequire(definition);
        }
    }
    unrequire(root);
    inside(root);
    for definition in definitions.values_mut() {
        relax(definition);
    }
}

/// Collects the definitions that stand for sections: these are merged from layers, key by key, while
/// what is in a list comes from one layer and is whole.
fn merge(
    schema: &Map<String, Value>,
    definitions: &Map<String, Value>,
    merged: &mut BTreeSet<String>,
) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(definition)
        && merged.insert(name.to_owned())
        && let Some(Value::Object(definition)) = definitions.get(name)
    {
        merge(definition, definitions, merged);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flat_map(Map::values);
    let others = schema.get("additionalProperties").into_iter();
    let either = ["anyOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    for part in properties.chain(others).chain(either.flatten()) {
        if let Value::Object(part) = part {
            merge(part, definitions, merged);
        }
    }
}

fn definition(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
}

/// Requires nothing of a section, nor of those that are described inside it.
fn unrequire(schema: &mut Map<String, Value>) {
    schema.remove("required");
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(unrequire);
    }
    for key in ["anyOf", "allOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            parts.iter_mut().filter_map(Value::as_object_mut).for_each(unrequire);
        }
    }
}

fn relax(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    inside(schema);
    tidy(schema);
    if schema.contains_key("enum") || schema.contains_key("const") {
        either(schema, &["enum", "const", "type"]);
        return;
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            if parts.iter().any(is_fixed) {
                parts.extend([placeholder(), json!({"type": "null"})]);
            }
            return;
        }
    }
    widen(schema);
}

/// Relaxes what a schema is made of.
fn inside(schema: &mut Map<String, Value>) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(relax);
    }
    for key in ["additionalProperties", "items"] {
        if let Some(part) = schema.get_mut(key) {
            relax(part);
        }
    }
    for key in ["prefixItems", "allOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            parts.iter_mut().for_each(relax);
        }
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            // One of them by its name: what it may be besides is said once, for all of them.
            for part in parts.iter_mut().filter(|part| !is_fixed(part)) {
                match part {
                    Value::Object(part) if part.contains_key("properties") => {
                        inside(part);
                        tidy(part);
                    }
                    part => relax(part),
                }
            }
            for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                tidy(part);
            }
        }
    }
}

/// Whether a schema takes nothing but values that it names.
fn is_fixed(schema: &Value) -> bool {
    schema.get("const").is_some() || schema.get("enum").is_some()
}

fn placeholder() -> Value {
    json!({"type": "string", "pattern": PLACEHOLDER, "description": "A placeholder."})
}

/// Moves `keys` into one of several that a value may be, beside a placeholder and nothing.
fn either(schema: &mut Map<String, Value>, keys: &[&str]) {
    let moved: Map<_, _> = keys.iter().filter_map(|key| schema.remove_entry(*key)).collect();
    let any = json!([moved, placeholder(), {"type": "null"}]);
    schema.insert("anyOf".to_owned(), any);
}

/// Lets a value of one type be written as another that is read as it.
fn widen(schema: &mut Map<String, Value>) {
    let Some(types) = schema.get("type") else { return };
    let is_one = types.is_string();
    let types: Vec<String> = match types {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => {
            several.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
        }
        _ => return,
    };
    let has = |name: &str| types.iter().any(|one| one == name);
    let mut widened: BTreeSet<&str> = types.iter().map(String::as_str).collect();
    widened.insert("null");
    if has("string") {
        if is_one || types.len() == 2 && has("null") {
            widened.extend(["boolean", "number"]);
        }
    } else if let Some(pattern) = [("integer", WHOLE), ("number", NUMBER), ("boolean", TRUTH)]
        .into_iter()
        .find_map(|(name, pattern)| has(name).then_some(pattern))
    {
        widened.insert("string");
        schema.insert("pattern".to_owned(), pattern.into());
    } else if has("array") {
        // `a, b` is a list.
        widened.insert("string");
    }
    schema.insert("type".to_owned(), widened.into_iter().collect());
    if let Some(Value::String(pattern)) = schema.get_mut("pattern") {
        *pattern = format!("({pattern})|({PLACEHOLDER})");
    }
    if OF_TEXTS.iter().any(|key| schema.contains_key(*key)) {
        let keys: Vec<_> = OF_TEXTS.into_iter().chain(["type", "pattern"]).collect();
        either(schema, &keys);
    }
}

/// Leaves out what says nothing to whoever writes settings, and makes words of links.
fn tidy(schema: &mut Map<String, Value>) {
    let is_noise = |default: &Value| match default {
        Value::Object(_) | Value::Null => true,
        Value::String(text) => text == "***",
        _ => false,
    };
    if schema.get("default").is_some_and(is_noise) {
        schema.remove("default");
    }
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if format.starts_with("uint")
        || format.starts_with("int")
        || matches!(format, "float" | "double")
    {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = plain(text);
    }
}

/// Rust's links between items mean nothing in an editor: their text stays.
fn plain(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, behind)) = link.split_once("`]") else { break };
        text.push_str(&format!("{before}`{name}`"));
        rest = match behind.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, behind)) => behind,
            None => behind,
        };
    }
    text.push_str(rest);
    text
}
