//! When two answers are the same.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::http::{Answer, Ask};

/// What of the answers is not the same; none if all is.
pub(crate) fn difference(ask: &Ask, ours: &Answer, theirs: &Answer) -> Option<String> {
    let what = if ours.status != theirs.status {
        "the status"
    } else if ours.status >= 400 {
        // Whose error it is does not matter, nor its words: Envoy's own are text, the service's are JSON of
        // another shape. Ours tell their status.
        if ask.verb == "HEAD" || json(ours).is_some_and(|body| body["code"] == ours.status) {
            return None;
        }
        "the error"
    } else if ours.header("x-operation") != theirs.header("x-operation") {
        "the method"
    } else if ours.is_whole != theirs.is_whole {
        "the end"
    } else {
        match (json(ours), json(theirs)) {
            (Some(ours), Some(theirs)) => &unlike("body", &ours, &theirs)?,
            (None, None) if ours.body == theirs.body => {
                if ours.header("content-type") == theirs.header("content-type") {
                    return None;
                }
                "the content type"
            }
            _ => "the body",
        }
    };
    Some(format!("{what}\n  ours:    {}\n  Envoy's: {}", show(ours), show(theirs)))
}

fn json(answer: &Answer) -> Option<Value> {
    let is_json = answer.header("content-type").starts_with("application/json");
    if is_json { serde_json::from_slice(&answer.body).ok() } else { None }
}

/// Where the values are not the same: numbers go by their value, members stand in any order.
///
/// A message that is not there is `null` in ours, as Kratos writes it, and nothing in Envoy's.
fn unlike(at: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) if ours.as_f64() == theirs.as_f64() => None,
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.find_map(|(index, (a, b))| unlike(&format!("{at}[{index}]"), a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            let member = |of: &Map<String, Value>, key| of.get(key).cloned().unwrap_or_default();
            keys.into_iter().find_map(|key| {
                unlike(&format!("{at}.{key}"), &member(ours, key), &member(theirs, key))
            })
        }
        _ if ours == theirs => None,
        _ => Some(format!("{at} is {ours} and {theirs}")),
    }
}

fn show(answer: &Answer) -> String {
    let body = match json(answer) {
        Some(mut body) => {
            drop_defaults(&mut body);
            body.to_string()
        }
        None => String::from_utf8_lossy(&answer.body).into_owned(),
    };
    let body: String = body.chars().take(500).collect();
    let Answer { status, is_whole, .. } = answer;
    let cut = if *is_whole { "" } else { " (cut)" };
    let (operation, kind) = (answer.header("x-operation"), answer.header("content-type"));
    format!("{status} {operation} {kind} {body}{cut}")
}

/// Leaves out what most fields are, so that a person sees what is there.
fn drop_defaults(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(drop_defaults);
            members.retain(|_, value| match value {
                Value::Bool(value) => *value,
                Value::Number(value) => value.as_f64() != Some(0.0),
                Value::String(value) => !matches!(value.as_str(), "" | "0" | "COLOR_UNSPECIFIED"),
                Value::Array(values) => !values.is_empty(),
                Value::Object(members) => !members.is_empty(),
                Value::Null => false,
            });
        }
        Value::Array(values) => values.iter_mut().for_each(drop_defaults),
        _ => {}
    }
}
