//! The options in which rules are written, read by name: a user's own copy of `validate.proto` may
//! be of another version.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

use crate::model::Model;

/// The numbers of `buf.validate.field`, `buf.validate.message` and `buf.validate.oneof`, which are one.
pub(super) const EXTENSION: u32 = 1159;

/// A message of `buf.validate` that holds rules.
#[derive(Clone, Debug)]
pub(super) struct Options(pub(super) DynamicMessage);

impl Options {
    /// What `options` say by the extension `name`.
    pub(super) fn of(model: &Model, options: &DynamicMessage, name: &str) -> Option<Self> {
        let extension = model.pool.get_extension_by_name(name)?;
        if !options.has_extension(&extension) {
            return None;
        }
        options.get_extension(&extension).as_message().cloned().map(Self)
    }

    /// What is set under `name`.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        if !self.0.has_field_by_name(name) {
            return None;
        }
        self.0.get_field_by_name(name).map(std::borrow::Cow::into_owned)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).and_then(|value| value.as_bool()).unwrap_or(false)
    }

    pub(super) fn u64(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn list(&self, name: &str) -> Vec<Value> {
        let list = self.get(name);
        list.and_then(|value| value.as_list().map(<[_]>::to_vec)).unwrap_or_default()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(super) fn messages(&self, name: &str) -> Vec<Self> {
        self.list(name).iter().filter_map(Value::as_message).cloned().map(Self).collect()
    }

    pub(super) fn message(&self, name: &str) -> Option<Self> {
        self.get(name)?.as_message().cloned().map(Self)
    }

    /// The number of the field `name`, which is part of its place.
    pub(super) fn number(&self, name: &str) -> u32 {
        self.0.descriptor().get_field_by_name(name).map_or(0, |field| field.number())
    }

    /// Of a field's rules, those of its type, and what they call it.
    pub(super) fn typed(&self) -> Option<(String, Self)> {
        let types = self.0.descriptor().oneofs().find(|oneof| oneof.name() == "type")?;
        let set = types.fields().find(|field| self.0.has_field(field))?;
        Some((set.name().to_owned(), self.message(set.name())?))
    }

    /// When the rules are left alone.
    pub(super) fn ignore(&self) -> Ignore {
        match self.get("ignore").and_then(|value| value.as_enum_number()) {
            Some(1) => Ignore::IfZero,
            Some(3) => Ignore::Always,
            _ => Ignore::Unspecified,
        }
    }
}

/// When the rules of a field are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ignore {
    Unspecified,
    IfZero,
    Always,
}

/// The rules of a field.
pub(super) fn of_field(model: &Model, field: &FieldDescriptor) -> Option<Options> {
    Options::of(model, &field.options(), "buf.validate.field")
}

/// Which messages have rules, themselves or in what they hold.
#[derive(Debug, Default)]
pub(super) struct Ruled(BTreeMap<String, bool>);

impl Ruled {
    pub(super) fn is(&mut self, model: &Model, message: &MessageDescriptor) -> bool {
        if let Some(known) = self.0.get(message.full_name()) {
            return *known;
        }
        let mut seen = BTreeSet::new();
        let mut left = vec![message.clone()];
        let mut is_ruled = false;
        while let Some(next) = left.pop() {
            if seen.insert(next.full_name().to_owned()) {
                if has_rules(model, &next) {
                    is_ruled = true;
                    break;
                }
                let kinds = next.fields().map(|field| field.kind());
                left.extend(kinds.filter_map(|kind| match kind {
                    Kind::Message(inner) => Some(inner),
                    _ => None,
                }));
            }
        }
        self.0.insert(message.full_name().to_owned(), is_ruled);
        is_ruled
    }
}

fn has_rules(model: &Model, message: &MessageDescriptor) -> bool {
    Options::of(model, &message.options(), "buf.validate.message").is_some()
        || message.fields().any(|field| of_field(model, &field).is_some())
        || message
            .oneofs()
            .any(|oneof| Options::of(model, &oneof.options(), "buf.validate.oneof").is_some())
}
