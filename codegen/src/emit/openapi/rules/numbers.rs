//! Rules of numbers, and of times, which are compared as numbers are.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use serde_json::Number;

use super::{Constraints, plain, told};

/// The rules that compare, the keyword of each, and its words.
const COMPARED: [(&str, &str, &str); 4] = [
    ("gt", "exclusiveMinimum", "more than"),
    ("gte", "minimum", "at least"),
    ("lt", "exclusiveMaximum", "less than"),
    ("lte", "maximum", "at most"),
];

pub(super) fn add(constraints: &mut Constraints, rules: &DynamicMessage) {
    constraints.add_const(rules);
    constraints.add_lists(rules);
    let compared = COMPARED.iter().filter_map(|rule| Some((rule, told(rules, rule.0)?)));
    let compared: Vec<_> = compared.collect();
    // Texts, as numbers of 64 bits are in JSON, have no minimum; and two bounds that no number can be
    // between mean those outside of them.
    let in_words = compared.iter().any(|(_, value)| matches!(value, Value::I64(_) | Value::U64(_)));
    let outside = is_outside(rules);
    if !in_words && !outside {
        for ((_, keyword, _), value) in &compared {
            if let Some(value) = plain(value) {
                constraints.schema.set(*keyword, value);
            }
        }
        return;
    }
    let words = compared
        .iter()
        .filter_map(|((_, _, words), value)| Some(format!("{words} {}", shown(value)?)));
    let words = words.collect::<Vec<_>>().join(if outside { " or " } else { ", " });
    if !words.is_empty() {
        constraints.notes.push(words);
    }
}

/// Durations, timestamps and masks: in words, for their JSON is text.
pub(super) fn add_times(constraints: &mut Constraints, rules: &DynamicMessage) {
    let mut words = Vec::new();
    for (name, _, say) in COMPARED {
        let value = told(rules, name).and_then(|value| shown(&value));
        words.extend(value.map(|value| format!("{say} {value}")));
    }
    for (name, say) in [("const", "equal to"), ("within", "within this time of now:")] {
        let value = told(rules, name).and_then(|value| shown(&value));
        words.extend(value.map(|value| format!("{say} {value}")));
    }
    for (name, say) in [("lt_now", "in the past"), ("gt_now", "in the future")] {
        words.extend(super::is_set(rules, name).then(|| say.to_owned()));
    }
    for (name, say) in [("in", "one of"), ("not_in", "none of")] {
        let values: Vec<_> = super::list_of(rules, name).iter().filter_map(shown).collect();
        words.extend((!values.is_empty()).then(|| format!("{say} {}", values.join(", "))));
    }
    constraints.notes.extend(words);
}

pub(super) fn refuse_zero(rules: &DynamicMessage) -> bool {
    let of = |name| told(rules, name).as_ref().and_then(number);
    let list = |name| super::list_of(rules, name).iter().filter_map(number).collect::<Vec<_>>();
    let (one_of, none_of) = (list("in"), list("not_in"));
    if of("const").is_some_and(|value| value != 0.0)
        || (!one_of.is_empty() && !one_of.contains(&0.0))
        || none_of.contains(&0.0)
    {
        return true;
    }
    let below =
        of("gt").is_some_and(|least| least >= 0.0) || of("gte").is_some_and(|least| least > 0.0);
    let above =
        of("lt").is_some_and(|most| most <= 0.0) || of("lte").is_some_and(|most| most < 0.0);
    if is_outside(rules) { below && above } else { below || above }
}

/// Whether the least is more than the most.
fn is_outside(rules: &DynamicMessage) -> bool {
    let of = |name| told(rules, name).as_ref().and_then(number);
    let (least, most) = (of("gt").or_else(|| of("gte")), of("lt").or_else(|| of("lte")));
    matches!((least, most), (Some(least), Some(most)) if least > most)
}

#[expect(clippy::cast_precision_loss, reason = "what is compared is the sign, or far apart")]
fn number(value: &Value) -> Option<f64> {
    Some(match value {
        Value::I32(value) | Value::EnumNumber(value) => f64::from(*value),
        Value::U32(value) => f64::from(*value),
        Value::I64(value) => *value as f64,
        Value::U64(value) => *value as f64,
        Value::F32(value) => f64::from(*value),
        Value::F64(value) => *value,
        _ => return None,
    })
}

/// As it was written, unless JSON has no number for it.
pub(super) fn float(value: &Value) -> Option<Number> {
    let written = match value {
        Value::F32(value) if value.is_finite() => value.to_string(),
        Value::F64(value) if value.is_finite() => value.to_string(),
        _ => return None,
    };
    serde_json::from_str(&written).ok()
}

/// A duration or a timestamp as JSON has it.
pub(super) fn time(value: &Value) -> Option<String> {
    let message = value.as_message()?;
    match message.descriptor().full_name() {
        "google.protobuf.Duration" => {
            message.transcode_to::<prost_types::Duration>().ok().map(|time| time.to_string())
        }
        "google.protobuf.Timestamp" => {
            message.transcode_to::<prost_types::Timestamp>().ok().map(|time| time.to_string())
        }
        _ => None,
    }
}

fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::I64(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::String(value) => value.clone(),
        other => time(other).or_else(|| plain(other).map(|node| node.to_string()))?,
    })
}
