//! Messages of `google.protobuf` that are one piece of text.

use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::super::BindError;
use super::{Codec, Result};
use crate::json::{self, Json};

/// By RFC 3339: `2024-02-29T12:00:00.5Z`, also with an offset.
#[derive(Debug)]
pub struct Timestamp;

impl Codec for Timestamp {
    type Value = prost_types::Timestamp;

    fn is_nothing(text: &str) -> bool {
        matches!(text, "" | "null")
    }

    fn read(text: &str) -> Result<prost_types::Timestamp> {
        let mut value = prost_types::Timestamp::default();
        let text: StrDeserializer<'_, ValueError> = text.into_deserializer();
        match value.merge_json(&json::Options::default(), text) {
            Ok(()) => Ok(value),
            Err(_) => Err(BindError::Invalid("a time as RFC 3339 has it: 2024-02-29T12:00:00Z")),
        }
    }
}

/// As Go writes it, of which the JSON of protobuf is a part: `1m30s`, `1.5s`, `-250ms`.
#[derive(Debug)]
pub struct Duration;

/// The longest that a duration may be, by `google/protobuf/duration.proto`, in nanoseconds.
const LONGEST: i128 = 315_576_000_000 * SECOND;
const SECOND: i128 = 1_000_000_000;

impl Codec for Duration {
    type Value = prost_types::Duration;

    fn is_nothing(text: &str) -> bool {
        matches!(text, "" | "null")
    }

    fn read(text: &str) -> Result<prost_types::Duration> {
        let nanoseconds = nanoseconds(text).filter(|it| it.abs() <= LONGEST);
        let Some(nanoseconds) = nanoseconds else {
            return Err(BindError::Invalid("a duration with its unit: 1.5s, 1m30s, 250ms"));
        };
        let (seconds, nanos) = (nanoseconds / SECOND, nanoseconds % SECOND);
        match (i64::try_from(seconds), i32::try_from(nanos)) {
            (Ok(seconds), Ok(nanos)) => Ok(prost_types::Duration { seconds, nanos }),
            _ => Err(BindError::Invalid("a duration that is not so long")),
        }
    }
}

/// Go's `time.ParseDuration`; parts of a nanosecond are left out.
fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, more) = rest.split_at(digits);
        let (part, more) = match more.strip_prefix('.') {
            Some(more) => {
                let digits = more.find(|char: char| !char.is_ascii_digit()).unwrap_or(more.len());
                more.split_at(digits)
            }
            None => ("", more),
        };
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let end = more.find(|char: char| char == '.' || char.is_ascii_digit());
        let (unit, more) = more.split_at(end.unwrap_or(more.len()));
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return None,
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // More digits than a nanosecond of an hour has say nothing.
        let part = part.get(..part.len().min(15))?;
        let worth = 10_i128.pow(u32::try_from(part.len()).ok()?);
        let part: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
        total = total.checked_add(i128::from(whole) * unit + part * unit / worth)?;
        rest = more;
    }
    (!text.trim_start_matches(['+', '-']).is_empty()).then_some(sign * total)
}

/// Paths with commas between them, by the names of JSON or of the proto.
#[derive(Debug)]
pub struct FieldMask;

impl Codec for FieldMask {
    type Value = prost_types::FieldMask;

    fn read(text: &str) -> Result<prost_types::FieldMask> {
        let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
        Ok(prost_types::FieldMask { paths: paths.map(snake).collect() })
    }
}

fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for char in path.chars() {
        if char.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}

macro_rules! as_json {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $expected:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Codec for $name {
                type Value = $type;

                fn read(text: &str) -> Result<$type> {
                    json::from_slice(text.as_bytes(), &json::Options::default())
                        .or(Err(BindError::Invalid($expected)))
                }
            }
        )*
    };
}

as_json! {
    /// An object in JSON.
    Struct: prost_types::Struct = "an object in JSON";
    /// A list in JSON.
    List: prost_types::ListValue = "a list in JSON";
}

/// A `google.protobuf.Value`: the text itself, as Kratos has it.
#[derive(Debug)]
pub struct Dynamic;

impl Codec for Dynamic {
    type Value = prost_types::Value;

    fn read(text: &str) -> Result<prost_types::Value> {
        let kind = prost_types::value::Kind::StringValue(text.to_owned());
        Ok(prost_types::Value { kind: Some(kind) })
    }
}
