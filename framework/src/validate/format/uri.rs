//! RFC 3986, with the zones of RFC 6874.

use super::host;

/// A URI: with a scheme.
pub(in super::super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_allowed)
        && is_rest(rest, |_| true)
}

/// A URI, or a reference relative to one.
pub(in super::super) fn is_uri_reference(text: &str) -> bool {
    // The first segment of a relative path has no colon, or else it would be a scheme.
    let is_path = |path: &str| !path.split('/').next().unwrap_or_default().contains(':');
    is_uri(text) || is_rest(text, is_path)
}

/// What stands behind the scheme: authority, path, query and fragment.
fn is_rest(text: &str, is_path: impl Fn(&str) -> bool) -> bool {
    let (text, fragment) = cut(text, '#');
    let (text, query) = cut(text, '?');
    let is_tail = |text: &str| is_made_of(text, |byte| is_pchar(byte) || b"/?".contains(&byte));
    if !fragment.is_none_or(is_tail) || !query.is_none_or(is_tail) {
        return false;
    }
    let path = match text.strip_prefix("//") {
        None if !is_path(text) => return false,
        None => text,
        Some(text) => {
            let end = text.find('/').unwrap_or(text.len());
            if !is_authority(&text[..end]) {
                return false;
            }
            &text[end..]
        }
    };
    is_made_of(path, |byte| is_pchar(byte) || byte == b'/')
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(text, rest)| (text, Some(rest)))
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.split_once('@').map_or(("", text), |(user, host)| (user, host));
    let is_user = is_made_of(user, |byte| is_plain(byte) || byte == b':');
    let (is_host, port) = if let Some(literal) = host.strip_prefix('[') {
        let Some((literal, port)) = literal.split_once(']') else { return false };
        if !port.is_empty() && !port.starts_with(':') {
            return false;
        }
        (is_literal(literal), port)
    } else {
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        (is_made_of(name, is_plain) && is_utf8(name), port)
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    is_user && is_host && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands between brackets: an address of version 6 or of one to come.
fn is_literal(text: &str) -> bool {
    if let Some(future) = text.strip_prefix(['v', 'V']) {
        let Some((version, address)) = future.split_once('.') else { return false };
        let is_allowed = |byte: u8| is_unreserved(byte) || is_sub_delimiter(byte) || byte == b':';
        return !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !address.is_empty()
            && address.bytes().all(is_allowed);
    }
    match text.split_once("%25") {
        None => host::v6(text).is_some(),
        Some((address, zone)) => {
            host::v6(address).is_some()
                && !zone.is_empty()
                && is_made_of(zone, is_unreserved)
                && is_utf8(zone)
        }
    }
}

/// Whether each byte is allowed or begins an escape.
fn is_made_of(text: &str, is_allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_right = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => is_allowed(byte),
        };
        if !is_right {
            return false;
        }
    }
    true
}

/// Whether the escapes of a text, which are whole, are those of UTF-8.
fn is_utf8(text: &str) -> bool {
    percent_encoding::percent_decode_str(text).decode_utf8().is_ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_sub_delimiter(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delimiter(byte)
}

fn is_pchar(byte: u8) -> bool {
    is_plain(byte) || b":@".contains(&byte)
}
