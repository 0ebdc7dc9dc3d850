//! What options say, read by name: a state may be of other protos than those that this command has.

use std::cmp::Ordering;
use std::ops::Range;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

pub(super) use crate::protofile::options::{
    extension, get, list, message, message_extension, text,
};

/// As a person reads it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::List(values) => {
            format!("[{}]", values.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Message(message) if is_time(message) => {
            let (whole, rest) = (nanos(message) / 1_000_000_000, nanos(message) % 1_000_000_000);
            match rest {
                0 => format!("{whole}s"),
                rest => format!("{whole}.{:09}", rest.abs()).trim_end_matches('0').to_owned() + "s",
            }
        }
        Value::Message(message) => serde_json::to_string(message).unwrap_or_default(),
        Value::Map(map) => format!("{} entries", map.len()),
    }
}

fn is_time(message: &DynamicMessage) -> bool {
    matches!(
        message.descriptor().full_name(),
        "google.protobuf.Duration" | "google.protobuf.Timestamp"
    )
}

/// A length of time or a point in it.
pub(super) fn nanos(message: &DynamicMessage) -> i128 {
    let part = |name: &str| match get(message, name) {
        Some(Value::I64(value)) => i128::from(value),
        Some(Value::I32(value)) => i128::from(value),
        _ => 0,
    };
    part("seconds") * 1_000_000_000 + part("nanos")
}

/// A value that has an order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Broken(f64),
}

impl Number {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::I32(value) | Value::EnumNumber(value) => Some(Self::Whole((*value).into())),
            Value::I64(value) => Some(Self::Whole((*value).into())),
            Value::U32(value) => Some(Self::Whole((*value).into())),
            Value::U64(value) => Some(Self::Whole((*value).into())),
            Value::F32(value) => Some(Self::Broken((*value).into())),
            Value::F64(value) => Some(Self::Broken(*value)),
            Value::Message(message) if is_time(message) => Some(Self::Whole(nanos(message))),
            _ => None,
        }
    }

    pub(super) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            (Self::Broken(a), Self::Broken(b)) => a.total_cmp(&b),
            // Of one field, both are of one kind.
            _ => Ordering::Equal,
        }
    }
}

/// What of `old` is not within `new`.
pub(super) fn uncovered(
    old: impl Iterator<Item = Range<i64>>,
    new: impl Iterator<Item = Range<i64>>,
) -> Vec<Range<i64>> {
    let mut left: Vec<Range<i64>> = old.collect();
    for cover in new {
        let cut = left
            .into_iter()
            .flat_map(|it| [it.start..it.end.min(cover.start), it.start.max(cover.end)..it.end]);
        left = cut.filter(|it| it.start < it.end).collect();
    }
    left
}

/// As a proto has it: `4`, `5 to 9`.
pub(super) fn range(range: &Range<i64>) -> String {
    let last = range.end - 1;
    if last == range.start { last.to_string() } else { format!("{} to {last}", range.start) }
}
