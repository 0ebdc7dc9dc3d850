use std::borrow::Cow;
use std::ops::Range;

use super::MASK;

/// Masks what `text` says behind names that are `marked`.
pub(super) fn mask<'a>(text: &'a str, marked: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    // What of the text is in `out` already.
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b':' | b'=' | b',')) {
        let separator = at + found;
        at = separator + 1;
        let value = match bytes[separator] {
            b':' if bytes[at..].starts_with(b"//") => password_of_url(bytes, at + 2),
            _ => value_behind(text, done, separator, marked),
        };
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        out.push_str(&text[done..value.start]);
        out.push_str(MASK);
        (done, at) = (value.end, value.end);
    }
    let rest = &text[done..];
    let key = private_key(rest);
    match (done, key) {
        (0, None) => Cow::Borrowed(text),
        (_, None) => {
            out.push_str(rest);
            Cow::Owned(out)
        }
        (_, Some(key)) => {
            out.push_str(&rest[..key.start]);
            out.push_str(MASK);
            out.push_str(&mask(&rest[key.end..], marked));
            Cow::Owned(out)
        }
    }
}

/// How a name stands in front of its value.
struct Name<'a> {
    name: &'a str,
    /// `"name"`.
    is_quoted: bool,
    place: Place,
    /// `("name"`: a pair.
    is_pair: bool,
}

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The first of a struct or a map: behind `{`.
    First,
    /// Of something: behind `,` or a bracket, or first on its line.
    Field,
    /// Among words.
    Text,
}

fn value_behind(
    text: &str,
    from: usize,
    separator: usize,
    marked: &dyn Fn(&str) -> bool,
) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let name = name_before(text, from, separator)?;
    if bytes[separator] == b',' && !name.is_pair {
        return None;
    }
    if !marked(name.name) {
        return None;
    }
    // `=>` separates too.
    let mut start = separator + 1;
    start += usize::from(bytes[separator] == b'=' && bytes.get(start) == Some(&b'>'));
    let spaces = bytes[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let value = start + spaces;
    let end = if bytes.get(value).is_none() {
        return None;
    } else if let Some(end) = enclosed(bytes, value) {
        end
    } else {
        let rest = is_header(name.name);
        match (bytes[separator], name.is_quoted) {
            // A header has spaces in its value.
            _ if rest => until(bytes, value, |byte| matches!(byte, b'"' | b'\'' | b'\n' | b'}')),
            (b'=' | b',', _) | (_, true) => bare(bytes, value),
            // `name:value`, but no path `Secret::new` and no sentence.
            (_, false) if spaces == 0 => {
                if bytes[value] == b':' {
                    return None;
                }
                bare(bytes, value)
            }
            (_, false) if name.place != Place::Text => {
                let end = until(bytes, value, |byte| matches!(byte, b',' | b'}' | b')' | b'\n'));
                let words = bytes[value..end].iter().any(u8::is_ascii_whitespace);
                // What has several words is a sentence, unless it stands in a struct.
                if words && name.place != Place::First {
                    return None;
                }
                end
            }
            _ => return None,
        }
    };
    Some(value..end)
}

/// The name in front of a separator, quoted or not; nothing before `from` is looked at.
fn name_before(text: &str, from: usize, separator: usize) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    let mut end = separator;
    while end > from && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let mut is_quoted = false;
    while end > from && matches!(bytes[end - 1], b'"' | b'\'' | b'`') {
        is_quoted = true;
        end -= 1;
    }
    while end > from && is_quoted && bytes[end - 1] == b'\\' {
        end -= 1;
    }
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = end - bytes[from..end].iter().rev().take_while(of_name).count();
    if start == end {
        return None;
    }
    let mut before = start;
    while before > from && matches!(bytes[before - 1], b'"' | b'\'' | b'`' | b'\\') {
        before -= 1;
    }
    let is_pair = is_quoted && before > from && matches!(bytes[before - 1], b'(' | b'[');
    while before > from && bytes[before - 1] == b' ' {
        before -= 1;
    }
    let place = match bytes[..before].last() {
        Some(b'{') => Place::First,
        None | Some(b'(' | b'[' | b',' | b'\n' | b';') => Place::Field,
        Some(_) => Place::Text,
    };
    Some(Name { name: &text[start..end], is_quoted, place, is_pair })
}

/// Whether a name is that of a header whose value has more than one word.
fn is_header(name: &str) -> bool {
    let name = name.as_bytes();
    let ends_with = |end: &[u8]| {
        name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
    };
    ends_with(b"authorization") || ends_with(b"cookie")
}

/// Where a value ends that begins with a quote or a bracket, or with a word right before one.
fn enclosed(bytes: &[u8], start: usize) -> Option<usize> {
    let word =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'&' | b':' | b'#');
    let mut at = start + bytes[start..].iter().take_while(|byte| word(byte)).count();
    // `Name { field: … }`.
    at += usize::from(at > start && bytes[at..].starts_with(b" {"));
    let escapes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
    match bytes.get(at + escapes)? {
        quote @ (b'"' | b'\'') => Some(behind_quote(bytes, at + escapes, escapes, *quote)),
        b'{' | b'[' | b'(' if escapes == 0 => {
            let mut depth = 0_usize;
            while at < bytes.len() {
                match bytes[at] {
                    b'{' | b'[' | b'(' => depth += 1,
                    b'}' | b']' | b')' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    b'"' => {
                        let escapes =
                            bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                        at = behind_quote(bytes, at, escapes, b'"');
                        continue;
                    }
                    _ => {}
                }
                at += 1;
            }
            Some(bytes.len())
        }
        _ => None,
    }
}

/// Where a quoted value ends, behind its quote. One that is quoted inside a quoted text has as many
/// backslashes before its last quote as before its first, beside those that are part of it, each of
/// which is written as twice as many; quotes that are part of it have more.
fn behind_quote(bytes: &[u8], open: usize, escapes: usize, quote: u8) -> usize {
    let mut run: usize = 0;
    for (offset, byte) in bytes[open + 1..].iter().enumerate() {
        match byte {
            b'\\' => run += 1,
            byte if *byte == quote && run % (2 * (escapes + 1)) == escapes => {
                return open + 1 + offset + 1;
            }
            _ => run = 0,
        }
    }
    bytes.len()
}

/// Where a bare word ends. `Bearer x` is one.
fn bare(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b',' | b';' | b'&' | b'}' | b')' | b']' | b'"' | b'\'' | b'\\')
    };
    let end = until(bytes, start, ends);
    let is_scheme = [b"bearer".as_slice(), b"basic", b"digest"]
        .iter()
        .any(|scheme| bytes[start..end].eq_ignore_ascii_case(scheme));
    if is_scheme && bytes.get(end) == Some(&b' ') { until(bytes, end + 1, ends) } else { end }
}

fn until(bytes: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> usize {
    bytes[start..].iter().position(|byte| ends(*byte)).map_or(bytes.len(), |length| start + length)
}

/// `user:password@host`: the password.
fn password_of_url(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let end = until(bytes, start, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'>')
    });
    let authority = &bytes[start..end];
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..at].iter().position(|byte| *byte == b':')?;
    Some(start + colon + 1..start + at)
}

/// A private key as PEM writes it.
fn private_key(text: &str) -> Option<Range<usize>> {
    const TITLE: &str = "PRIVATE KEY-----";
    let title = text.find(TITLE)?;
    let start = text[..title].rfind("-----BEGIN ")?;
    let body = title + TITLE.len();
    let end = text[body..].find(TITLE).map_or(text.len(), |end| body + end + TITLE.len());
    Some(start..end)
}
