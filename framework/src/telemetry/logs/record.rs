use std::error::Error;
use std::fmt::{self, Debug, Write as _};
use std::ops::Range;

use tracing::field::{Field, Visit};

use super::redact::{MASK, Redact};

/// The longest text of one field; what is longer is cut, so that no event can take the process's
/// memory, or the patience of what collects the log.
const LONGEST: usize = 16 * 1024;

/// What an event says: its message and its fields with those of its spans, nothing that is marked.
///
/// All text is in one buffer, so that a record that is used again allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: String,
    message: Range<usize>,
    fields: Vec<(&'static str, Stored)>,
}

#[derive(Clone, Debug)]
enum Stored {
    Text(Range<usize>),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

impl Record {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.message = 0..0;
        self.fields.clear();
    }

    pub(super) fn message(&self) -> &str {
        &self.text[self.message.clone()]
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        self.fields.iter().map(|(name, stored)| (*name, self.value(stored)))
    }

    fn value(&self, stored: &Stored) -> Value<'_> {
        match stored {
            Stored::Text(range) => Value::Text(&self.text[range.clone()]),
            Stored::Signed(value) => Value::Signed(*value),
            Stored::Unsigned(value) => Value::Unsigned(*value),
            Stored::Float(value) => Value::Float(*value),
            Stored::Bool(value) => Value::Bool(*value),
        }
    }

    /// Takes the fields of another in, over its own of the same names: those of a span inside.
    pub(super) fn take_in(&mut self, other: &Self) {
        for (name, value) in other.fields() {
            let stored = match value {
                Value::Text(text) => self.push(text),
                Value::Signed(value) => Stored::Signed(value),
                Value::Unsigned(value) => Stored::Unsigned(value),
                Value::Float(value) => Stored::Float(value),
                Value::Bool(value) => Stored::Bool(value),
            };
            self.set(name, stored);
        }
    }

    /// Says it with these words.
    pub(super) fn set_message(&mut self, message: &str) {
        let start = self.text.len();
        self.text.push_str(message);
        self.message = start..self.text.len();
    }

    pub(super) fn set_number(&mut self, name: &'static str, value: u64) {
        self.set(name, Stored::Unsigned(value));
    }

    fn push(&mut self, text: &str) -> Stored {
        let start = self.text.len();
        self.text.push_str(text);
        Stored::Text(start..self.text.len())
    }

    /// Sets a field, over one of the same name.
    fn set(&mut self, name: &'static str, value: Stored) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, stored)) => *stored = value,
            None => self.fields.push((name, value)),
        }
    }

    /// What writes into it what an event or a span tells.
    pub(super) fn recorder<'a>(&'a mut self, redact: &'a Redact) -> Recorder<'a> {
        Recorder { record: self, redact }
    }
}

/// Writes fields into a record, masked and cut.
pub(super) struct Recorder<'a> {
    record: &'a mut Record,
    redact: &'a Redact,
}

impl Recorder<'_> {
    /// `write` says the value of a field.
    fn say(&mut self, field: &Field, write: impl FnOnce(&mut Cut<'_>) -> fmt::Result) {
        let name = name(field);
        let start = self.record.text.len();
        if self.redact.marks_field(name) {
            self.record.text.push_str(MASK);
        } else {
            let mut cut = Cut { text: &mut self.record.text, room: LONGEST, is_cut: false };
            // It fails once it is cut, or if the value cannot be told: then what there is is told.
            write(&mut cut).ok();
            let is_cut = cut.is_cut;
            let masked = match self.redact.text(&self.record.text[start..]) {
                std::borrow::Cow::Owned(masked) => Some(masked),
                std::borrow::Cow::Borrowed(_) => None,
            };
            if let Some(masked) = masked {
                self.record.text.truncate(start);
                self.record.text.push_str(&masked);
            }
            if is_cut {
                self.record.text.push_str("… (cut)");
            }
        }
        let range = start..self.record.text.len();
        if name == "message" {
            self.record.message = range;
        } else {
            self.record.set(name, Stored::Text(range));
        }
    }

    fn number(&mut self, field: &Field, value: Stored) {
        let name = name(field);
        let value = if self.redact.marks_field(name) { self.record.push(MASK) } else { value };
        self.record.set(name, value);
    }
}

/// A field of which the name is a word of the language is written `r#type`.
fn name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

impl Visit for Recorder<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, Stored::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, Stored::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, Stored::Unsigned(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, Stored::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, |text| text.write_str(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.say(field, |text| {
            write!(text, "{value}")?;
            let mut source = value.source();
            while let Some(cause) = source {
                write!(text, ": {cause}")?;
                source = cause.source();
            }
            Ok(())
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.say(field, |text| write!(text, "{value:?}"));
    }
}

/// Text with an end.
struct Cut<'a> {
    text: &'a mut String,
    room: usize,
    is_cut: bool,
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.room {
            self.room -= text.len();
            self.text.push_str(text);
            return Ok(());
        }
        self.is_cut = true;
        self.text.push_str(&text[..text.floor_char_boundary(self.room)]);
        self.room = 0;
        Err(fmt::Error)
    }
}
