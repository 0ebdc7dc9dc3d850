//! What stands after the `?` of a request.

use percent_encoding::percent_decode_str;

/// The value of the first parameter called `name`, decoded.
pub(super) fn value(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    Some(decoded(value))
}

/// Undoes what browsers and `curl --data-urlencode` do to a value.
fn decoded(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
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
