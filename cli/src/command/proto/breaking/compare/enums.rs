//! What became of an enum, and of the errors that it stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use bia::Code;
use bia_codegen::ErrorRule;
use prost_reflect::EnumDescriptor;
use prost_reflect::prost_types::{EnumOptions, EnumValueOptions};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::Part;

use super::{At, Comparison, values};

impl Comparison<'_> {
    pub(super) fn enums(
        &mut self,
        (old_part, old): (&Part, &EnumDescriptor),
        (part, new): (&Part, &EnumDescriptor),
    ) {
        let (old_file, file) = (old.parent_file(), new.parent_file());
        let at = At::new(part, &file, new.path());
        let mut numbers = BTreeMap::<i32, BTreeSet<String>>::new();
        for value in new.values() {
            numbers.entry(value.number()).or_default().insert(value.name().to_owned());
        }
        for value in old.values() {
            let (name, number) = (value.name(), value.number());
            if let Some(now) = new.get_value_by_name(name) {
                if now.number() != number {
                    let at = At::new(part, &file, now.path());
                    let (from, to) = (Some(number.to_string()), Some(now.number().to_string()));
                    self.found(change::WIRE_ENUM_VALUE_NUMBER, value.full_name(), at, from, to);
                }
                let option = |it: &prost_reflect::EnumValueDescriptor| {
                    it.enum_value_descriptor_proto()
                        .options
                        .as_ref()
                        .is_some_and(EnumValueOptions::deprecated)
                };
                let at = At::new(part, &file, now.path());
                self.deprecated(value.full_name(), at, option(&value), option(&now));
                continue;
            }
            let from = Some(format!("{name} = {number}"));
            match numbers.get(&number) {
                Some(names) => {
                    let path =
                        new.get_value(number).map(|it| it.path().to_vec()).unwrap_or_default();
                    let at = At::new(part, &file, &path);
                    let to = names.iter().map(|name| format!("{name} = {number}"));
                    let to = Some(to.collect::<Vec<_>>().join(", "));
                    for change in [change::JSON_ENUM_VALUE_NAME, change::SOURCE_ENUM_VALUE] {
                        self.found(change, value.full_name(), at, from.clone(), to.clone());
                    }
                }
                None => {
                    let at = At::gone(old_part, &old_file, value.path());
                    if !new.reserved_ranges().any(|range| range.contains(&number)) {
                        let id = change::WIRE_ENUM_VALUE_REMOVED;
                        self.found(id, value.full_name(), at, from.clone(), None);
                    }
                    if !new.reserved_names().any(|it| it == name) {
                        let id = change::JSON_ENUM_VALUE_REMOVED;
                        self.found(id, value.full_name(), at, from.clone(), None);
                    }
                    self.found(change::SOURCE_ENUM_VALUE, value.full_name(), at, from, None);
                }
            }
        }
        let lost: Vec<String> =
            values::uncovered(old.reserved_ranges().map(wide), new.reserved_ranges().map(wide))
                .iter()
                .map(values::range)
                .chain(
                    old.reserved_names()
                        .filter(|name| !new.reserved_names().any(|it| it == *name))
                        .map(|name| format!("\"{name}\"")),
                )
                .collect();
        for lost in lost {
            self.found(change::WIRE_RESERVED, old.full_name(), at, Some(lost), None);
        }
        let option = |it: &EnumDescriptor| {
            it.enum_descriptor_proto().options.as_ref().is_some_and(EnumOptions::deprecated)
        };
        self.deprecated(old.full_name(), at, option(old), option(new));
        self.errors((old_part, old), (part, new));
    }

    /// An enum of errors is no more.
    pub(super) fn errors_gone(&mut self, part: &Part, old: &EnumDescriptor) {
        let file = old.parent_file();
        for rule in ErrorRule::of_enum(old).into_iter().flat_map(BTreeMap::into_values) {
            let at = At::gone(part, &file, old.path());
            let subject = format!("{}.{}", old.full_name(), rule.reason);
            self.found(change::ERROR_REASON_REMOVED, &subject, at, Some(rule.reason), None);
        }
    }

    fn errors(
        &mut self,
        (old_part, old): (&Part, &EnumDescriptor),
        (part, new): (&Part, &EnumDescriptor),
    ) {
        let Some(was) = ErrorRule::of_enum(old) else { return };
        let is: BTreeMap<String, ErrorRule> = ErrorRule::of_enum(new)
            .into_iter()
            .flat_map(BTreeMap::into_values)
            .map(|rule| (rule.reason.clone(), rule))
            .collect();
        let (old_file, file) = (old.parent_file(), new.parent_file());
        for was in was.into_values() {
            let subject = format!("{}.{}", old.full_name(), was.reason);
            let place = |proto: &EnumDescriptor| {
                proto
                    .get_value_by_name(&was.reason)
                    .map(|it| it.path().to_vec())
                    .unwrap_or_default()
            };
            let Some(is) = is.get(&was.reason) else {
                let path = place(old);
                let at = At::gone(old_part, &old_file, &path);
                self.found(change::ERROR_REASON_REMOVED, &subject, at, Some(was.reason), None);
                continue;
            };
            let path = place(new);
            let at = At::new(part, &file, &path);
            if was.code != is.code {
                let (from, to) = (Some(was.code.to_string()), Some(is.code.to_string()));
                self.found(change::ERROR_CODE, &subject, at, from, to);
            }
            if grpc(&was) != grpc(is) {
                let name = |rule: &ErrorRule| {
                    let code = Code::from_number(i64::from(grpc(rule)));
                    Some(code.name().to_owned())
                };
                self.found(change::ERROR_GRPC_CODE, &subject, at, name(&was), name(is));
            }
            for lost in was.details.iter().filter(|detail| !is.details.contains(detail)) {
                self.found(change::ERROR_DETAILS, &subject, at, Some(lost.clone()), None);
            }
        }
    }
}

/// The gRPC code that callers see.
fn grpc(rule: &ErrorRule) -> u8 {
    rule.grpc.unwrap_or_else(|| Code::from_http(rule.code).number())
}

fn wide(range: RangeInclusive<i32>) -> Range<i64> {
    i64::from(*range.start())..i64::from(*range.end()) + 1
}
