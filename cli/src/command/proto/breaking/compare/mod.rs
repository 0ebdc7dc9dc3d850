//! Holds two states against each other.

mod enums;
mod fields;
mod http;
mod messages;
mod methods;
mod rules;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FileDescriptor, MessageDescriptor};

use crate::protofile::Place;

use super::change::{self, Change};
use super::side::{Part, Side};

/// A change that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) change: &'static Change,
    /// The full name of what changed.
    pub(super) subject: String,
    /// What exactly: `min_len` of a rule; empty where the change says it all.
    pub(super) detail: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    /// Where it is now, or was.
    pub(super) place: Place,
    /// Whether it is no more, and the place is that of the old state.
    pub(super) is_gone: bool,
}

/// All that changed, in the order of the files.
pub(super) fn compare(old: &Side, new: &Side) -> Vec<Finding> {
    let union = |is_request| -> BTreeSet<String> {
        old.reached(is_request).into_iter().chain(new.reached(is_request)).collect()
    };
    let mut comparison =
        Comparison { old, new, requests: union(true), answers: union(false), findings: Vec::new() };
    for part in &old.parts {
        for file in part.files() {
            comparison.file(part, &file);
        }
    }
    comparison.captured();
    let mut findings = comparison.findings;
    findings.sort_by(|a, b| {
        // What is one edit stands together.
        let edit = |it: &Finding| (it.place.clone(), it.subject.clone(), it.detail.clone());
        let turn = |it: &Finding| (it.from.clone(), it.to.clone(), it.change.category);
        edit(a).cmp(&edit(b)).then_with(|| turn(a).cmp(&turn(b)))
    });
    findings.dedup();
    findings
}

/// The two states, and what was found so far.
struct Comparison<'a> {
    old: &'a Side,
    new: &'a Side,
    /// The messages that requests are made of, by full name, and those of answers.
    requests: BTreeSet<String>,
    answers: BTreeSet<String>,
    findings: Vec<Finding>,
}

/// Where a finding is: what it is of, and its path there.
#[derive(Clone, Copy)]
struct At<'a> {
    part: &'a Part,
    file: &'a FileDescriptor,
    path: &'a [i32],
    is_gone: bool,
}

impl<'a> At<'a> {
    fn new(part: &'a Part, file: &'a FileDescriptor, path: &'a [i32]) -> Self {
        Self { part, file, path, is_gone: false }
    }

    fn gone(part: &'a Part, file: &'a FileDescriptor, path: &'a [i32]) -> Self {
        Self { part, file, path, is_gone: true }
    }
}

impl Comparison<'_> {
    fn found(
        &mut self,
        change: &'static Change,
        subject: &str,
        at: At<'_>,
        from: Option<String>,
        to: Option<String>,
    ) {
        self.found_in_detail(change, (subject, ""), at, from, to);
    }

    fn found_in_detail(
        &mut self,
        change: &'static Change,
        (subject, detail): (&str, &str),
        at: At<'_>,
        from: Option<String>,
        to: Option<String>,
    ) {
        self.findings.push(Finding {
            change,
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            from,
            to,
            place: at.part.place(at.file, at.path),
            is_gone: at.is_gone,
        });
    }

    fn file(&mut self, old_part: &Part, old: &FileDescriptor) {
        const PACKAGE: i32 = 2;
        const SYNTAX: i32 = 12;
        if let Some((part, new)) = self.new.file(old_part, old.name()) {
            let (was, is) = (old.package_name(), new.package_name());
            if was != is {
                let at = At::new(part, &new, &[PACKAGE]);
                let text =
                    |name: &str| Some(if name.is_empty() { "none" } else { name }.to_owned());
                self.found(change::WIRE_PACKAGE, old.name(), at, text(was), text(is));
                self.found(change::SOURCE_PACKAGE, old.name(), at, text(was), text(is));
                if old.messages().len() > 0 {
                    self.found(change::JSON_PACKAGE, old.name(), at, text(was), text(is));
                }
                // Paths that are said in so many words stay, those that follow from names do not.
                for method in old.services().flat_map(|it| it.methods().collect::<Vec<_>>()) {
                    if self.new.service(old_part, method.parent_service().full_name()).is_none() {
                        self.bindings_gone(old_part, &method);
                    }
                }
                return;
            }
            if old.syntax() != new.syntax() {
                let text = |file: &FileDescriptor| {
                    let name = file.file_descriptor_proto().syntax();
                    Some(if name.is_empty() { "proto2" } else { name }.to_owned())
                };
                let at = At::new(part, &new, &[SYNTAX]);
                self.found(change::WIRE_SYNTAX, old.name(), at, text(old), text(&new));
            }
        }
        for message in old.messages() {
            self.message(old_part, &message);
        }
        for proto in old.enums() {
            self.enumeration(old_part, &proto);
        }
        for extension in old.extensions() {
            self.extension(old_part, &extension);
        }
        for service in old.services() {
            self.service(old_part, &service);
        }
    }

    fn message(&mut self, old_part: &Part, old: &MessageDescriptor) {
        if old.is_map_entry() {
            return;
        }
        let Some((part, new)) = self.new.message(old_part, old.full_name()) else {
            let (file, path) = (old.parent_file(), old.path());
            let at = At::gone(old_part, &file, path);
            return self.found(change::SOURCE_MESSAGE_REMOVED, old.full_name(), at, None, None);
        };
        self.messages((old_part, old), (part, &new));
        for message in old.child_messages() {
            self.message(old_part, &message);
        }
        for proto in old.child_enums() {
            self.enumeration(old_part, &proto);
        }
        for extension in old.child_extensions() {
            self.extension(old_part, &extension);
        }
    }

    fn enumeration(&mut self, old_part: &Part, old: &EnumDescriptor) {
        let Some((part, new)) = self.new.enumeration(old_part, old.full_name()) else {
            let (file, path) = (old.parent_file(), old.path());
            let at = At::gone(old_part, &file, path);
            self.found(change::SOURCE_ENUM_REMOVED, old.full_name(), at, None, None);
            return self.errors_gone(old_part, old);
        };
        self.enums((old_part, old), (part, &new));
    }

    /// Says that something is deprecated now.
    fn deprecated(&mut self, subject: &str, at: At<'_>, was: bool, is: bool) {
        if is && !was {
            self.found(change::OPTION_DEPRECATED, subject, at, None, None);
        }
    }
}
