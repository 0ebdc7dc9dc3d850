use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;

/// For whom a feature is on: `true`, `false`, or a share of all, `10%` or `0.5%`.
///
/// A share is of keys: of users, tenants, whatever is asked for. Which of them is a matter of the
/// key and the feature's name alone, so that every instance says the same of one, at any time; and
/// who has a feature at 10 % has it at 20 % too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(u32);

/// What a whole is: a share is written with two digits after the point at most.
const ALL: u32 = 10_000;

const EXPECTED: &str = "true, false, or a share such as 10% or 0.5%";

impl Switch {
    /// On for nobody: the default.
    pub const OFF: Self = Self(0);

    /// On for everybody.
    pub const ON: Self = Self(ALL);

    /// Whether it is on for everybody.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::ON
    }

    /// Whether the feature of this name is on for the `key`.
    #[must_use]
    pub fn is_on_for(self, name: &str, key: &str) -> bool {
        part(name, key) < self.0
    }
}

/// In which of the parts of a whole a key is. What it is may never change: users would lose features.
fn part(name: &str, key: &str) -> u32 {
    // FNV-1a, and the last step of MurmurHash3: the first alone spreads keys that differ at the end
    // badly. The names are apart by a byte that UTF-8 does not have.
    let bytes = name.bytes().chain([0xff]).chain(key.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^= hash >> 33;
    // The rest is below the whole, which is a `u32`.
    u32::try_from(hash % u64::from(ALL)).unwrap_or_default()
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = |text: &str| {
            let share = text.trim().strip_suffix('%')?.trim_end();
            let (whole, rest) = share.split_once('.').unwrap_or((share, "0"));
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number(whole) || !is_number(rest) || rest.is_empty() || rest.len() > 2 {
                return None;
            }
            let share = whole.parse::<u32>().ok()?.checked_mul(100)?;
            let share = share.checked_add(format!("{rest:0<2}").parse().ok()?)?;
            (share <= ALL).then_some(Self(share))
        };
        match text.trim() {
            "true" => Ok(Self::ON),
            "false" => Ok(Self::OFF),
            _ => share(text).ok_or_else(|| format!("expected {EXPECTED}, found {text:?}")),
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0 % 100) {
            (0, _) => f.write_str("false"),
            (ALL, _) => f.write_str("true"),
            (share, 0) => write!(f, "{}%", share / 100),
            (share, rest) => write!(f, "{}.{rest:02}%", share / 100),
        }
    }
}

impl serde::Serialize for Switch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => serializer.serialize_bool(false),
            ALL => serializer.serialize_bool(true),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Switch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_bool<E>(self, is_on: bool) -> Result<Switch, E> {
                Ok(if is_on { Switch::ON } else { Switch::OFF })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Switch, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for Switch {
    fn schema_name() -> Cow<'static, str> {
        "Switch".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Switch").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["boolean", "string"],
            "pattern": r"^\s*(true|false|(100(\.00?)?|[0-9]{1,2}(\.[0-9]{1,2})?)\s*%)\s*$",
            "examples": [true, false, "10%"],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn share(text: &str) -> Switch {
        text.parse().unwrap()
    }

    #[test]
    fn a_switch_is_read_as_people_write_it_and_written_so_that_it_is_read() {
        let table = [
            ("true", "true"),
            ("false", "false"),
            ("10%", "10%"),
            (" 0.5 % ", "0.50%"),
            ("99.99%", "99.99%"),
            ("100%", "true"),
            ("0%", "false"),
        ];
        for (text, written) in table {
            assert_eq!(share(text).to_string(), written);
            assert_eq!(share(written), share(text));
        }
        for text in ["", "10", "101%", "1.234%", "-1%", "%", "on", "1.%", "+1%", "99999999999%"] {
            assert_eq!(
                text.parse::<Switch>().unwrap_err(),
                format!("expected true, false, or a share such as 10% or 0.5%, found {text:?}")
            );
        }
    }

    #[test]
    fn whom_a_feature_is_on_for_never_changes() {
        // Reckoned by another program too; a version that gives others would take features away from people.
        let parts =
            [("new-checkout", "alice"), ("new-checkout", "bob"), ("other", "alice"), ("", "")];
        assert_eq!(parts.map(|(name, key)| part(name, key)), [703, 5378, 8185, 2295]);
    }

    #[test]
    fn a_share_is_of_that_size_and_another_one_for_each_feature() {
        let keys: Vec<_> = (0..100_000).map(|id| format!("user-{id}")).collect();
        for (text, expected) in [("1%", 1_000), ("10%", 10_000), ("50%", 50_000)] {
            let on = keys.iter().filter(|key| share(text).is_on_for("a", key)).count();
            assert!(on.abs_diff(expected) < expected / 10, "{text}: {on} of 100000");
        }
        let both = keys
            .iter()
            .filter(|key| share("10%").is_on_for("a", key) && share("10%").is_on_for("b", key));
        assert!(both.count().abs_diff(1_000) < 200, "they are independent");
    }

    proptest! {
        #[test]
        fn who_has_a_feature_keeps_it_while_the_share_grows(key in any::<String>(), at in 0..9_999_u32) {
            let (now, later) = (Switch(at), Switch(at + 1));
            assert!(!now.is_on_for("a", &key) || later.is_on_for("a", &key));
            assert!(Switch::ON.is_on_for("a", &key) && !Switch::OFF.is_on_for("a", &key));
        }
    }
}
