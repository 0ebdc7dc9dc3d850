//! What the framework knows besides: methods that are called by GET, reasons of errors.

use std::collections::BTreeMap;

use bia_codegen::ErrorRule;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor, Value,
};

use crate::command::proto::lint::rule;
use crate::protofile::options::{extension, get, list, message_extension, text};
use crate::protofile::{Place, position_of};

use super::{Check, Finding};

impl Check<'_> {
    pub(super) fn ours(&mut self) {
        let file = self.file.clone();
        for method in file.services().flat_map(|it| it.methods().collect::<Vec<_>>()) {
            if is_got(&method) && !is_safe(&method) {
                let text = format!(
                    "{} is called by GET, and does not say that it changes nothing",
                    method.name()
                );
                self.found(rule::HTTP_GET_SAFE, method.path(), text);
            }
        }
        for proto in enums(&file) {
            self.codes(&proto);
        }
    }

    fn codes(&mut self, proto: &EnumDescriptor) {
        if ErrorRule::of_enum(proto).is_none() {
            return;
        }
        let number = |value: Option<Value>| match value {
            Some(Value::I32(number) | Value::EnumNumber(number)) => number != 0,
            _ => false,
        };
        let says = |options: &DynamicMessage, ours: &str, other: &str| {
            let rules = message_extension(self.pool, options, ours);
            number(extension(self.pool, options, other))
                || rules.is_some_and(|it| number(get(&it, "code")) || number(get(&it, "grpc")))
        };
        if says(&proto.options(), "bia.errors", "errors.default_code") {
            return;
        }
        let silent: Vec<_> = proto
            .values()
            .filter(|value| value.number() != 0)
            .filter(|value| !says(&value.options(), "bia.error", "errors.code"))
            .collect();
        for value in silent {
            let text = format!("the error {} has no code, so callers are told 500", value.name());
            self.found(rule::ERROR_CODE, value.path(), text);
        }
    }
}

/// Whether any of its bindings is a GET.
fn is_got(method: &MethodDescriptor) -> bool {
    let Some(http) = message_extension(method.parent_pool(), &method.options(), "google.api.http")
    else {
        return false;
    };
    let more = list(&http, "additional_bindings");
    text(&http, "get").is_some()
        || more.iter().filter_map(|it| it.as_message()).any(|it| text(it, "get").is_some())
}

/// Whether it says that it has no side effects, by either option, or its service does.
fn is_safe(method: &MethodDescriptor) -> bool {
    const NO_SIDE_EFFECTS: i32 = 1;
    let options = method.method_descriptor_proto().options.as_ref();
    let standard: i32 = options.map_or(0, |it| it.idempotency_level().into());
    let pool = method.parent_pool();
    let service = method.parent_service().options();
    let ours = [(method.options(), "bia.method"), (service, "bia.service")].into_iter().find_map(
        |(options, name)| {
            let rules = message_extension(pool, &options, name)?;
            get(&rules, "idempotency")?.as_enum_number().filter(|number| *number != 0)
        },
    );
    if standard == 0 { ours == Some(NO_SIDE_EFFECTS) } else { standard == NO_SIDE_EFFECTS }
}

fn enums(file: &FileDescriptor) -> Vec<EnumDescriptor> {
    let mut found: Vec<EnumDescriptor> = file.enums().collect();
    let mut left: Vec<MessageDescriptor> = file.messages().collect();
    while let Some(message) = left.pop() {
        found.extend(message.child_enums());
        left.extend(message.child_messages());
    }
    found
}

/// Reasons that several enums of a package have, of all files together.
pub(super) fn reasons(files: &[FileDescriptor], path: impl Fn(&str) -> String) -> Vec<Finding> {
    let mut seen = BTreeMap::<(String, String), String>::new();
    let mut findings = Vec::new();
    for proto in files.iter().flat_map(enums) {
        for (number, rule) in ErrorRule::of_enum(&proto).into_iter().flatten() {
            let key = (proto.package_name().to_owned(), rule.reason.clone());
            let first = seen.entry(key).or_insert_with(|| rule.of.clone());
            if *first == rule.of {
                continue;
            }
            let file = proto.parent_file();
            let value = proto.get_value(number);
            let position = value.and_then(|value| position_of(&file, value.path()));
            findings.push(Finding {
                rule: rule::ERROR_REASON_UNIQUE,
                place: Place { file: path(file.name()), position },
                text: format!("{} is a reason of {first} too", rule.reason),
                remedy: None,
            });
        }
    }
    findings
}
