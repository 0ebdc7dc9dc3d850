//! A request that shows what a message takes.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// Messages within messages are shown this deep.
const DEEPEST: usize = 4;

/// A message with a value in every field; of those of which only one can be, in the first.
pub(super) fn example(message: &MessageDescriptor) -> Value {
    of_message(message, &mut Vec::new())
}

fn of_message(message: &MessageDescriptor, within: &mut Vec<String>) -> Value {
    if let Some(known) = well_known(message.full_name()) {
        return known;
    }
    within.push(message.full_name().to_owned());
    let mut members = Map::new();
    for field in message.fields() {
        let is_first = field
            .containing_oneof()
            .is_none_or(|oneof| oneof.fields().next().is_some_and(|first| first == field));
        if !is_first {
            continue;
        }
        if let Some(value) = of_field(&field, within) {
            members.insert(field.json_name().to_owned(), value);
        }
    }
    within.pop();
    Value::Object(members)
}

fn of_field(field: &FieldDescriptor, within: &mut Vec<String>) -> Option<Value> {
    if field.is_map()
        && let Kind::Message(entry) = field.kind()
    {
        let key = match entry.map_entry_key_field().kind() {
            Kind::String => "key",
            Kind::Bool => "true",
            _ => "1",
        };
        let value = of_kind(&entry.map_entry_value_field(), within)?;
        return Some(json!({ key: value }));
    }
    let value = of_kind(field, within)?;
    Some(if field.is_list() { json!([value]) } else { value })
}

/// None for a message that is within itself, or too deep.
fn of_kind(field: &FieldDescriptor, within: &mut Vec<String>) -> Option<Value> {
    Some(match field.kind() {
        Kind::Message(message) => {
            if within.len() >= DEEPEST || within.iter().any(|name| name == message.full_name()) {
                return None;
            }
            of_message(&message, within)
        }
        Kind::Enum(values) => {
            // The first of most says that nothing is said.
            let value = values.values().nth(1).or_else(|| values.values().next())?;
            match values.full_name() {
                "google.protobuf.NullValue" => Value::Null,
                _ => value.name().into(),
            }
        }
        Kind::Bool => true.into(),
        Kind::String => "text".into(),
        Kind::Bytes => "Ynl0ZXM=".into(),
        Kind::Double | Kind::Float => 1.5.into(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => "1".into(),
        _ => 1.into(),
    })
}

/// Messages whose JSON is not that of their fields.
fn well_known(full_name: &str) -> Option<Value> {
    Some(match full_name.strip_prefix("google.protobuf.")? {
        "Timestamp" => "2026-01-31T12:00:00Z".into(),
        "Duration" => "1.5s".into(),
        "FieldMask" => "field,other.field".into(),
        "Any" => json!({"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}),
        "Struct" => json!({"key": "value"}),
        "Value" => "any".into(),
        "ListValue" => json!(["any"]),
        "StringValue" => "text".into(),
        "BytesValue" => "Ynl0ZXM=".into(),
        "BoolValue" => true.into(),
        "DoubleValue" | "FloatValue" => 1.5.into(),
        "Int64Value" | "UInt64Value" => "1".into(),
        "Int32Value" | "UInt32Value" => 1.into(),
        _ => return None,
    })
}
