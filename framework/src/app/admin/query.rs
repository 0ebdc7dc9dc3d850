//! What stands after the `?` of a request.

use std::borrow::Cow;

/// The value of the first parameter called `name`, decoded.
pub(super) fn value<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    Some(decoded(value))
}

/// Undoes what browsers and `curl --data-urlencode` do to a value.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains(['%', '+']) {
        return value.into();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%')
            .then(|| after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (decoded, after) = match (byte, code) {
            (_, Some(code)) => (code, &after[2..]),
            (b'+', None) => (b' ', after),
            _ => (byte, after),
        };
        bytes.push(decoded);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_and_decoded() {
        let query = Some("debug=1&operation=%2Ft.T%2FGet+it&seconds=&operation=no&100%");
        assert_eq!(value(query, "operation").as_deref(), Some("/t.T/Get it"));
        assert_eq!(value(query, "seconds").as_deref(), Some(""));
        assert_eq!(value(query, "debu"), None);
        assert_eq!(value(Some("a=%zz%f"), "a").as_deref(), Some("%zz%f"));
        assert_eq!(value(None, "a"), None);
    }
}
