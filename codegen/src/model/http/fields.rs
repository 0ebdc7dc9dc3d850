//! The fields that rules name, looked up in the messages.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// Messages of `google.protobuf` that are one piece of text.
const TEXTUAL: &[&str] = &[
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "StringValue",
    "Timestamp",
    "UInt32Value",
    "UInt64Value",
];

/// The field that a variable of a path is put into.
///
/// # Errors
///
/// Why it cannot be, in words.
pub(super) fn of_variable(message: &MessageDescriptor, path: &str) -> Result<(), String> {
    let mut message = message.clone();
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let field = of_message(&message, name)?;
        let is_last = names.peek().is_none();
        match (field.kind(), is_last) {
            _ if field.is_map() => {
                return Err(format!("{path} leads to the map {name}: a path tells one value"));
            }
            _ if field.is_list() => {
                return Err(format!(
                    "{path} leads to {name}, which is repeated: a path tells one value"
                ));
            }
            (Kind::Message(inner), false) => message = inner,
            (_, false) => return Err(format!("{name} of {path} has no fields")),
            (Kind::Message(inner), true) if !is_textual(&inner) => {
                return Err(format!(
                    "{path} is a whole message ({}); name one of its fields",
                    inner.full_name()
                ));
            }
            (_, true) => {}
        }
    }
    Ok(())
}

/// A field of the message itself.
///
/// # Errors
///
/// That there is none, with one that is nearly called so.
pub(super) fn of_message(
    message: &MessageDescriptor,
    name: &str,
) -> Result<FieldDescriptor, String> {
    if let Some(field) = message.get_field_by_name(name) {
        return Ok(field);
    }
    if let Some(field) = message.get_field_by_json_name(name) {
        let (full, name) = (message.full_name(), field.name());
        return Err(format!(
            "{full} has no field {}; it is written {name} here",
            field.json_name()
        ));
    }
    Err(format!("{} has no field {name}", message.full_name()))
}

fn is_textual(message: &MessageDescriptor) -> bool {
    let name = message.full_name().strip_prefix("google.protobuf.");
    name.is_some_and(|name| TEXTUAL.contains(&name))
}
