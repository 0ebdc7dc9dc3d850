//! Services and methods: how they are called, and what they take and answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prost_reflect::{MethodDescriptor, ServiceDescriptor};

use crate::command::proto::lint::rule::Rule;
use crate::command::proto::lint::{names, rule};

use super::Check;

/// Field numbers of `MethodDescriptorProto`.
const INPUT: i32 = 2;
const OUTPUT: i32 = 3;
/// Messages that anybody may answer.
const COMMON: [&str; 3] =
    ["google.protobuf.Empty", "google.api.HttpBody", "google.longrunning.Operation"];

/// The rules about its messages that a method breaks, in the order of the file's methods.
pub(crate) fn broken_by(method: &MethodDescriptor) -> Vec<&'static str> {
    let (pool, file) = (method.parent_pool(), method.parent_file());
    let path = PathBuf::from(file.name());
    let mut check = Check { pool, file: &file, path, findings: Vec::new() };
    let mut owners = BTreeMap::new();
    for service in file.services() {
        for other in service.methods() {
            check.findings.clear();
            check.method(&service, &other, &mut owners);
            if other == *method {
                let rules = [rule::RPC_RESPONSE_STANDARD_NAME, rule::RPC_REQUEST_RESPONSE_UNIQUE];
                let is_broken = |rule: &&Rule| check.findings.iter().any(|it| it.rule == *rule);
                return rules.into_iter().filter(is_broken).map(|it| it.id).collect();
            }
        }
    }
    Vec::new()
}

impl Check<'_> {
    pub(super) fn methods(&mut self) {
        let file = self.file.clone();
        // Which method has a message for its own, by the message's full name.
        let mut owners = BTreeMap::<String, String>::new();
        for service in file.services() {
            let name = service.name();
            if !names::is_pascal(name) {
                let remedy = format!("call it {}, before anybody calls it", names::pascal(name));
                let text = format!("the service {name} is not called PascalCase");
                self.found_with(rule::SERVICE_PASCAL_CASE, service.path(), text, Some(remedy));
            }
            if !name.ends_with("Service") {
                let remedy =
                    format!("call it {}Service, before anybody calls it", names::pascal(name));
                let text = format!("the service {name} is not called so at its end");
                self.found_with(rule::SERVICE_SUFFIX, service.path(), text, Some(remedy));
            }
            for method in service.methods() {
                self.method(&service, &method, &mut owners);
            }
        }
    }

    fn method(
        &mut self,
        service: &ServiceDescriptor,
        method: &MethodDescriptor,
        owners: &mut BTreeMap<String, String>,
    ) {
        let name = method.name();
        let path = method.path().to_vec();
        if !names::is_pascal(name) {
            let remedy = format!("call it {}, before anybody calls it", names::pascal(name));
            let text = format!("the method {name} is not called PascalCase");
            self.found_with(rule::RPC_PASCAL_CASE, &path, text, Some(remedy));
        }
        let pascal = names::pascal(name);
        let bare = service.name().strip_suffix("Service").unwrap_or_else(|| service.name());
        let is_own = |message: &str, kind: &str| {
            [
                format!("{pascal}{kind}"),
                format!("{}{pascal}{kind}", service.name()),
                format!("{bare}{pascal}{kind}"),
            ]
            .iter()
            .any(|own| own == message)
                || message == format!("{name}{kind}")
        };
        let (input, output) = (method.input(), method.output());
        if !is_own(input.name(), "Request") {
            let text = format!("{name} takes {}, and not {pascal}Request", input.full_name());
            self.found(rule::RPC_REQUEST_STANDARD_NAME, &[&path[..], &[INPUT]].concat(), text);
        }
        // The thing itself, as in `GetUser`; a list has its pages.
        let is_thing = !output.name().ends_with("Request")
            && !output.name().ends_with("Response")
            && pascal.ends_with(output.name());
        let is_shared = is_thing || COMMON.contains(&output.full_name());
        if !is_shared && !is_own(output.name(), "Response") {
            let text = format!("{name} answers {}, and not {pascal}Response", output.full_name());
            self.found(rule::RPC_RESPONSE_STANDARD_NAME, &[&path[..], &[OUTPUT]].concat(), text);
        }
        let mut messages = vec![(input.full_name().to_owned(), "takes")];
        if !is_shared {
            messages.push((output.full_name().to_owned(), "answers"));
        }
        for (message, verb) in messages {
            let owner =
                owners.entry(message.clone()).or_insert_with(|| method.full_name().to_owned());
            if *owner != method.full_name() {
                let text = format!("{name} {verb} {message}, which {owner} has too");
                self.found(rule::RPC_REQUEST_RESPONSE_UNIQUE, &path, text);
            }
        }
    }
}
