//! `FieldMask` as a text of paths in camel case.

use std::fmt;

use prost_types::FieldMask;
use serde::de::{self, Visitor};
use serde::ser::Error as _;
use serde::{Deserializer, Serializer};

use super::{Json, Options};

impl Json for FieldMask {
    fn write_json<S: Serializer>(&self, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for (place, path) in self.paths.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            if !camel(path, &mut text) {
                return Err(S::Error::custom(format_args!(
                    "the path {path:?} of a field mask does not come back from camel case"
                )));
            }
        }
        out.serialize_str(&text)
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        struct Mask;

        impl Visitor<'_> for Mask {
            type Value = FieldMask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field mask such as userName,address.zipCode")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldMask, E> {
                mask(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        *self = from.deserialize_str(Mask)?;
        Ok(())
    }
}

/// The mask that a text says.
pub(super) fn mask(text: &str) -> Option<FieldMask> {
    if text.is_empty() {
        return Some(FieldMask::default());
    }
    let paths = text.split(',').map(snake).collect::<Option<_>>()?;
    Some(FieldMask { paths })
}

/// Writes `user_name` as `userName`; `false` if that could not be read back.
fn camel(path: &str, out: &mut String) -> bool {
    let mut chars = path.chars();
    while let Some(next) = chars.next() {
        match next {
            '_' => match chars.next() {
                Some(next) if next.is_ascii_lowercase() => out.push(next.to_ascii_uppercase()),
                _ => return false,
            },
            next if next.is_ascii_uppercase() => return false,
            next => out.push(next),
        }
    }
    !path.is_empty()
}

/// `userName` as `user_name`; a path that has a `_` was not written by these rules.
fn snake(path: &str) -> Option<String> {
    let mut snake = String::with_capacity(path.len() + 4);
    for next in path.chars() {
        match next {
            '_' => return None,
            next if next.is_ascii_uppercase() => {
                snake.push('_');
                snake.push(next.to_ascii_lowercase());
            }
            next => snake.push(next),
        }
    }
    (!snake.is_empty()).then_some(snake)
}
