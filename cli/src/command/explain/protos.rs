//! The errors that the protos of a project name.

use bia::Code;
use bia_codegen::{ErrorRule, Model};
use prost_reflect::EnumValueDescriptor;

use crate::error::Error;
use crate::project::Project;

use super::answer::Answer;

/// All of them, each once, and why the protos of some crates could not be read.
pub(super) fn errors(project: &Project) -> (Vec<Answer>, Vec<Error>) {
    let mut answers: Vec<Answer> = Vec::new();
    let mut faults = Vec::new();
    for service in project.services() {
        match service.model() {
            Ok(model) => {
                for answer in of_model(&model) {
                    // Others compile the same protos to call it.
                    if !answers.iter().any(|it| it.name == answer.name && it.of == answer.of) {
                        answers.push(answer);
                    }
                }
            }
            Err(error) => {
                faults.push(Error::new(format!(
                    "the errors of {} are not known: {error}",
                    service.name
                )));
            }
        }
    }
    (answers, faults)
}

fn of_model(model: &Model) -> Vec<Answer> {
    let mut answers = Vec::new();
    for proto in model.packages.iter().flat_map(|package| &package.enums) {
        for value in &proto.values {
            // Zero is none: it stands for what was not said.
            let Some(rule) = value.error.as_ref().filter(|_| value.number != 0) else { continue };
            let descriptor = proto.descriptor.get_value_by_name(&value.proto_name);
            let means = descriptor.map(|it| comment(&it)).unwrap_or_default();
            answers.push(answer(rule, means, methods(model, rule)));
        }
    }
    answers
}

fn answer(rule: &ErrorRule, means: String, methods: Vec<String>) -> Answer {
    let grpc = rule
        .grpc
        .map_or_else(|| Code::from_http(rule.code), |number| Code::from_number(number.into()));
    Answer {
        kind: "error",
        name: rule.reason.clone(),
        of: rule.of.clone(),
        codes: vec![(rule.code, grpc.name())],
        means,
        message: rule.message.clone(),
        details: rule.details.clone(),
        methods,
        ..Answer::default()
    }
}

/// The methods that say that they fail with it.
fn methods(model: &Model, rule: &ErrorRule) -> Vec<String> {
    let services = model.packages.iter().flat_map(|package| &package.services);
    services
        .flat_map(|service| &service.methods)
        .filter(|method| {
            method.rules.errors.iter().any(|it| it.of == rule.of && it.reason == rule.reason)
        })
        .map(|method| method.operation.trim_start_matches('/').to_owned())
        .collect()
}

/// What the proto says above a value, or behind it.
fn comment(value: &EnumValueDescriptor) -> String {
    let file = value.parent_enum().parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|it| it.path == value.path()));
    let comments = location.map(|it| [it.leading_comments(), it.trailing_comments()]);
    let comments = comments.into_iter().flatten().filter(|it| !it.trim().is_empty());
    comments
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(" ")
}
