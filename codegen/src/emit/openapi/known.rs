//! The types of `google.protobuf` that have a form of their own in JSON.

use super::node::{Node, Object};

/// What a message of this full name is in JSON, if it has a form of its own.
pub(super) fn schema(name: &str) -> Option<Object> {
    let schema = match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => text("date-time"),
        "Duration" => Object::new()
            .with("type", "string")
            .with("pattern", r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$")
            .with("description", "Seconds, with up to nine digits behind the point: `1.5s`.")
            .with("examples", vec!["1.5s"]),
        "FieldMask" => Object::new()
            .with("type", "string")
            .with("description", "Names of fields with commas between them: `name,createdAt`."),
        "Struct" => Object::new().with("type", "object").with("additionalProperties", true),
        "Value" => Object::new().with("description", "Anything that JSON can say."),
        "ListValue" => Object::new().with("type", "array").with("items", Object::new()),
        "Empty" => Object::new().with("type", "object"),
        "Any" => any("A message of any type, which `@type` names."),
        wrapper => return self::wrapper(wrapper),
    };
    Some(schema)
}

/// What a wrapper is: what it holds.
fn wrapper(name: &str) -> Option<Object> {
    let schema = match name {
        "BoolValue" => Object::new().with("type", "boolean"),
        "Int32Value" => int32(),
        "Int64Value" => int64(),
        "UInt32Value" => uint32(),
        "UInt64Value" => uint64(),
        "FloatValue" => number("float"),
        "DoubleValue" => number("double"),
        "StringValue" => Object::new().with("type", "string"),
        "BytesValue" => bytes(),
        _ => return None,
    };
    Some(schema)
}

/// A message with `@type` and whatever else.
pub(super) fn any(description: &str) -> Object {
    let name = Object::new().with("type", "string");
    Object::new()
        .with("type", "object")
        .with("description", description)
        .with("properties", Object::new().with("@type", name))
        .with("required", vec!["@type"])
        .with("additionalProperties", true)
}

/// The same, or null.
pub(super) fn nullable(schema: Object) -> Object {
    match schema.get("type") {
        // All that says nothing of types lets null be already.
        None if schema.get("$ref").is_none() && schema.get("anyOf").is_none() => schema,
        Some(Node::Leaf(_)) if schema.get("enum").is_none() => {
            let mut schema = schema;
            if let Some(kind) = schema.get("type").cloned() {
                schema.set("type", vec![kind, "null".into()]);
            }
            schema
        }
        _ => Object::new().with("anyOf", vec![schema, Object::new().with("type", "null")]),
    }
}

pub(super) fn text(format: &str) -> Object {
    Object::new().with("type", "string").with("format", format)
}

pub(super) fn int32() -> Object {
    let range = Object::new().with("minimum", i32::MIN).with("maximum", i32::MAX);
    Object::new().with("type", "integer").with("format", "int32").with_all(range)
}

pub(super) fn uint32() -> Object {
    let range = Object::new().with("minimum", 0).with("maximum", u32::MAX);
    Object::new().with("type", "integer").with("format", "uint32").with_all(range)
}

/// As a text: numbers of JavaScript are exact up to 2⁵³.
pub(super) fn int64() -> Object {
    text("int64").with("pattern", "^-?[0-9]{1,19}$")
}

pub(super) fn uint64() -> Object {
    text("uint64").with("pattern", "^[0-9]{1,20}$")
}

/// A number, or one of the three that JSON has no numbers for.
pub(super) fn number(format: &str) -> Object {
    let special = Object::new().with("enum", vec!["NaN", "Infinity", "-Infinity"]);
    Object::new().with("anyOf", vec![finite(format), special])
}

pub(super) fn finite(format: &str) -> Object {
    Object::new().with("type", "number").with("format", format)
}

/// Base64, as OpenAPI 3.1 says it, and in the words that tools of 3.0 know.
pub(super) fn bytes() -> Object {
    text("byte").with("contentEncoding", "base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_joins_the_types_where_there_are_any() {
        assert_eq!(nullable(Object::new()), Object::new());
        let text = Object::new().with("type", "string");
        assert_eq!(nullable(text), Object::new().with("type", vec!["string", "null"]));
        let reference = Object::new().with("$ref", "#/x");
        let null = Object::new().with("type", "null");
        assert_eq!(
            nullable(reference.clone()),
            Object::new().with("anyOf", vec![reference, null.clone()])
        );
        let one = Object::new().with("type", "string").with("enum", vec!["a"]);
        assert_eq!(nullable(one.clone()), Object::new().with("anyOf", vec![one, null]));
    }

    #[test]
    fn every_type_with_a_form_of_its_own_has_a_schema() {
        for name in [
            "Any",
            "BoolValue",
            "BytesValue",
            "DoubleValue",
            "Duration",
            "Empty",
            "FieldMask",
            "FloatValue",
            "Int32Value",
            "Int64Value",
            "ListValue",
            "StringValue",
            "Struct",
            "Timestamp",
            "UInt32Value",
            "UInt64Value",
            "Value",
        ] {
            assert!(schema(&format!("google.protobuf.{name}")).is_some(), "{name}");
        }
        assert_eq!(schema("google.protobuf.Api"), None);
        assert_eq!(schema("user.v1.Timestamp"), None);
    }
}
