//! JSON documents, one after the other, as messages.

use std::fmt;

use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde::de::{DeserializeSeed as _, Deserializer as _, IgnoredAny, SeqAccess, Visitor};

use crate::error::{Error, Result};
use crate::nearest::nearest;

const DESCRIBE: &str = "--describe shows what the method takes, with an example";
const JSON: &str =
    "a request is JSON, in quotes for the shell: '{\"id\": \"1\"}'; --describe shows an example";

/// Text of which documents are cut off as they become whole.
#[derive(Debug, Default)]
pub(super) struct Documents {
    text: Vec<u8>,
    /// Where `text` begins in all that was pushed, from 0.
    line: usize,
    column: usize,
}

/// A whole document, and where it begins.
#[derive(Debug)]
pub(super) struct Document {
    text: Vec<u8>,
    line: usize,
    column: usize,
}

impl Documents {
    pub(super) fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    /// The next document that is whole; `is_end` if there is no more text.
    ///
    /// # Errors
    ///
    /// What is there is no JSON, or breaks off at the end: says where.
    pub(super) fn next(&mut self, is_end: bool) -> Result<Option<Document>> {
        let space = self.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.cut(space);
        let mut stream = serde_json::Deserializer::from_slice(&self.text).into_iter::<IgnoredAny>();
        match stream.next() {
            None => Ok(None),
            Some(Ok(_)) => {
                let length = stream.byte_offset();
                // A number may go on with what comes next.
                let may_go_on = length == self.text.len()
                    && self.text.last().is_some_and(u8::is_ascii_alphanumeric);
                if may_go_on && !is_end {
                    return Ok(None);
                }
                let (line, column) = (self.line, self.column);
                Ok(Some(Document { text: self.cut(length), line, column }))
            }
            Some(Err(error)) if error.is_eof() && !is_end => Ok(None),
            Some(Err(error)) => {
                let error = wrong(&error, self.line, self.column).with_hint(JSON);
                // Whoever types goes on with the next line.
                let length = self.text.iter().position(|byte| *byte == b'\n').map(|it| it + 1);
                self.cut(length.unwrap_or(self.text.len()));
                Err(error)
            }
        }
    }

    fn cut(&mut self, length: usize) -> Vec<u8> {
        let rest = self.text.split_off(length);
        let cut = std::mem::replace(&mut self.text, rest);
        match cut.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line += cut.iter().filter(|byte| **byte == b'\n').count();
                self.column = cut.len() - last - 1;
            }
            None => self.column += cut.len(),
        }
        cut
    }
}

impl Document {
    /// The message that it is; the messages, if it is an array where a stream is taken.
    ///
    /// # Errors
    ///
    /// It is not what the message takes: says what and where.
    pub(super) fn messages(
        &self,
        kind: &MessageDescriptor,
        is_stream: bool,
    ) -> Result<Vec<DynamicMessage>> {
        let mut reader = serde_json::Deserializer::from_slice(&self.text);
        let is_list = is_stream && self.text.first() == Some(&b'[') && !takes_list(kind);
        let read = match is_list {
            true => reader.deserialize_seq(Messages(kind.clone())),
            false => kind.clone().deserialize(&mut reader).map(|message| vec![message]),
        };
        read.map_err(|error| {
            wrong(&error, self.line, self.column).with_hint(hint(&error.to_string(), kind))
        })
    }
}

/// Whether an array can be the message itself.
fn takes_list(kind: &MessageDescriptor) -> bool {
    matches!(kind.full_name(), "google.protobuf.ListValue" | "google.protobuf.Value")
}

/// An array of messages.
struct Messages(MessageDescriptor);

impl<'de> Visitor<'de> for Messages {
    type Value = Vec<DynamicMessage>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {}", self.0.name())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = list.next_element_seed(self.0.clone())? {
            messages.push(message);
        }
        Ok(messages)
    }
}

/// What is wrong with a text that begins at `line` and `column`, from 0.
fn wrong(error: &serde_json::Error, line: usize, column: usize) -> Error {
    let whole = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = whole.strip_suffix(&place).unwrap_or(&whole);
    let column = if error.line() <= 1 { column + error.column() } else { error.column() };
    // Before anything is read it is none yet.
    let column = column.max(1);
    Error::usage(format!(
        "cannot read the request: {what} at line {}, column {column}",
        line + error.line().max(1)
    ))
}

/// What may have been meant.
fn hint(error: &str, kind: &MessageDescriptor) -> String {
    let mut parts = error.split('\'');
    let (Some(what), Some(name)) = (parts.next(), parts.next()) else {
        return DESCRIBE.to_owned();
    };
    let mut known = Vec::new();
    match what {
        "unrecognized field name " => {
            let mut places = Vec::new();
            names_in(kind, "", &mut Vec::new(), &mut |place, kind| {
                for field in kind.fields() {
                    if [field.name(), field.json_name()].contains(&name) {
                        places.push(place.to_owned());
                    }
                    known.push(field.json_name().to_owned());
                }
            });
            match places.first().map(String::as_str) {
                Some("") => return format!("`{name}` belongs into the request itself"),
                Some(place) => return format!("`{name}` belongs into `{place}`"),
                None => {}
            }
        }
        "unrecognized enum value " => names_in(kind, "", &mut Vec::new(), &mut |_, kind| {
            for value in kind.fields().filter_map(|field| field.kind().as_enum().cloned()) {
                known.extend(value.values().map(|value| value.name().to_owned()));
            }
        }),
        _ => return DESCRIBE.to_owned(),
    }
    let near = nearest(name, known.iter().map(String::as_str), 3);
    match near.as_slice() {
        [] => DESCRIBE.to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}

/// Goes through a message and all that it holds, with the place of each: `user.address`.
fn names_in(
    kind: &MessageDescriptor,
    place: &str,
    seen: &mut Vec<String>,
    each: &mut impl FnMut(&str, &MessageDescriptor),
) {
    if seen.iter().any(|name| name == kind.full_name()) {
        return;
    }
    seen.push(kind.full_name().to_owned());
    each(place, kind);
    for field in kind.fields() {
        if let Some(message) = field.kind().as_message() {
            let dot = if place.is_empty() { "" } else { "." };
            names_in(message, &format!("{place}{dot}{}", field.json_name()), seen, each);
        }
    }
}
