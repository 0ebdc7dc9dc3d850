//! Values that rules compare with: as Rust writes them, and as protovalidate's words do.

use proc_macro2::{Literal, TokenStream};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use quote::quote;

/// A number, or what compares like one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int32(i32),
    Int64(i64),
    Uint32(u32),
    Uint64(u64),
    Float(f32),
    Double(f64),
    /// Nanoseconds of a duration.
    Duration(i128),
    /// Nanoseconds since 1970.
    Timestamp(i128),
}

impl Number {
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::I32(number) | Value::EnumNumber(number) => Self::Int32(*number),
            Value::I64(number) => Self::Int64(*number),
            Value::U32(number) => Self::Uint32(*number),
            Value::U64(number) => Self::Uint64(*number),
            Value::F32(number) => Self::Float(*number),
            Value::F64(number) => Self::Double(*number),
            Value::Message(message) => match message.descriptor().full_name() {
                "google.protobuf.Duration" => Self::Duration(nanos(message)),
                "google.protobuf.Timestamp" => Self::Timestamp(nanos(message)),
                _ => return None,
            },
            _ => return None,
        })
    }

    pub(super) fn is_nan(self) -> bool {
        match self {
            Self::Float(number) => number.is_nan(),
            Self::Double(number) => number.is_nan(),
            _ => false,
        }
    }

    /// Whether it is less than `other`, which is of the same kind.
    pub(super) fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Int32(one), Self::Int32(other)) => one < other,
            (Self::Int64(one), Self::Int64(other)) => one < other,
            (Self::Uint32(one), Self::Uint32(other)) => one < other,
            (Self::Uint64(one), Self::Uint64(other)) => one < other,
            (Self::Float(one), Self::Float(other)) => one < other,
            (Self::Double(one), Self::Double(other)) => one < other,
            (Self::Duration(one), Self::Duration(other))
            | (Self::Timestamp(one), Self::Timestamp(other)) => one < other,
            _ => false,
        }
    }

    pub(super) fn tokens(self) -> TokenStream {
        let literal = match self {
            Self::Int32(number) => Literal::i32_suffixed(number),
            Self::Int64(number) => Literal::i64_suffixed(number),
            Self::Uint32(number) => Literal::u32_suffixed(number),
            Self::Uint64(number) => Literal::u64_suffixed(number),
            Self::Float(number) if number.is_finite() => Literal::f32_suffixed(number),
            Self::Double(number) if number.is_finite() => Literal::f64_suffixed(number),
            Self::Float(number) => return unending("f32", f64::from(number)),
            Self::Double(number) => return unending("f64", number),
            Self::Duration(number) | Self::Timestamp(number) => Literal::i128_suffixed(number),
        };
        quote!(#literal)
    }

    /// As CEL's `format` writes it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Int32(number) => number.to_string(),
            Self::Int64(number) => number.to_string(),
            Self::Uint32(number) => number.to_string(),
            Self::Uint64(number) => number.to_string(),
            Self::Float(number) => double(f64::from(number)),
            Self::Double(number) => double(number),
            Self::Duration(number) => format!("{}s", decimal(number)),
            Self::Timestamp(number) => timestamp(number),
        }
    }
}

fn unending(kind: &str, number: f64) -> TokenStream {
    let kind = quote::format_ident!("{kind}");
    if number.is_nan() {
        quote!(#kind::NAN)
    } else if number > 0.0 {
        quote!(#kind::INFINITY)
    } else {
        quote!(#kind::NEG_INFINITY)
    }
}

fn double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        number.to_string()
    }
}

/// The nanoseconds that a `Duration` or a `Timestamp` says.
pub(super) fn nanos(message: &DynamicMessage) -> i128 {
    let seconds = message.get_field_by_name("seconds").and_then(|value| value.as_i64());
    let nanos = message.get_field_by_name("nanos").and_then(|value| value.as_i32());
    i128::from(seconds.unwrap_or(0)) * 1_000_000_000 + i128::from(nanos.unwrap_or(0))
}

/// Nanoseconds in seconds, with no more decimals than there are.
fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, rest) = (nanos.abs() / 1_000_000_000, nanos.abs() % 1_000_000_000);
    format!("{sign}{seconds}{}", fraction(rest))
}

fn fraction(nanos: i128) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

fn timestamp(nanos: i128) -> String {
    let (seconds, rest) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    let fraction = fraction(rest);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Year, month and day of the days since 1970, in the Gregorian calendar: four hundred years are
/// 146,097 days, and years are counted from March, so that a leap day is the last.
fn date(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i128::from(month <= 2), month, day)
}

/// A list as CEL's `format` writes it.
pub(super) fn list(texts: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", texts.into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_says() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
            (90_001_500_000, "1970-01-01T00:01:30.0015Z"),
            (253_402_300_799_000_000_000, "9999-12-31T23:59:59Z"),
            (-62_135_596_800_000_000_000, "0001-01-01T00:00:00Z"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(Number::Timestamp(nanos).text(), expected);
        }
        assert_eq!(Number::Duration(-1_500_000_000).text(), "-1.5s");
    }
}
