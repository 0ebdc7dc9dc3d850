//! Texts of one alphabet.

/// 8-4-4-4-12 hexadecimal digits.
pub(in super::super) fn is_uuid(text: &str) -> bool {
    let text = text.as_bytes();
    text.len() == 36
        && text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A UUID without its dashes.
pub(in super::super) fn is_trimmed_uuid(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// 26 digits of Crockford's base 32, of which the first has three bits.
pub(in super::super) fn is_ulid(text: &str) -> bool {
    let text = text.as_bytes();
    text.len() == 26
        && matches!(text[0], b'0'..=b'7')
        && text.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                && !matches!(byte.to_ascii_uppercase(), b'I' | b'L' | b'O' | b'U')
        })
}

/// Identifiers with dots between them.
pub(in super::super) fn is_protobuf_name(text: &str) -> bool {
    text.split('.').all(|part| {
        part.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The name of an HTTP header: a token, before which HTTP/2 may have a colon. One that is not strict is
/// anything that a line can hold.
pub(in super::super) fn is_header_name(text: &str, strict: bool) -> bool {
    if !strict {
        return !text.is_empty() && is_header_value(text, false);
    }
    let name = text.strip_prefix(':').unwrap_or(text);
    let is_allowed = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*'..=b'.' | b'^'..=b'`' | b'|' | b'~')
    };
    !name.is_empty() && name.bytes().all(is_allowed)
}

/// The value of an HTTP header: no control characters but tabs, and, if it is not strict, no ends of
/// lines and no NUL.
pub(in super::super) fn is_header_value(text: &str, strict: bool) -> bool {
    text.bytes().all(|byte| match (byte, strict) {
        (0 | b'\n' | b'\r', _) => false,
        (b'\t', _) | (_, false) => true,
        (byte, true) => !byte.is_ascii_control(),
    })
}
