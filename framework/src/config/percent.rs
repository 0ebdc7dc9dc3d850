use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;

/// A share of all, as people write it in settings: `1%`, `0.5%`, `100%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent(f64);

const EXPECTED: &str = "a share from 0% to 100%, such as 10%";

impl Percent {
    /// A share of so many hundredths; what is below 0 or above 100 becomes that.
    #[must_use]
    pub fn new(hundredths: f64) -> Self {
        if hundredths.is_nan() { Self(0.0) } else { Self(hundredths.clamp(0.0, 100.0)) }
    }

    /// Reads a share: a number from 0 to 100, and `%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end();
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let hundredths: f64 = number.parse().ok()?;
        (is_plain && hundredths <= 100.0).then_some(Self(hundredths))
    }

    /// The share as a part of one: `10%` is 0.1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }

    /// Whether it is all.
    #[must_use]
    pub fn is_all(self) -> bool {
        self.0 >= 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl serde::Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percent, E> {
        Percent::parse(text)
            .ok_or_else(|| E::custom(format_args!("expected {EXPECTED}, found {text:?}")))
    }
}

impl schemars::JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A share of all: 1%, 0.5%, 100%.",
            "pattern": r"^\s*[0-9]*\.?[0-9]+\s*%\s*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_people_write_it() {
        let table = [("1%", 0.01), ("0.5 %", 0.005), (" 100%", 1.0), ("0%", 0.0), (".5%", 0.005)];
        for (text, fraction) in table {
            let percent: Percent = serde_json::from_value(text.into()).unwrap();
            assert!((percent.fraction() - fraction).abs() < 1e-12, "{text}: {percent:?}");
        }
        assert_eq!(serde_json::to_value(Percent::new(12.5)).unwrap(), "12.5%");
        for text in ["10", "101%", "-1%", "%", "NaN%", "inf%", "1e1%", "1.2.3%", ""] {
            let error = serde_json::from_value::<Percent>(text.into()).unwrap_err().to_string();
            assert!(error.contains("expected a share from 0% to 100%"), "{error}");
        }
    }
}
