//! Messages of `google.protobuf` that are plain values in Rust: wrappers and `Empty`.

use std::fmt;

use serde::de::{self, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserializer, Serializer};

use super::codec::{Bool, Bytes, Codec, Double, Float, Int32, Int64, Text, Uint32, Uint64, plain};
use super::{Json, Options, Unknown};

/// The number of the only field of a wrapper, `value`.
const VALUE: u32 = 1;

macro_rules! wrappers {
    ($($type:ty: $codec:ident,)*) => { $(
        impl Json for $type {
            #[inline]
            fn write_json<S: Serializer>(
                &self,
                options: &Options,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                $codec::write(self, options, out)
            }

            fn write_field_json<S: Serializer>(
                &self,
                field: u32,
                options: &Options,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                if field != VALUE {
                    return Err(S::Error::custom(format_args!("a wrapper has no field {field}")));
                }
                $codec::write(self, options, out)
            }

            #[inline]
            fn merge_json<'de, D: Deserializer<'de>>(
                &mut self,
                options: &Options,
                from: D,
            ) -> Result<(), D::Error> {
                $codec::read(self, options, from).map(|_set| ())
            }

            fn merge_field_json<'de, D: Deserializer<'de>>(
                &mut self,
                field: u32,
                options: &Options,
                from: D,
            ) -> Result<(), D::Error> {
                if field != VALUE {
                    return Err(D::Error::custom(format_args!("a wrapper has no field {field}")));
                }
                plain::<$codec, D>(self, options, from).map(|_set| ())
            }
        }
    )* };
}

wrappers! {
    bool: Bool,
    f32: Float,
    f64: Double,
    i32: Int32,
    i64: Int64,
    u32: Uint32,
    u64: Uint64,
    String: Text,
    Vec<u8>: Bytes,
}

/// `google.protobuf.Empty`
impl Json for () {
    fn write_json<S: Serializer>(&self, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_map(Some(0))?.end()
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        options: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        from.deserialize_map(Nothing(options.unknown))
    }
}

struct Nothing(Unknown);

impl<'de> Visitor<'de> for Nothing {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an empty object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        while let Some(name) = from.next_key::<String>()? {
            if self.0 == Unknown::Refused {
                return Err(de::Error::custom(format_args!(
                    "google.protobuf.Empty has no field {name:?}"
                )));
            }
            let _skipped: IgnoredAny = from.next_value()?;
        }
        Ok(())
    }
}
