//! What may stand in a settings file, as a JSON Schema for editors.
//!
//! The types say it as they are read from JSON; here it becomes what a layer of settings may say:
//!
//! - nothing is required: what a file leaves out another layer says, or a default;
//! - a key may stand there without a value;
//! - what is written without quotes is read as what is asked for, so that a number may be a text in
//!   quotes and a text may look like a number;
//! - every value may be a placeholder, `${PORT:8000}`.

mod relax;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// How a service's own settings are described, if they can be.
pub(crate) type Own = fn(&mut SchemaGenerator) -> Schema;

/// The draft that it is written in.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How editors are told in JSON where the schema is: no setting.
pub(super) const MARK: &str = "$schema";

/// The schema of a whole file: the sections of the framework, `F`, and beside them those of a
/// service's own settings. If nobody knows these, anything may stand there.
pub(crate) fn whole<F: JsonSchema>(service: &str, own: Option<Own>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let framework = F::json_schema(&mut generator).to_value();
    let own = own.map(|own| own(&mut generator).to_value());
    let mut definitions = generator.take_definitions(true);

    let mut root = Map::new();
    root.insert("$schema".to_owned(), DRAFT.into());
    root.insert("title".to_owned(), format!("Settings of {service}").into());
    root.insert("type".to_owned(), "object".into());
    let mut properties = Map::new();
    properties.insert(MARK.to_owned(), json!({"type": "string"}));
    let mut rest = None;
    match own {
        Some(Value::Object(own)) => rest = beside(own, &mut properties, &mut root),
        Some(_) => {}
        None => {
            let why = "the program does not say what its own settings are";
            root.insert("$comment".to_owned(), why.into());
            root.insert("additionalProperties".to_owned(), true.into());
        }
    }
    if let Some(Value::Object(framework)) = framework.get("properties").cloned() {
        properties.extend(framework);
    }
    root.insert("properties".to_owned(), properties.into());
    if let Some(rest) = rest {
        root.insert("allOf".to_owned(), json!([rest]));
        root.insert("unevaluatedProperties".to_owned(), false.into());
    } else {
        root.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    relax::layers(&mut root, &mut definitions);
    root.insert("$defs".to_owned(), definitions.into());
    Value::Object(root)
}

/// Puts a service's own sections among `properties`. What is no plain struct, an enum or a table of
/// anything, comes back as a schema of its own that holds beside them.
fn beside(
    mut own: Map<String, Value>,
    properties: &mut Map<String, Value>,
    root: &mut Map<String, Value>,
) -> Option<Value> {
    for told in ["title", "$schema", "description"] {
        if let Some(text) = own.remove(told).filter(|_| told == "description") {
            root.insert(told.to_owned(), text);
        }
    }
    let is_struct = own.keys().all(|key| {
        matches!(key.as_str(), "type" | "properties" | "required" | "additionalProperties")
    });
    if own.get("type") == Some(&"null".into()) {
        return None;
    }
    if !is_struct {
        own.remove("additionalProperties");
        return Some(Value::Object(own));
    }
    if let Some(Value::Object(own)) = own.remove("properties") {
        properties.extend(own);
    }
    if let Some(others @ Value::Object(_)) = own.remove("additionalProperties") {
        root.insert("additionalProperties".to_owned(), others);
    }
    None
}

#[cfg(test)]
mod tests;
