use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// How many entries are carried at most (Baggage §3.3.2, which asks for at least as many).
const MOST_ENTRIES: usize = 64;
/// How long all of it may be at most, in bytes as it is written (the same).
const MOST_BYTES: usize = 8192;

/// What a request carries through every service that it causes calls to: names with a value each,
/// the header `baggage`.
///
/// At most 64 entries and 8,192 bytes, written; what is beyond is left out. It goes to whoever is
/// called, so nothing secret belongs in it, and edges must strip what strangers send. Unlike
/// [metadata](crate::Metadata), it is understood by services of every language that speak
/// OpenTelemetry. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Baggage(Option<Arc<[Entry]>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: Box<str>,
    value: Box<str>,
    /// What stands behind the value, `;ttl=30`, sent on as it came.
    properties: Box<str>,
}

impl Baggage {
    /// Nothing. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under a key. Keys tell upper case from lower.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &*entry.value)
    }

    /// Every key with its value, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().iter().map(|entry| (&*entry.key, &*entry.value))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds an entry, replacing one of the same key. The value may be any text.
    ///
    /// What cannot be carried leaves it as it was: a key that is not a token as headers use them
    /// (letters, digits, ``!#$%&'*+-.^_`|~``), or more than there may be.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        if !is_token(key) {
            return self;
        }
        let mut entries: Vec<Entry> =
            self.entries().iter().filter(|entry| &*entry.key != key).cloned().collect();
        entries.push(Entry { key: key.into(), value: value.into(), properties: "".into() });
        let written = entries.iter().map(Entry::written).sum::<usize>() - 1;
        if entries.len() > MOST_ENTRIES || written > MOST_BYTES {
            return self;
        }
        Self(Some(entries.into()))
    }

    /// Reads every header `baggage`, as one list. Entries that break the rules are left out, and so is
    /// what is beyond the limits.
    pub(super) fn read<'a>(headers: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        let texts = headers.filter_map(|header| header.to_str().ok());
        for entry in texts.flat_map(|text| text.split(',')).filter_map(Entry::read) {
            bytes += entry.written();
            if entries.len() == MOST_ENTRIES || bytes > MOST_BYTES + 1 {
                break;
            }
            entries.push(entry);
        }
        Self((!entries.is_empty()).then(|| entries.into()))
    }

    pub(super) fn write(&self) -> Option<HeaderValue> {
        let mut text = String::new();
        for entry in self.entries() {
            if !text.is_empty() {
                text.push(',');
            }
            entry.write(&mut text);
        }
        HeaderValue::try_from(text).ok().filter(|text| !text.is_empty())
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Entry {
    fn read(text: &str) -> Option<Self> {
        let (member, properties) = text.split_at(text.find(';').unwrap_or(text.len()));
        let (key, value) = member.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        if !is_token(key) || !value.bytes().all(is_octet) {
            return None;
        }
        Some(Self {
            key: key.into(),
            value: decoded(value).into(),
            properties: properties.trim().into(),
        })
    }

    fn write(&self, text: &mut String) {
        text.push_str(&self.key);
        text.push('=');
        text.extend(utf8_percent_encode(&self.value, ESCAPED));
        text.push_str(&self.properties);
    }

    /// How many bytes it takes, with the comma behind it.
    fn written(&self) -> usize {
        let value: usize = utf8_percent_encode(&self.value, ESCAPED).map(str::len).sum();
        self.key.len() + value + self.properties.len() + 2
    }
}

/// What of a value is written with percent signs (Baggage §3.3.1.3): all but what may stand as it is,
/// and the percent sign itself.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// What a value may hold as it is: no space, quote, comma, semicolon, backslash.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(char)
}

/// A value without its percent signs. What is no text then holds the replacement character, as it
/// says in §3.3.1.3.
fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}
