use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

/// The header that carries the id by which everybody that a request passes calls it in their logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a caller: it stands on every line of the call.
const LONGEST: usize = 128;

/// The id that the caller gave, or the id of the trace if it gave none that can be used.
///
/// One that can be used is 1 to 128 visible ASCII characters; of several the first counts. What else
/// a caller sends is passed over in silence: it must not fail a call, and not forge a log.
pub(crate) fn request_id(headers: &HeaderMap, trace_id: [u8; 16]) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(given) if is_usable(given.as_bytes()) => given.clone(),
        _ => made(trace_id),
    }
}

fn is_usable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

fn made(trace_id: [u8; 16]) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(trace_id) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    // Hexadecimal digits are always a value.
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";

    fn of(given: &[&[u8]]) -> HeaderValue {
        let mut headers = HeaderMap::new();
        for given in given {
            headers.append(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
        }
        request_id(&headers, TRACE)
    }

    #[test]
    fn the_request_id_of_a_caller_is_taken_if_it_can_stand_in_a_log() {
        let longest = [b'x'; 128];
        let table: [&[u8]; 4] = [b"a", b"7f3c-42/user:1", b"~!\"{}", &longest];
        for given in table {
            assert_eq!(of(&[given]), given);
        }
        assert_eq!(of(&[b"first", b"second"]), "first");
    }

    #[test]
    fn a_request_without_a_usable_id_is_called_by_its_trace() {
        let too_long = [b'x'; 129];
        let table: [&[&[u8]]; 6] = [
            &[],
            &[b""],
            &[b"two words"],
            &[b"tab\there"],
            &["z\u{e4}hler".as_bytes()],
            &[&too_long],
        ];
        for given in table {
            assert_eq!(of(given), "0123456789abcdeffedcba9876543210", "{given:?}");
        }
    }
}
