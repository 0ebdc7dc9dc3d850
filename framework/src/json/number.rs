//! Numbers in the text of JSON: exact, however they are written, and bounded.

/// A number as JSON writes it, in its parts.
struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Number<'a> {
    /// The parts of `text`, if it is a number by the grammar of JSON and nothing else.
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        let negative = text.first() == Some(&b'-');
        let text = &text[usize::from(negative)..];
        let (whole, rest) = digits(text);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => {
                let (fraction, rest) = digits(rest);
                (!fraction.is_empty()).then_some((fraction, rest))?
            }
            _ => (&[][..], rest),
        };
        let exponent = match rest.split_first() {
            Some((b'e' | b'E', rest)) => exponent(rest)?,
            Some(_) => return None,
            None => 0,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    /// The number, if it is whole and its size is below 10^20, which is beyond all of protobuf's.
    fn integer(&self) -> Option<i128> {
        let digits = || self.whole.iter().chain(self.fraction);
        let zeros = digits().rev().take_while(|digit| **digit == b'0').count();
        let count = self.whole.len() + self.fraction.len() - zeros;
        let significant = || digits().take(count).skip_while(|digit| **digit == b'0');
        let length = significant().count();
        if length == 0 {
            return Some(0);
        }
        let fraction = i64::try_from(self.fraction.len()).ok()?;
        let scale = self.exponent.checked_sub(fraction)?.checked_add(i64::try_from(zeros).ok()?)?;
        let scale = usize::try_from(scale).ok().filter(|scale| length + scale <= 20)?;
        let value = significant().fold(0, |value, digit| value * 10 + i128::from(digit - b'0'));
        let value = (0..scale).fold(value, |value, _| value * 10);
        Some(if self.negative { -value } else { value })
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// What stands behind the `e`. An exponent of more than 15 digits says no more than one of so many.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => (1, text),
    };
    let (value, rest) = digits(text);
    if value.is_empty() || !rest.is_empty() {
        return None;
    }
    let limit = 1_000_000_000_000_000;
    let value = value.iter().fold(0, |value: i64, digit| {
        if value >= limit { value } else { value * 10 + i64::from(digit - b'0') }
    });
    Some(sign * value)
}

/// A whole number in a text: `12`, `-3`, `1e2`, `1.0`.
pub(super) fn integer(text: &str) -> Option<i128> {
    // What nearly all are: short and plain.
    let bytes = text.as_bytes();
    if let [b'1'..=b'9', rest @ ..] = bytes
        && rest.len() < 19
        && rest.iter().all(u8::is_ascii_digit)
    {
        let value = bytes.iter().fold(0_u64, |value, digit| {
            value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
        });
        return Some(value.into());
    }
    Number::parse(text)?.integer()
}

/// A number of floating point, if it has nothing but the whole size of one.
#[expect(clippy::cast_precision_loss, reason = "the nearest is meant")]
pub(super) fn whole(value: f64) -> Option<i128> {
    const LIMIT: f64 = (1_u128 << 64) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and far below the limit")]
    (value.fract() == 0.0 && value.abs() < LIMIT).then_some(value as i128)
}

/// Whether a text is a number by the grammar of JSON.
pub(super) fn is_number(text: &str) -> bool {
    Number::parse(text).is_some()
}

/// A number as text, without an allocation.
#[derive(Debug)]
pub(super) struct Decimal {
    text: [u8; 20],
    from: usize,
}

impl Decimal {
    #[inline]
    pub(super) fn unsigned(mut value: u64) -> Self {
        let mut text = [b'0'; 20];
        let mut from = text.len();
        loop {
            from -= 1;
            let digit = (value % 10) as u8;
            text[from] = b'0' + digit;
            value /= 10;
            if value == 0 {
                return Self { text, from };
            }
        }
    }

    #[inline]
    pub(super) fn signed(value: i64) -> Self {
        let mut decimal = Self::unsigned(value.unsigned_abs());
        if value < 0 {
            decimal.from -= 1;
            decimal.text[decimal.from] = b'-';
        }
        decimal
    }

    #[inline]
    pub(super) fn as_str(&self) -> &str {
        // They are digits.
        str::from_utf8(&self.text[self.from..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("12", 12),
            ("-12", -12),
            ("1e2", 100),
            ("1E+2", 100),
            ("1.0", 1),
            ("1.50e1", 15),
            ("100e-2", 1),
            ("0e999999999999999999999999", 0),
            ("18446744073709551615", 18_446_744_073_709_551_615),
            ("-9223372036854775808", -9_223_372_036_854_775_808),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for text in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "1_0",
            "NaN",
            "0.5",
            "1e-1",
            "1e20",
            "1e999999999999999999999999",
            "1.5e-999999999999999999999999",
            "1a",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn decimals_are_what_the_standard_library_writes(value: i64, unsigned: u64) {
            prop_assert_eq!(Decimal::signed(value).as_str().to_owned(), value.to_string());
            prop_assert_eq!(Decimal::unsigned(unsigned).as_str().to_owned(), unsigned.to_string());
            prop_assert_eq!(integer(&value.to_string()), Some(value.into()));
            prop_assert_eq!(integer(&unsigned.to_string()), Some(unsigned.into()));
        }

        #[test]
        fn no_text_stops_the_reader(text in "[-+0-9eE. ]{0,30}") {
            let json = serde_json::from_str::<serde_json::Number>(&text).is_ok();
            // serde_json knows white space around a number, and no size beyond 64 bits.
            if json && text.trim() == text {
                prop_assert!(is_number(&text));
            }
            let _whole = integer(&text);
        }
    }
}
