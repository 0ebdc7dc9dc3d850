//! Holds files against the rules.

mod comments;
mod files;
mod imports;
mod methods;
mod ours;
mod types;

use std::path::PathBuf;

use bia_codegen::Topic;
use prost_reflect::{DescriptorPool, FileDescriptor};

use crate::error::Result;
use crate::protofile::{Group, Place, position_of};

use super::rule::{self, Rule};

/// Where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rule: &'static Rule,
    pub(super) place: Place,
    /// What is wrong there.
    pub(super) text: String,
    /// What to do, if more is known than the rule says.
    pub(super) remedy: Option<String>,
}

/// All that is wrong with the files of a group.
///
/// # Errors
///
/// A file that cannot be read.
pub(super) fn group(group: &Group) -> Result<Vec<Finding>> {
    let pool = match group.compiler().descriptors() {
        Ok(pool) => pool,
        Err(error) => return Ok(told(&error, rule::COMPILES)),
    };
    let names = group.names();
    let mut findings = Vec::new();
    let files: Vec<FileDescriptor> =
        pool.files().filter(|file| names.contains(file.name())).collect();
    for file in &files {
        let path = group.path(file.name());
        let mut check = Check { pool: &pool, file, path: path.clone(), findings: Vec::new() };
        check.package();
        check.imports();
        check.types();
        check.methods();
        check.comments();
        check.ours();
        findings.extend(check.findings);
    }
    findings.extend(ours::reasons(&files, |name| group.path(name).display().to_string()));
    // Only what is right in itself is looked at as code.
    if let Err(error) = group.compiler().generate() {
        let rule = match error.topic() {
            Topic::Source => rule::COMPILES,
            Topic::Names => rule::RUST_NAMES,
            Topic::Http => rule::HTTP_RULES,
            Topic::Options => rule::METHOD_OPTIONS,
            Topic::Rules => rule::VALIDATION_RULES,
            _ => rule::CODE_GENERATES,
        };
        findings.extend(told(&error, rule));
    }
    Ok(findings)
}

/// What the generator says.
fn told(error: &bia_codegen::Error, rule: &'static Rule) -> Vec<Finding> {
    let reports = error.reports().map(|report| Finding {
        rule,
        place: Place {
            file: report.file.unwrap_or("protos").to_owned(),
            position: report.position,
        },
        text: report.message.to_owned(),
        remedy: report.remedy.map(str::to_owned),
    });
    reports.collect()
}

/// A file that is looked at.
struct Check<'a> {
    pool: &'a DescriptorPool,
    file: &'a FileDescriptor,
    path: PathBuf,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn found(&mut self, rule: &'static Rule, path: &[i32], text: impl Into<String>) {
        self.found_with(rule, path, text, None);
    }

    fn found_with(
        &mut self,
        rule: &'static Rule,
        path: &[i32],
        text: impl Into<String>,
        remedy: Option<String>,
    ) {
        // The name of what is meant, where it has one; else all of it.
        let position = position_of(self.file, path);
        let place = Place { file: self.path.display().to_string(), position };
        self.findings.push(Finding { rule, place, text: text.into(), remedy });
    }
}
