//! What became of a message.

use std::ops::Range;

use prost_reflect::{Cardinality, FieldDescriptor, MessageDescriptor};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::Part;

use super::fields::View;
use super::{At, Comparison, values};

impl Comparison<'_> {
    pub(super) fn messages(
        &mut self,
        (old_part, old): (&Part, &MessageDescriptor),
        (part, new): (&Part, &MessageDescriptor),
    ) {
        let file = new.parent_file();
        let at = At::new(part, &file, new.path());
        for field in old.fields() {
            self.field(&field, (old_part, old), (part, new));
        }
        for field in new.fields() {
            self.new_field(&field, old, part);
        }
        for oneof in old.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            if !new.oneofs().any(|it| it.name() == oneof.name() && !it.is_synthetic()) {
                let file = old.parent_file();
                let at = At::gone(old_part, &file, oneof.path());
                let to = renamed(&oneof, new);
                self.found(
                    change::SOURCE_ONEOF,
                    oneof.full_name(),
                    at,
                    Some(oneof.name().to_owned()),
                    to,
                );
            }
        }
        let reserved: Vec<Range<i64>> =
            values::uncovered(old.reserved_ranges().map(wide), new.reserved_ranges().map(wide));
        let lost = reserved.iter().map(values::range).chain(
            old.reserved_names()
                .filter(|name| !new.reserved_names().any(|it| it == *name))
                .map(|name| format!("\"{name}\"")),
        );
        for lost in lost.collect::<Vec<_>>() {
            self.found(change::WIRE_RESERVED, old.full_name(), at, Some(lost), None);
        }
        let ranges =
            values::uncovered(old.extension_ranges().map(wide), new.extension_ranges().map(wide));
        for lost in ranges.iter().map(values::range) {
            self.found(change::WIRE_EXTENSION_RANGE, old.full_name(), at, Some(lost), None);
        }
        let option = |message: &MessageDescriptor| {
            message.descriptor_proto().options.clone().unwrap_or_default()
        };
        let (was, is) = (option(old), option(new));
        if was.message_set_wire_format() != is.message_set_wire_format() {
            let text = |on: bool| Some(if on { "on" } else { "off" }.to_owned());
            let (from, to) = (was.message_set_wire_format(), is.message_set_wire_format());
            self.found(change::WIRE_MESSAGE_SET, old.full_name(), at, text(from), text(to));
        }
        self.deprecated(old.full_name(), at, was.deprecated(), is.deprecated());
        self.message_rules(old, new, at);
    }

    fn field(
        &mut self,
        old: &FieldDescriptor,
        (old_part, _): (&Part, &MessageDescriptor),
        (part, new): (&Part, &MessageDescriptor),
    ) {
        let was = View::from(old);
        let elsewhere = new.get_field_by_name(old.name()).filter(|it| it.number() != old.number());
        if let Some(elsewhere) = elsewhere {
            let is = View::from(&elsewhere);
            let at = At::new(part, &is.file, &is.path);
            let (from, to) = (Some(was.number.to_string()), Some(is.number.to_string()));
            return self.found(change::WIRE_FIELD_NUMBER, &was.full_name, at, from, to);
        }
        if let Some(new) = new.get_field(old.number()) {
            self.fields(&was, &View::from(&new), part);
            self.field_rules(old, &new, part);
            return;
        }
        let at = At::gone(old_part, &was.file, &was.path);
        let text = Some(format!("{} = {}", was.name, was.number));
        let is_reserved = new.reserved_ranges().any(|range| range.contains(&old.number()));
        if !is_reserved {
            self.found(change::WIRE_FIELD_REMOVED, &was.full_name, at, text.clone(), None);
        }
        if !new.reserved_names().any(|name| name == old.name()) {
            self.found(change::JSON_FIELD_REMOVED, &was.full_name, at, text.clone(), None);
        }
        if old.cardinality() == Cardinality::Required {
            self.found(change::WIRE_FIELD_REQUIRED, &was.full_name, at, text.clone(), None);
        }
        self.found(change::SOURCE_FIELD_REMOVED, &was.full_name, at, text, None);
    }

    /// A field that was not there.
    fn new_field(&mut self, field: &FieldDescriptor, old: &MessageDescriptor, part: &Part) {
        if old.get_field(field.number()).is_some() || old.get_field_by_name(field.name()).is_some()
        {
            return;
        }
        let file = field.parent_file();
        let at = At::new(part, &file, field.path());
        if field.cardinality() == Cardinality::Required {
            let to = Some(format!("required {} = {}", field.name(), field.number()));
            self.found(change::WIRE_FIELD_REQUIRED, field.full_name(), at, None, to);
        }
        self.new_field_rules(field, at);
    }
}

/// What a oneof is called now: the one that all its fields went to.
fn renamed(oneof: &prost_reflect::OneofDescriptor, new: &MessageDescriptor) -> Option<String> {
    let now = oneof.fields().map(|field| new.get_field(field.number())?.containing_oneof());
    let names: Vec<String> =
        now.map(|it| it.map(|it| it.name().to_owned())).collect::<Option<_>>()?;
    let first = names.first()?;
    names.iter().all(|name| name == first).then(|| first.clone())
}

fn wide(range: Range<u32>) -> Range<i64> {
    range.start.into()..range.end.into()
}
