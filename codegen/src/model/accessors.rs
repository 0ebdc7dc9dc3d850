//! The methods that a message's fields bring with them: `status()` and `set_status()` of an enum.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::names;

/// What `field` of `message` brings, as the messages' generator names it. `is_proto2` is of its file.
pub(super) fn of(
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
    is_proto2: bool,
) -> Vec<String> {
    let name = names::snake(field.name());
    let bare = names::bare(&name);
    let is_optional = field.proto3_optional() || (is_proto2 && field.label() == Label::Optional);
    match (field.r#type(), field.label()) {
        _ if is_map_of_enums(message, field) => {
            vec![format!("get_{bare}"), format!("insert_{bare}")]
        }
        (Type::Enum, Label::Repeated) => vec![format!("push_{bare}"), name],
        (Type::Enum, _) => vec![format!("set_{bare}"), name],
        (Type::Message | Type::Group, _) => Vec::new(),
        _ if is_optional => vec![name],
        _ => Vec::new(),
    }
}

/// Whether a field is a map to an enum's values.
pub(super) fn is_map_of_enums(message: &DescriptorProto, field: &FieldDescriptorProto) -> bool {
    let entry = message.nested_type.iter().find(|nested| {
        let is_map = nested.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
        is_map && field.type_name().ends_with(&format!(".{}.{}", message.name(), nested.name()))
    });
    entry.and_then(|entry| entry.field.get(1)).is_some_and(|value| value.r#type() == Type::Enum)
}
