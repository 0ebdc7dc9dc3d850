use std::fmt::Write as _;

use tracing::Metadata;

use crate::context::Context;

use super::super::Speaker;
use super::record::{Record, Value};

/// Names that every line has beside its own; a field of an event that is called so and says
/// something else is kept as `field.…`.
const OURS: [&str; 7] = ["time", "level", "message", "target", "service", "instance", "version"];

/// Names that a line has that was written during a call.
const OF_CALL: [&str; 4] = ["trace_id", "span_id", "request_id", "operation"];

/// Writes an event as one line of JSON.
#[derive(Debug)]
pub(super) struct Json {
    speaker: Speaker,
    /// What is the same on every line.
    head: String,
}

impl Json {
    pub(super) fn new(speaker: Speaker) -> Self {
        let mut head = String::new();
        for (name, value) in [
            ("service", &speaker.service),
            ("instance", &speaker.instance),
            ("version", &speaker.version),
        ] {
            member(&mut head, name, Value::Text(value));
        }
        Self { speaker, head }
    }

    pub(super) fn write(
        &self,
        line: &mut String,
        time: &str,
        meta: &Metadata<'_>,
        record: &Record,
        call: Option<&Context>,
    ) {
        line.push_str("{\"time\":");
        quote(line, time);
        let level = level(meta);
        member(line, "level", Value::Text(level));
        member(line, "message", Value::Text(record.message()));
        member(line, "target", Value::Text(meta.target()));
        line.push_str(&self.head);
        if let Some(call) = call {
            of_call(call, |name, value| member(line, name, Value::Text(value)));
        }
        for (name, value) in record.fields() {
            let is_same = match name {
                "service" => value == Value::Text(&self.speaker.service),
                "instance" => value == Value::Text(&self.speaker.instance),
                "version" => value == Value::Text(&self.speaker.version),
                "operation" => call.is_some_and(|it| value == Value::Text(it.operation().name())),
                _ => false,
            };
            if is_same {
                continue;
            }
            if OURS.contains(&name) || call.is_some() && OF_CALL.contains(&name) {
                line.push_str(",\"field.");
                line.push_str(name);
                line.push_str("\":");
                put(line, value);
            } else {
                member(line, name, value);
            }
        }
        line.push_str("}\n");
    }
}

/// What joins a line to its call.
pub(super) fn of_call(call: &Context, mut tell: impl FnMut(&'static str, &str)) {
    if let Some(trace) = call.trace() {
        tell("trace_id", text(&trace.id().digits()));
        tell("span_id", text(&trace.span().digits()));
    }
    if let Some(id) = call.request_id() {
        tell("request_id", id);
    }
    tell("operation", call.operation().name());
}

/// Digits, as text.
pub(super) fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

fn level(meta: &Metadata<'_>) -> &'static str {
    match *meta.level() {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}

fn member(line: &mut String, name: &str, value: Value<'_>) {
    line.push(',');
    quote(line, name);
    line.push(':');
    put(line, value);
}

fn put(line: &mut String, value: Value<'_>) {
    // Writing into a text never fails.
    match value {
        Value::Text(text) => quote(line, text),
        Value::Signed(number) => write!(line, "{number}").unwrap_or(()),
        Value::Unsigned(number) => write!(line, "{number}").unwrap_or(()),
        Value::Float(number) if number.is_finite() => write!(line, "{number:?}").unwrap_or(()),
        // JSON has no number for it.
        Value::Float(number) => write!(line, "\"{number}\"").unwrap_or(()),
        Value::Bool(value) => line.push_str(if value { "true" } else { "false" }),
    }
}

/// A text as JSON writes it (RFC 8259 §7).
fn quote(line: &mut String, text: &str) {
    line.push('"');
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        line.push_str(&text[done..at]);
        if escaped.is_empty() {
            write!(line, "\\u{byte:04x}").unwrap_or(());
        } else {
            line.push_str(escaped);
        }
        done = at + 1;
    }
    line.push_str(&text[done..]);
    line.push('"');
}
