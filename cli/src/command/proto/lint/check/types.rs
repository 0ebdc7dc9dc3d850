//! Messages and enums: how they and what is in them is called.

use bia_codegen::ErrorRule;
use prost_reflect::prost_types::EnumOptions;
use prost_reflect::{Cardinality, EnumDescriptor, MessageDescriptor};

use crate::command::proto::lint::{names, rule};

use super::Check;

/// Field numbers of `EnumDescriptorProto`, and of its options.
const VALUES: i32 = 2;
const OPTIONS: i32 = 3;
const ALLOW_ALIAS: i32 = 2;

impl Check<'_> {
    pub(super) fn types(&mut self) {
        let file = self.file.clone();
        for message in file.messages() {
            self.message(&message);
        }
        for proto in file.enums() {
            self.enumeration(&proto);
        }
        for extension in file.extensions() {
            self.field_name(extension.name(), extension.path());
        }
    }

    fn message(&mut self, message: &MessageDescriptor) {
        if message.is_map_entry() {
            return;
        }
        let name = message.name();
        if !names::is_pascal(name) {
            let remedy = format!("call it {}, before anybody uses it", names::pascal(name));
            let text = format!("the message {name} is not called PascalCase");
            self.found_with(rule::MESSAGE_PASCAL_CASE, message.path(), text, Some(remedy));
        }
        for field in message.fields() {
            // A group is called as its message is.
            if !field.is_group() {
                self.field_name(field.name(), field.path());
            }
            if field.cardinality() == Cardinality::Required {
                let text = format!("the field {} is required", field.name());
                self.found(rule::FIELD_NOT_REQUIRED, field.path(), text);
            }
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            if !names::is_lower_snake(oneof.name()) {
                let text = format!("the oneof {} is not called lower_snake_case", oneof.name());
                let remedy = format!("call it {}", names::lower_snake(oneof.name()));
                self.found_with(rule::ONEOF_LOWER_SNAKE_CASE, oneof.path(), text, Some(remedy));
            }
        }
        for extension in message.child_extensions() {
            self.field_name(extension.name(), extension.path());
        }
        message.child_messages().for_each(|message| self.message(&message));
        message.child_enums().for_each(|proto| self.enumeration(&proto));
    }

    fn field_name(&mut self, name: &str, path: &[i32]) {
        if !names::is_lower_snake(name) {
            let better = names::lower_snake(name);
            let remedy = format!(
                "call it {better}, before anybody uses it; [json_name = \"{name}\"] keeps its name in JSON"
            );
            let text = format!("the field {name} is not called lower_snake_case");
            self.found_with(rule::FIELD_LOWER_SNAKE_CASE, path, text, Some(remedy));
        }
    }

    fn enumeration(&mut self, proto: &EnumDescriptor) {
        let name = proto.name();
        if !names::is_pascal(name) {
            let remedy = format!("call it {}, before anybody uses it", names::pascal(name));
            let text = format!("the enum {name} is not called PascalCase");
            self.found_with(rule::ENUM_PASCAL_CASE, proto.path(), text, Some(remedy));
        }
        let raw = proto.enum_descriptor_proto();
        if raw.options.as_ref().is_some_and(EnumOptions::allow_alias) {
            let text = format!("the enum {name} lets numbers have several names");
            let option = [proto.path(), &[OPTIONS, ALLOW_ALIAS]].concat();
            self.found(rule::ENUM_NO_ALLOW_ALIAS, &option, text);
        }
        // Not `proto.values()`, which stand in the order of their numbers.
        if raw.value.first().is_some_and(|first| first.number() != 0) {
            let text = format!("the first value of the enum {name} is not 0");
            let first = [proto.path(), &[VALUES, 0]].concat();
            self.found(rule::ENUM_FIRST_VALUE_ZERO, &first, text);
        }
        let prefix = format!("{}_", names::upper_snake(name));
        let is_errors = ErrorRule::of_enum(proto).is_some();
        for value in proto.values() {
            let own = value.name();
            let path = value.path().to_vec();
            if !names::is_upper_snake(own) {
                let text = format!("the value {own} is not called UPPER_SNAKE_CASE");
                let remedy = format!("call it {}", names::upper_snake(own));
                self.found_with(rule::ENUM_VALUE_UPPER_SNAKE_CASE, &path, text, Some(remedy));
            }
            if !is_errors && !own.starts_with(&prefix) {
                let better = format!("{prefix}{}", names::upper_snake(own));
                let text =
                    format!("the value {own} of the enum {name} does not begin with {prefix}");
                let remedy = format!("call it {better}, before anybody uses it");
                self.found_with(rule::ENUM_VALUE_PREFIX, &path, text, Some(remedy));
            }
            if value.number() == 0 && !own.ends_with("_UNSPECIFIED") {
                let text = format!("the value 0 of the enum {name} is {own}");
                let remedy = format!("call it {prefix}UNSPECIFIED: what is not sent reads as 0");
                self.found_with(rule::ENUM_ZERO_VALUE_SUFFIX, &path, text, Some(remedy));
            }
        }
    }
}
