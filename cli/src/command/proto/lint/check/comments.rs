//! Whether everything has a comment.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, MessageDescriptor};

use crate::command::proto::lint::rule::{self, Rule};

use super::Check;

impl Check<'_> {
    pub(super) fn comments(&mut self) {
        let file = self.file.clone();
        let places = file.file_descriptor_proto().source_code_info.as_ref();
        let said: BTreeSet<Vec<i32>> = places
            .iter()
            .flat_map(|info| &info.location)
            .filter(|place| {
                let is_said = |text: &str| {
                    text.lines().any(|line| {
                        let line = line.trim();
                        !line.is_empty() && !line.starts_with("bia:lint:ignore")
                    })
                };
                is_said(place.leading_comments()) || is_said(place.trailing_comments())
            })
            .map(|place| place.path.clone())
            .collect();
        let mut own = BTreeSet::new();
        for service in file.services() {
            self.comment(
                &said,
                rule::COMMENT_SERVICE,
                service.path(),
                "the service",
                service.name(),
            );
            for method in service.methods() {
                self.comment(&said, rule::COMMENT_RPC, method.path(), "the method", method.name());
                // What these are, the method says.
                own.extend([method.input(), method.output()].map(|it| it.full_name().to_owned()));
            }
        }
        file.messages().for_each(|message| self.message_comments(&said, &own, &message));
        file.enums().for_each(|proto| self.enum_comments(&said, &proto));
    }

    fn comment(
        &mut self,
        said: &BTreeSet<Vec<i32>>,
        rule: &'static Rule,
        path: &[i32],
        kind: &str,
        name: &str,
    ) {
        if !said.contains(path) {
            self.found(rule, path, format!("{kind} {name} has no comment"));
        }
    }

    fn message_comments(
        &mut self,
        said: &BTreeSet<Vec<i32>>,
        own: &BTreeSet<String>,
        message: &MessageDescriptor,
    ) {
        if message.is_map_entry() {
            return;
        }
        let is_own = own.contains(message.full_name())
            && (message.name().ends_with("Request") || message.name().ends_with("Response"));
        if !is_own {
            self.comment(
                said,
                rule::COMMENT_MESSAGE,
                message.path(),
                "the message",
                message.name(),
            );
        }
        for field in message.fields() {
            self.comment(said, rule::COMMENT_FIELD, field.path(), "the field", field.name());
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            self.comment(said, rule::COMMENT_ONEOF, oneof.path(), "the oneof", oneof.name());
        }
        message.child_messages().for_each(|message| self.message_comments(said, own, &message));
        message.child_enums().for_each(|proto| self.enum_comments(said, &proto));
    }

    fn enum_comments(&mut self, said: &BTreeSet<Vec<i32>>, proto: &EnumDescriptor) {
        self.comment(said, rule::COMMENT_ENUM, proto.path(), "the enum", proto.name());
        for value in proto.values().filter(|value| value.number() != 0) {
            self.comment(said, rule::COMMENT_ENUM_VALUE, value.path(), "the value", value.name());
        }
    }
}
