//! Versions as tools print them.

/// The first thing in a text that is one: `1.95.0` of `rustc 1.95.0 (abc 2026-04-14)`.
pub(super) fn first(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|char: char| !char.is_ascii_alphanumeric()))
        .find(|word| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit()))
}

/// Major, minor, patch; what is behind a `-` or missing counts as nothing.
pub(super) fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = [0; 3];
    for (place, part) in numbers.iter_mut().zip(plain.split('.')) {
        *place = part.parse().unwrap_or_default();
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_and_compared_as_numbers() {
        assert_eq!(first("rustc 1.95.0 (59807616e 2026-04-14)"), Some("1.95.0"));
        assert_eq!(first("cc (Debian 12.2.0-14) 12.2.0"), Some("12.2.0-14"));
        assert_eq!(first("nothing"), None);
        assert!(numbers("1.100") > numbers("1.95.3"));
        assert_eq!(numbers("1.96.0-nightly"), [1, 96, 0]);
    }
}
