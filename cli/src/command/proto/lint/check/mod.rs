//! Holds files against the rules.

mod comments;
mod files;
mod imports;
mod methods;
mod ours;
mod types;

use std::path::PathBuf;

use bia_codegen::{Compiler, Topic};
use prost_reflect::{DescriptorPool, FileDescriptor};

use crate::error::Result;
use crate::protofile::{Group, Place, Wanted, position_of};

use super::rule::{self, Rule};

pub(crate) use methods::broken_by;

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

/// All that is wrong with `wanted`.
///
/// # Errors
///
/// A file that cannot be read.
pub(super) fn all(wanted: &Wanted) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for group in wanted.groups()? {
        findings.extend(self::group(&group)?);
    }
    // What is not right in itself is no code, and told above.
    let is_right = !findings.iter().any(|it| it.rule == rule::COMPILES);
    let code = wanted.processes()?.into_iter().flat_map(code);
    findings.extend(code.filter(|it| is_right || it.rule != rule::COMPILES));
    Ok(findings)
}

/// All that is wrong with the files of a group.
///
/// # Errors
///
/// A file that cannot be read.
fn group(group: &Group) -> Result<Vec<Finding>> {
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
    Ok(findings)
}

/// What the generator refuses of files that become code together.
fn code(compiler: Compiler) -> Vec<Finding> {
    let Err(error) = compiler.generate() else { return Vec::new() };
    let rule = match error.topic() {
        Topic::Source => rule::COMPILES,
        Topic::Names => rule::RUST_NAMES,
        Topic::Http => rule::HTTP_RULES,
        Topic::Options => rule::METHOD_OPTIONS,
        Topic::Rules => rule::VALIDATION_RULES,
        _ => rule::CODE_GENERATES,
    };
    told(&error, rule)
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
