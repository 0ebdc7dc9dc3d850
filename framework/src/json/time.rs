//! `Timestamp` and `Duration` as texts.

use std::fmt;

use prost_types::{Duration, Timestamp};
use serde::de::{self, Visitor};
use serde::ser::Error as _;
use serde::{Deserializer, Serializer};

use super::{Json, Options};

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the first and the last second that
/// `google/protobuf/timestamp.proto` allows.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The most seconds, either way, beside nanoseconds, that `google/protobuf/duration.proto` allows: about 10,000 years.
const LONGEST: u64 = 315_576_000_000;
const BILLION: u32 = 1_000_000_000;
const DAY: i64 = 86_400;

impl Json for Timestamp {
    fn write_json<S: Serializer>(&self, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        let nanos = u32::try_from(self.nanos).ok().filter(|nanos| *nanos < BILLION);
        let (true, Some(nanos)) = (SECONDS.contains(&self.seconds), nanos) else {
            return Err(S::Error::custom(format_args!(
                "a timestamp of {} s and {} ns is not within the years 1 to 9999",
                self.seconds, self.nanos
            )));
        };
        let mut text = Buffer::default();
        let (year, month, day) = date_of(self.seconds.div_euclid(DAY));
        let second = self.seconds.rem_euclid(DAY).unsigned_abs();
        text.push(year, 4);
        for (mark, value) in [
            (b'-', month),
            (b'-', day),
            (b'T', second / 3600),
            (b':', second / 60 % 60),
            (b':', second % 60),
        ] {
            text.mark(mark);
            text.push(value, 2);
        }
        text.fraction(nanos);
        text.mark(b'Z');
        out.serialize_str(text.as_str())
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        struct Time;

        impl Visitor<'_> for Time {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a timestamp such as 2026-01-02T03:04:05.678Z of the years 1 to 9999")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                timestamp(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        *self = from.deserialize_str(Time)?;
        Ok(())
    }
}

/// What a text by RFC 3339 says, in capitals and with up to nine digits behind the point.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let mut text = Scanner(text.as_bytes());
    let (year, month, day) =
        (text.digits(4)?, text.behind(b'-')?.digits(2)?, text.behind(b'-')?.digits(2)?);
    let (hour, minute, second) = (
        text.behind(b'T')?.digits(2)?,
        text.behind(b':')?.digits(2)?,
        text.behind(b':')?.digits(2)?,
    );
    let nanos = text.fraction()?;
    let offset = match text.next()? {
        b'Z' => 0,
        sign @ (b'+' | b'-') => {
            let (hours, minutes) = (text.digits(2)?, text.behind(b':')?.digits(2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    // Leap seconds are no part of protobuf's time.
    let is_valid = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_valid || !text.0.is_empty() {
        return None;
    }
    let seconds = days_until(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    SECONDS.contains(&seconds).then_some(Timestamp { seconds, nanos })
}

impl Json for Duration {
    fn write_json<S: Serializer>(&self, _: &Options, out: S) -> Result<S::Ok, S::Error> {
        let (seconds, nanos) = (self.seconds.unsigned_abs(), self.nanos.unsigned_abs());
        let one_sign = self.seconds.signum() * i64::from(self.nanos.signum()) >= 0;
        if seconds > LONGEST || nanos >= BILLION || !one_sign {
            return Err(S::Error::custom(format_args!(
                "a duration of {} s and {} ns is beyond 10,000 years or of two signs",
                self.seconds, self.nanos
            )));
        }
        let mut text = Buffer::default();
        if self.seconds < 0 || self.nanos < 0 {
            text.mark(b'-');
        }
        text.push(seconds, 1);
        text.fraction(nanos);
        text.mark(b's');
        out.serialize_str(text.as_str())
    }

    fn merge_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: &Options,
        from: D,
    ) -> Result<(), D::Error> {
        struct Length;

        impl Visitor<'_> for Length {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 1.5s of at most 10,000 years")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                duration(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        *self = from.deserialize_str(Length)?;
        Ok(())
    }
}

/// What a text such as `-1.5s` says.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(whole);
    let mut rest = Scanner(rest.as_bytes());
    let seconds = i64::try_from(whole.parse::<u64>().ok().filter(|s| *s <= LONGEST)?).ok()?;
    let nanos = rest.fraction()?;
    if rest.0 != b"s" {
        return None;
    }
    let sign = if negative { -1 } else { 1 };
    Some(Duration { seconds: seconds * i64::from(sign), nanos: nanos * sign })
}

/// Reads what has a fixed form.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn behind(&mut self, mark: u8) -> Option<&mut Self> {
        (self.next()? == mark).then_some(self)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count)?;
        self.0 = &self.0[count..];
        digits.iter().try_fold(0, |value, digit| {
            digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
        })
    }

    /// Nanoseconds behind a point; 0 without one.
    fn fraction(&mut self) -> Option<i32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        let count = self.0[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = &self.0[1..=count];
        self.0 = &self.0[1 + count..];
        let missing = 9_usize.checked_sub(count).filter(|missing| *missing < 9)?;
        let value = digits.iter().fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
        Some((0..missing).fold(value, |value, _| value * 10))
    }
}

/// A text of a bounded length: the longest is a timestamp of 30 bytes.
#[derive(Default)]
struct Buffer {
    text: [u8; 32],
    length: usize,
}

impl Buffer {
    fn mark(&mut self, byte: u8) {
        self.text[self.length] = byte;
        self.length += 1;
    }

    /// A number of at least so many digits.
    fn push(&mut self, mut value: u64, digits: usize) {
        let needed = value.checked_ilog10().map_or(1, |log| log as usize + 1).max(digits);
        for place in (self.length..self.length + needed).rev() {
            let digit = (value % 10) as u8;
            self.text[place] = b'0' + digit;
            value /= 10;
        }
        self.length += needed;
    }

    /// None, 3, 6 or 9 digits behind a point: as many as are needed.
    fn fraction(&mut self, nanos: u32) {
        let (value, digits) = match nanos {
            0 => return,
            nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
            nanos if nanos % 1_000 == 0 => (nanos / 1_000, 6),
            nanos => (nanos, 9),
        };
        self.mark(b'.');
        self.push(value.into(), digits);
    }

    fn as_str(&self) -> &str {
        // They are digits and marks.
        str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

/// The days from 1970-01-01 until a date of the Gregorian calendar.
///
/// As in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": years begin in March, so
/// that the leap day is the last one, and 400 of them repeat.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day, so many days from 1970-01-01; not before the year 1.
fn date_of(days: i64) -> (u64, u64, u64) {
    let days = (days + 719_468).unsigned_abs();
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
