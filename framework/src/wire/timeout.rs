//! The `grpc-timeout` header, read and written.

use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The time that a caller gives; none if it gives none, or something that is not of the form.
///
/// At most eight digits and a unit, says the protocol.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The value that says `timeout`, in the finest unit that eight digits hold, rounded down.
pub(crate) fn write(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let (amount, unit) = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (u128::from(timeout.as_secs()), 'S'),
        (u128::from(timeout.as_secs() / 60), 'M'),
    ]
    .into_iter()
    .find(|(amount, _)| *amount <= MOST)
    .unwrap_or_else(|| (u128::from(timeout.as_secs() / 3600).min(MOST), 'H'));
    HeaderValue::try_from(format!("{amount}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(GRPC_TIMEOUT, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn every_unit_is_read_and_what_is_not_of_the_form_is_none() {
        let table = [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("4m", Some(Duration::from_millis(4))),
            ("5u", Some(Duration::from_micros(5))),
            ("6n", Some(Duration::from_nanos(6))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            ("100000000n", None),
            ("S", None),
            ("", None),
            ("-1S", None),
            ("1s", None),
            ("1.5S", None),
            ("10", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(&header(text)), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_never_more_and_hardly_less(nanos in 0_u64..) {
            let timeout = Duration::from_nanos(nanos);
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT, write(timeout))]);
            let back = read(&headers).unwrap();
            prop_assert!(back <= timeout);
            prop_assert!(timeout - back <= timeout / 1_000_000 + Duration::from_nanos(1));
        }
    }
}
