use std::fmt::Write as _;

use tracing::{Level, Metadata};

use crate::context::Context;

use super::json::text;
use super::record::{Record, Value};

const DIM: &str = "\x1b[2m";
const OFF: &str = "\x1b[0m";

/// Writes an event as one line for people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pretty {
    /// Whether the terminal shows colours.
    pub(super) colours: bool,
}

impl Pretty {
    pub(super) fn write(
        self,
        line: &mut String,
        time: &str,
        meta: &Metadata<'_>,
        record: &Record,
        call: Option<&Context>,
    ) {
        let (dim, off) = if self.colours { (DIM, OFF) } else { ("", "") };
        let colour = if self.colours { colour(*meta.level()) } else { "" };
        // Writing into a text never fails.
        write!(line, "{dim}{time}{off} {colour}{:>5}{off} ", meta.level()).unwrap_or(());
        harmless(line, record.message());
        let mut first = record.message().is_empty();
        for (name, value) in record.fields() {
            let is_said = call.is_some_and(|call| {
                name == "operation" && value == Value::Text(call.operation().name())
            });
            if is_said {
                continue;
            }
            line.push_str(if first { "" } else { " " });
            first = false;
            write!(line, "{dim}{name}={off}").unwrap_or(());
            put(line, value);
        }
        if let Some(call) = call {
            // Enough of each id to tell calls apart, and to search for it.
            write!(line, " {dim}({}", call.operation().name()).unwrap_or(());
            let trace = call.trace().map(|trace| trace.id().digits());
            let trace = trace.as_ref().map_or("", |digits| text(digits));
            for id in [trace, call.request_id().filter(|id| *id != trace).unwrap_or("")] {
                line.push_str(if id.is_empty() { "" } else { " " });
                line.push_str(id.get(..8).unwrap_or(id));
            }
            write!(line, "){off}").unwrap_or(());
        }
        line.push('\n');
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

fn put(line: &mut String, value: Value<'_>) {
    match value {
        Value::Text(text) if is_word(text) => line.push_str(text),
        Value::Text(text) => {
            line.push('"');
            harmless(line, text);
            line.push('"');
        }
        Value::Signed(number) => write!(line, "{number}").unwrap_or(()),
        Value::Unsigned(number) => write!(line, "{number}").unwrap_or(()),
        Value::Float(number) => write!(line, "{number}").unwrap_or(()),
        Value::Bool(value) => write!(line, "{value}").unwrap_or(()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

/// Writes a text so that it forges no line and gives the terminal no orders: what has several lines
/// is indented.
fn harmless(line: &mut String, text: &str) {
    let mut done = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_control()) {
        line.push_str(&text[done..at]);
        match c {
            '\n' => line.push_str("\n      "),
            c => line.extend(c.escape_default()),
        }
        done = at + c.len_utf8();
    }
    line.push_str(&text[done..]);
}
