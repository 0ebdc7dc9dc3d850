//! Durations as people write them in settings.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;

/// Durations as people write them in settings: `1s`, `250ms`, `5m`, `1h30m`.
///
/// In a settings struct, on a [`Duration`] or an `Option<Duration>`:
///
/// ```
/// use std::time::Duration;
///
/// #[derive(serde::Deserialize)]
/// #[serde(default)]
/// struct Settings {
///     #[serde(with = "bia::config::duration")]
///     timeout: Duration,
///     #[serde(with = "bia::config::duration")]
///     limit: Option<Duration>,
/// }
/// # impl Default for Settings {
/// #     fn default() -> Self { Self { timeout: Duration::ZERO, limit: None } }
/// # }
/// ```
///
/// The same line is enough where the struct derives `schemars::JsonSchema`. That is why this is a
/// type and no module: what `with` names is a type to schemars, and a path to serde.
#[derive(Debug)]
#[expect(non_camel_case_types, reason = "it stands where serde's users expect a module")]
pub enum duration {}

/// The units, longest first, in nanoseconds; the order in which they are written.
const UNITS: [(&str, u128); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const EXPECTED: &str = "a duration such as 10s, 250ms, 5m or 1h";

impl duration {
    /// Reads a duration: numbers with a unit each (`h`, `m`, `s`, `ms`, `us`, `ns`), added up.
    ///
    /// ```
    /// use std::time::Duration;
    /// assert_eq!(bia::config::duration::parse("1m30s")?, Duration::from_secs(90));
    /// assert_eq!(bia::config::duration::parse("0.5s")?, Duration::from_millis(500));
    /// # Ok::<(), bia::config::DurationError>(())
    /// ```
    ///
    /// A plain `0` needs no unit.
    ///
    /// # Errors
    ///
    /// If a number has no unit or an unknown one, if there is no number, or if the sum is longer than
    /// 584 years.
    pub fn parse(text: &str) -> Result<Duration, DurationError> {
        let error = |why: &str| DurationError {
            // What is longer is a mistake of another kind.
            text: text.chars().take(60).collect(),
            why: why.to_owned(),
        };
        let trimmed = text.trim();
        if trimmed == "0" {
            return Ok(Duration::ZERO);
        }
        if trimmed.is_empty() {
            return Err(error("is empty"));
        }
        let mut rest = trimmed;
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            let letters =
                after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            if number.is_empty() {
                return Err(error("does not begin with a number"));
            }
            if unit.is_empty() {
                return Err(error("has no unit"));
            }
            let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit.trim()) else {
                return Err(error(&format!("has an unknown unit {:?}", unit.trim())));
            };
            let amount =
                scaled(number, *nanos).ok_or_else(|| error("is not a number I can read"))?;
            total = total.checked_add(amount).ok_or_else(|| error("is too long"))?;
            rest = after.trim_start();
        }
        let nanos = u64::try_from(total).map_err(|_too_long| error("is too long"))?;
        Ok(Duration::from_nanos(nanos))
    }

    /// Writes a duration so that [`parse`](Self::parse) reads the same one: `1m30s`, `250ms`, `0s`.
    #[must_use]
    pub fn format(duration: Duration) -> String {
        let mut rest = duration.as_nanos();
        if rest == 0 {
            return "0s".to_owned();
        }
        let mut text = String::new();
        for (name, nanos) in UNITS {
            let amount = rest / nanos;
            if amount > 0 {
                text.push_str(&format!("{amount}{name}"));
                rest %= nanos;
            }
        }
        text
    }

    /// Writes a duration as [`format`](Self::format) does, or nothing where there is none.
    ///
    /// # Errors
    ///
    /// Only those of the serializer.
    pub fn serialize<T: Span, S: Serializer>(span: &T, serializer: S) -> Result<S::Ok, S::Error> {
        match span.given() {
            Some(span) => serializer.serialize_str(&Self::format(span)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a duration as [`parse`](Self::parse) does; an `Option` may be `null` too.
    ///
    /// # Errors
    ///
    /// If it is not a string (`10` has no unit), or not a duration.
    pub fn deserialize<'de, T: Span, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// `number` (digits, perhaps with a fraction) times `unit`; what is below a nanosecond is cut off.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut amount = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        amount = amount.checked_add(place.checked_mul(u128::from(digit.to_digit(10)?))?)?;
    }
    Some(amount)
}

/// Why a text is not a duration, and what one looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    text: String,
    why: String,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: write {EXPECTED}", self.text, self.why)
    }
}

impl std::error::Error for DurationError {}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        duration::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Duration, E> {
        duration::parse(&number.to_string()).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Duration, E> {
        duration::parse(&number.to_string()).map_err(E::custom)
    }
}

/// What [`duration`] reads and writes: a [`Duration`], or one that may be left out.
pub trait Span: Sized {
    #[doc(hidden)]
    fn given(&self) -> Option<Duration>;

    #[doc(hidden)]
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl Span for Duration {
    fn given(&self) -> Option<Duration> {
        Some(*self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

impl Span for Option<Duration> {
    fn given(&self) -> Option<Duration> {
        *self
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Wrapped(#[serde(with = "duration")] Duration);

        let given = <Option<Wrapped> as serde::Deserialize>::deserialize(deserializer)?;
        Ok(given.map(|Wrapped(given)| given))
    }
}

/// What [`duration::parse`] reads, for editors.
const PATTERN: &str = r"^\s*(0|(([0-9]+\.?[0-9]*|\.[0-9]+)\s*(h|m|s|ms|us|ns)\s*)+)\s*$";

impl JsonSchema for duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::duration").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": PATTERN,
            "minimum": 0,
            "maximum": 0,
            "examples": ["10s", "250ms", "5m", "1h"],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_oneof, proptest};

    use super::*;

    fn parse(text: &str) -> Result<Duration, DurationError> {
        duration::parse(text)
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let table = [
            ("1s", 1_000_000_000),
            ("250ms", 250_000_000),
            ("5m", 300_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            (" 10s ", 10_000_000_000),
            ("0.25s", 250_000_000),
            (".5ms", 500_000),
            ("7us", 7_000),
            ("7ns", 7),
            ("0", 0),
            ("0s", 0),
        ];
        for (text, nanos) in table {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_says_what_one_looks_like() {
        let table = [
            ("10", "\"10\" has no unit"),
            ("", "is empty"),
            ("s", "does not begin with a number"),
            ("-1s", "does not begin with a number"),
            ("1 day", "unknown unit \"day\""),
            ("1.2.3s", "is not a number I can read"),
            (".s", "is not a number I can read"),
            ("99999999999h", "is too long"),
        ];
        for (text, expected) in table {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(error.ends_with("write a duration such as 10s, 250ms, 5m or 1h"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_is_read_as_it_was_written(nanos in any::<u64>()) {
            let span = Duration::from_nanos(nanos);
            assert_eq!(parse(&duration::format(span)), Ok(span));
        }
    }

    proptest! {
        #[test]
        fn editors_take_what_is_read_and_nothing_else(
            text in prop_oneof!["[0-9.]{0,3} ?(h|m|s|ms|us|ns|d|) ?[0-9.]{0,3} ?(h|m|s|ms)? ?", any::<String>()]
        ) {
            let pattern = regex::Regex::new(PATTERN).unwrap();
            let is_whole = text.is_ascii();
            assert!(!is_whole || pattern.is_match(&text) == parse(&text).is_ok(), "{text:?}");
        }
    }

    #[derive(serde::Deserialize, serde::Serialize, Debug, PartialEq)]
    struct Settings {
        #[serde(with = "duration")]
        wait: Duration,
        #[serde(default, with = "duration")]
        limit: Option<Duration>,
    }

    #[test]
    fn settings_hold_durations_as_strings() {
        let settings: Settings = serde_json::from_str(r#"{"wait":"1m30s"}"#).unwrap();
        assert_eq!(settings, Settings { wait: Duration::from_secs(90), limit: None });
        let settings: Settings = serde_json::from_str(r#"{"wait":"90s","limit":"250ms"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&settings).unwrap(),
            r#"{"wait":"1m30s","limit":"250ms"}"#
        );
    }

    #[test]
    fn a_number_without_unit_in_the_settings_is_refused_with_a_remedy() {
        let error = serde_json::from_str::<Settings>(r#"{"wait":10}"#).unwrap_err().to_string();
        assert!(error.contains("\"10\" has no unit: write a duration such as 10s"), "{error}");
        let error = serde_json::from_str::<Settings>(r#"{"wait":true}"#).unwrap_err().to_string();
        assert!(error.contains("expected a duration such as 10s"), "{error}");
    }
}
