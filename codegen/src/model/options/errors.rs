//! Enums whose values are the reasons of errors.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, EnumValueDescriptor};

use crate::error::Problem;
use crate::model::{Model, names};

use super::proto::{ErrorRules, Extension};

/// What the error of a reason is, as the proto says it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorRule {
    /// The name of the value, which is the reason on the wire: `USER_NOT_FOUND`.
    pub reason: String,
    /// The full name of the enum: `user.v1.UserError`.
    pub of: String,
    /// The HTTP status, 400 to 599.
    pub code: u16,
    /// The number of the gRPC status code, where it is another than the one that stands for `code`.
    pub grpc: Option<u8>,
    /// What a person is told, with `{name}` for what the metadata calls so; empty if nothing is said.
    pub message: String,
    /// Full names of the messages that it brings along: `google.rpc.ResourceInfo`.
    pub details: Vec<String>,
}

impl ErrorRule {
    /// The errors that the values of `proto` stand for, by their numbers; none if it is an enum of
    /// anything else.
    #[must_use]
    pub fn of_enum(proto: &EnumDescriptor) -> Option<BTreeMap<i32, Self>> {
        Reader::new(proto.parent_pool()).of(proto)
    }

    /// What the metadata of the error has to name for its message: `["id"]` of `no user {id}`.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        parameters(&self.message).unwrap_or_default()
    }
}

/// The HTTP statuses of the gRPC codes, in the order of their numbers.
const HTTP: [u16; 17] =
    [200, 499, 500, 400, 504, 404, 409, 403, 429, 412, 409, 400, 501, 500, 503, 500, 401];

/// What is told of an error whose enum has codes and says none for it.
const OTHERWISE: u16 = 500;

/// The details that everybody knows, whether or not a proto imports them.
const DETAILS: [&str; 10] = [
    "BadRequest",
    "DebugInfo",
    "ErrorInfo",
    "Help",
    "LocalizedMessage",
    "PreconditionFailure",
    "QuotaFailure",
    "RequestInfo",
    "ResourceInfo",
    "RetryInfo",
];

/// Reads what the options say of enums.
pub(in crate::model) struct Reader {
    errors: Extension,
    error: Extension,
    default_code: Extension,
    code: Extension,
}

impl Reader {
    pub(in crate::model) fn new(pool: &DescriptorPool) -> Self {
        let find = |name| Extension::find(pool, name);
        Self {
            errors: find("bia.errors"),
            error: find("bia.error"),
            default_code: find("errors.default_code"),
            code: find("errors.code"),
        }
    }

    /// The errors that the values of an enum stand for, by their numbers; none if it is an enum of
    /// anything else. What is wrong with them, [`check`] says.
    pub(in crate::model) fn of(&self, proto: &EnumDescriptor) -> Option<BTreeMap<i32, ErrorRule>> {
        let options = proto.options();
        let own: Option<ErrorRules> = self.errors.message(&options);
        let default = self.default_code.number(&options);
        let is_said = |value: &EnumValueDescriptor| {
            let options = value.options();
            self.code.number(&options).is_some() || self.rules(&options).is_some()
        };
        if own.is_none() && default.is_none() && !proto.values().any(|value| is_said(&value)) {
            return None;
        }
        let own = own.unwrap_or_default();
        let mut rules = BTreeMap::new();
        // As they are written: of the names of a number, the first is its variant.
        let written = proto.enum_descriptor_proto().value.iter();
        for value in written.filter_map(|value| proto.get_value_by_name(value.name())) {
            let rule = self.rule(proto, &value, &own, default);
            rules.entry(value.number()).or_insert(rule);
        }
        Some(rules)
    }

    fn rules(&self, options: &DynamicMessage) -> Option<ErrorRules> {
        self.error.message(options)
    }

    fn rule(
        &self,
        proto: &EnumDescriptor,
        value: &EnumValueDescriptor,
        own: &ErrorRules,
        default: Option<i32>,
    ) -> ErrorRule {
        let options = value.options();
        let said = self.rules(&options).unwrap_or_default();
        let grpc = [said.grpc, own.grpc].into_iter().find(|grpc| *grpc != 0);
        let grpc = grpc.and_then(|grpc| u8::try_from(grpc).ok()).filter(|grpc| *grpc <= 16);
        let code = [said.code, self.code.number(&options).unwrap_or(0)]
            .into_iter()
            .chain((said.grpc != 0).then(|| i32::from(stands_for(grpc))))
            .chain([own.code, default.unwrap_or(0)])
            .chain((own.grpc != 0).then(|| i32::from(stands_for(grpc))))
            .find(|code| *code != 0);
        let message = if said.message.is_empty() { &own.message } else { &said.message };
        let details = if said.details.is_empty() { &own.details } else { &said.details };
        ErrorRule {
            reason: value.name().to_owned(),
            of: proto.full_name().to_owned(),
            code: code.map_or(OTHERWISE, |code| u16::try_from(code).unwrap_or(0)),
            grpc,
            message: message.clone(),
            details: details.clone(),
        }
    }
}

fn stands_for(grpc: Option<u8>) -> u16 {
    grpc.and_then(|grpc| HTTP.get(usize::from(grpc)).copied()).unwrap_or(OTHERWISE)
}

/// The names in a message, in their order; or what is wrong with it.
fn parameters(message: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = message;
    while let Some(at) = rest.find(['{', '}']) {
        let Some(inner) = rest[at..].strip_prefix('{') else { return Err("has a } without a {") };
        let Some((name, more)) = inner.split_once('}') else { return Err("has a { without a }") };
        let is_name = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("has between { and } what is no name of metadata");
        }
        names.push(name);
        rest = more;
    }
    Ok(names)
}

/// The variant of an enum of errors: without the enum's name in front, as every enum's, and without
/// what the enum's own name has before `Error`: `USER_NOT_FOUND` of `UserError` is `NotFound`.
pub(in crate::model) fn variant(enum_name: &str, value: &str) -> String {
    let short = names::variant(enum_name, value);
    let stem = ["ErrorReason", "ErrorCode", "Errors", "Error", "Reason"]
        .iter()
        .find_map(|ending| enum_name.strip_suffix(ending))
        .filter(|stem| !stem.is_empty());
    match stem {
        Some(stem) if short == names::camel(value) => names::variant(stem, value),
        _ => short,
    }
}

/// All that is wrong with the errors of the model.
pub(super) fn check(model: &Model, problems: &mut Vec<Problem>) {
    let reader = Reader::new(&model.pool);
    for package in &model.packages {
        for proto in &package.enums {
            let mut variants = BTreeMap::new();
            for value in proto.values.iter() {
                let Some(rule) = &value.error else { continue };
                let Some(descriptor) =
                    proto.descriptor.values().find(|it| it.name() == value.proto_name)
                else {
                    continue;
                };
                let file = proto.descriptor.parent_file();
                let place = model.place_of(file.name(), descriptor.path());
                let mut refuse = |what: String, remedy: &str| {
                    problems.push(Problem::new(what).at(place.clone()).remedy(remedy));
                };
                let reason = &rule.reason;
                look(&reader, &descriptor, rule, &model.pool, &mut refuse);
                let Some(variant) = &value.variant else { continue };
                if let Some(first) = variants.insert(variant.to_string(), reason.clone()) {
                    refuse(
                        format!("{reason} and {first} are both the variant {variant} in Rust"),
                        "rename one of them",
                    );
                }
            }
        }
    }
}

fn look(
    reader: &Reader,
    value: &EnumValueDescriptor,
    rule: &ErrorRule,
    pool: &DescriptorPool,
    refuse: &mut impl FnMut(String, &str),
) {
    let reason = &rule.reason;
    let options = value.options();
    let said = reader.rules(&options).unwrap_or_default();
    let kratos = reader.code.number(&options).unwrap_or(0);
    if said.code != 0 && kratos != 0 && said.code != kratos {
        refuse(
            format!("{reason} is {} by (bia.error) and {kratos} by (errors.code)", said.code),
            "say its code once",
        );
    } else if !(400..=599).contains(&rule.code) {
        refuse(
            format!("the code of {reason} is none of an error"),
            "a code is an HTTP status of 400 to 599",
        );
    }
    if let Err(what) = parameters(&rule.message) {
        refuse(
            format!("the message of {reason}, {:?}, {what}", rule.message),
            "{id} stands for what the metadata calls id",
        );
    }
    for detail in &rule.details {
        let is_known = pool.get_message_by_name(detail).is_some()
            || detail.strip_prefix("google.rpc.").is_some_and(|name| DETAILS.contains(&name));
        if !is_known {
            refuse(
                format!("{reason} brings along {detail}, which is no message"),
                "name a message by its full name, and import its file",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_errors_lose_what_the_enum_says_already() {
        let table = [
            ("UserError", "USER_NOT_FOUND", "NotFound"),
            ("UserErrorReason", "USER_NOT_FOUND", "NotFound"),
            ("UserError", "USER_ERROR_NOT_FOUND", "NotFound"),
            ("UserError", "USERS_GONE", "UsersGone"),
            ("UserError", "PAGE_TOKEN_INVALID", "PageTokenInvalid"),
            ("ErrorReason", "USER_NOT_FOUND", "UserNotFound"),
            ("ErrorReason", "ERROR_REASON_UNSPECIFIED", "Unspecified"),
            ("UserError", "USER", "User"),
        ];
        for (name, value, expected) in table {
            assert_eq!(variant(name, value), expected, "{value} of {name}");
        }
    }

    #[test]
    fn a_message_names_what_it_needs() {
        assert_eq!(parameters("no user {id} in {tenant-1}"), Ok(vec!["id", "tenant-1"]));
        for wrong in ["{", "}", "{}", "{a b}", "a } {b}", "{{id}}"] {
            assert!(parameters(wrong).is_err(), "{wrong}");
        }
    }
}
