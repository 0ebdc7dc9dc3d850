//! What is imported, and whether anything of it is used.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, EnumDescriptor, FileDescriptor, Kind, MessageDescriptor};

use crate::command::proto::lint::rule;

use super::Check;

const IMPORTS: i32 = 3;

impl Check<'_> {
    pub(super) fn imports(&mut self) {
        let proto = self.file.file_descriptor_proto().clone();
        let used = used(self.file);
        let path = |index: usize| [IMPORTS, i32::try_from(index).unwrap_or(i32::MAX)];
        let is =
            |list: &[i32], index: usize| list.iter().any(|it| usize::try_from(*it) == Ok(index));
        for (index, name) in proto.dependency.iter().enumerate() {
            let is_public = is(&proto.public_dependency, index);
            if is_public {
                let text = format!("{name} is imported publicly");
                self.found(rule::IMPORT_NO_PUBLIC, &path(index), text);
            }
            if is(&proto.weak_dependency, index) {
                self.found(
                    rule::IMPORT_NO_WEAK,
                    &path(index),
                    format!("{name} is imported weakly"),
                );
            }
            let Some(file) = self.pool.get_file_by_name(name) else { continue };
            // A public import is for those who import this file.
            if !is_public && !brings(&file).iter().any(|name| used.contains(name)) {
                let text = format!("nothing of {name} is used");
                self.found(rule::IMPORT_USED, &path(index), text);
            }
        }
    }
}

/// The files whose names an import of `file` brings.
fn brings(file: &FileDescriptor) -> BTreeSet<String> {
    let (mut names, mut left) = (BTreeSet::new(), vec![file.clone()]);
    while let Some(file) = left.pop() {
        if names.insert(file.name().to_owned()) {
            left.extend(file.public_dependencies());
        }
    }
    names
}

/// The files of which `file` uses something.
fn used(file: &FileDescriptor) -> BTreeSet<String> {
    let mut used = Used::default();
    used.options(&file.options());
    file.messages().for_each(|message| used.message(&message));
    file.enums().for_each(|proto| used.enumeration(&proto));
    for extension in file.extensions() {
        used.extension(&extension);
    }
    for service in file.services() {
        used.options(&service.options());
        for method in service.methods() {
            used.options(&method.options());
            used.add(&method.input().parent_file());
            used.add(&method.output().parent_file());
        }
    }
    used.0
}

#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn add(&mut self, file: &FileDescriptor) {
        self.0.insert(file.name().to_owned());
    }

    /// Extensions may also be within what an extension says.
    fn options(&mut self, options: &DynamicMessage) {
        for (extension, value) in options.extensions() {
            self.add(&extension.parent_file());
            self.value(value);
        }
        options.fields().for_each(|(_, value)| self.value(value));
    }

    fn value(&mut self, value: &prost_reflect::Value) {
        if let Some(message) = value.as_message() {
            self.options(message);
        }
        value.as_list().unwrap_or_default().iter().for_each(|value| self.value(value));
        for value in value.as_map().into_iter().flat_map(|map| map.values()) {
            self.value(value);
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Message(message) => self.add(&message.parent_file()),
            Kind::Enum(proto) => self.add(&proto.parent_file()),
            _ => {}
        }
    }

    fn extension(&mut self, extension: &prost_reflect::ExtensionDescriptor) {
        self.options(&extension.options());
        self.kind(&extension.kind());
        self.add(&extension.containing_message().parent_file());
    }

    fn message(&mut self, message: &MessageDescriptor) {
        self.options(&message.options());
        for field in message.fields() {
            self.options(&field.options());
            self.kind(&field.kind());
        }
        message.oneofs().for_each(|oneof| self.options(&oneof.options()));
        for extension in message.child_extensions() {
            self.extension(&extension);
        }
        message.child_messages().for_each(|message| self.message(&message));
        message.child_enums().for_each(|proto| self.enumeration(&proto));
    }

    fn enumeration(&mut self, proto: &EnumDescriptor) {
        self.options(&proto.options());
        proto.values().for_each(|value| self.options(&value.options()));
    }
}
