//! How names are spelled.

/// `userName`, `UserName`, `user_name` and `USER_NAME` are `user`, `name`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, c) in chars.iter().enumerate() {
        if *c == '_' {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(index + 1);
        let begins = c.is_ascii_uppercase()
            && (before.is_some_and(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase)
                    && after.is_some_and(char::is_ascii_lowercase)));
        if begins || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

pub(in crate::command::proto) fn lower_snake(name: &str) -> String {
    words(name).join("_")
}

pub(in crate::command::proto) fn upper_snake(name: &str) -> String {
    lower_snake(name).to_ascii_uppercase()
}

pub(in crate::command::proto) fn pascal(name: &str) -> String {
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(chars)
            .collect::<String>()
    };
    words(name).iter().map(capital).collect()
}

pub(in crate::command::proto) fn is_lower_snake(name: &str) -> bool {
    is_snake(name, |c| c.is_ascii_lowercase())
}

pub(in crate::command::proto) fn is_upper_snake(name: &str) -> bool {
    is_snake(name, |c| c.is_ascii_uppercase())
}

fn is_snake(name: &str, is_letter: fn(char) -> bool) -> bool {
    name.starts_with(is_letter)
        && !name.ends_with('_')
        && !name.contains("__")
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '_')
}

/// Acronyms may be all capitals.
pub(in crate::command::proto) fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether it is a version like `v1`, `v2beta3`, `v1p1alpha1`; and whether that is a stable one.
pub(in crate::command::proto) fn version(part: &str) -> Option<bool> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let rest = part.strip_prefix('v')?;
    let length = digits(rest);
    if length == 0 || rest.starts_with('0') {
        return None;
    }
    let mut rest = rest.get(length..)?;
    if let Some(patch) = rest.strip_prefix('p') {
        let length = digits(patch);
        rest = patch.get(length..).filter(|_| length > 0)?;
        if rest.is_empty() {
            return None;
        }
    }
    if rest.is_empty() {
        return Some(true);
    }
    let number = ["alpha", "beta", "test"].iter().find_map(|stage| rest.strip_prefix(stage))?;
    // A test may be called something.
    let is_any = rest.starts_with("test");
    (is_any || number.chars().all(|c| c.is_ascii_digit())).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_at_their_words() {
        for name in ["user_name", "userName", "UserName", "USER_NAME", "User_Name"] {
            assert_eq!((lower_snake(name), pascal(name)), ("user_name".into(), "UserName".into()));
        }
        assert_eq!(lower_snake("getHTTPStatus2"), "get_http_status2");
        assert_eq!(upper_snake("HTTPStatus"), "HTTP_STATUS");
        assert!(is_pascal("HTTPStatus2") && !is_pascal("Http_Status") && !is_pascal("http"));
        assert!(is_lower_snake("a1_b2") && !is_lower_snake("a__b") && !is_lower_snake("_a"));
        assert!(is_upper_snake("A_1") && !is_upper_snake("A_") && !is_upper_snake("a"));
    }

    #[test]
    fn versions_are_stable_or_not() {
        for (part, expected) in [
            ("v1", Some(true)),
            ("v10", Some(true)),
            ("v1beta1", Some(false)),
            ("v1p1alpha", Some(false)),
            ("v1test_x", Some(false)),
            ("v0", None),
            ("v", None),
            ("v1p1", None),
            ("v1x", None),
            ("one", None),
        ] {
            assert_eq!(version(part), expected, "{part}");
        }
    }
}
