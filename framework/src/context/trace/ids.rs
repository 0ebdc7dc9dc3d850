use std::fmt;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Which trace: 16 bytes, written as 32 hexadecimal digits in lower case. Never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// Which span of a trace: 8 bytes, written as 16 hexadecimal digits in lower case. Never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

macro_rules! id {
    ($name:ident, $bytes:literal) => {
        impl $name {
            /// The id of these bytes, unless they are all zero, which is none.
            #[must_use]
            pub fn new(bytes: [u8; $bytes]) -> Option<Self> {
                (bytes != [0; $bytes]).then_some(Self(bytes))
            }

            /// Its bytes, the first digits first.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }

            /// Its digits, as ASCII.
            pub(crate) fn digits(self) -> [u8; 2 * $bytes] {
                let mut digits = [0; 2 * $bytes];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = DIGITS[usize::from(byte >> 4)];
                    pair[1] = DIGITS[usize::from(byte & 15)];
                }
                digits
            }

            /// Reads its digits in lower case, as many as it has.
            pub(super) fn read(digits: &[u8]) -> Option<Self> {
                let mut bytes = [0; $bytes];
                if digits.len() != 2 * bytes.len() {
                    return None;
                }
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = hex(pair[0])? << 4 | hex(pair[1])?;
                }
                Self::new(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.digits()).map_err(|_never| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(TraceId, 16);
id!(SpanId, 8);

/// The value of one hexadecimal digit in lower case; others are not taken (Trace Context §3.2).
pub(super) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
