//! The names that somebody may have meant.

/// How many are told.
const MOST: usize = 3;

/// The names that are nearest to `wanted`, the nearest first; none if none is near.
pub(super) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let furthest = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            // Somebody who writes a part of a name knows what it is about.
            let is_part = wanted.len() >= 4 && name.contains(wanted);
            let distance = distance(wanted, name).min(if is_part { furthest } else { usize::MAX });
            (distance <= furthest).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, taken out or replaced to make one of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut before = at;
        let mut left = at + 1;
        for (place, against) in row.iter_mut().skip(1).zip(&other) {
            let replaced = before + usize::from(letter != *against);
            before = *place;
            left = replaced.min(left + 1).min(before + 1);
            *place = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (one, other, expected) in
            [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_was_meant_comes_first() {
        let names = ["USER_NOT_FOUND", "NODE_NOT_FOUND", "VALIDATOR", "CODEC"];
        assert_eq!(nearest("USER_NOTFOUND", names).first(), Some(&"USER_NOT_FOUND"));
        assert_eq!(nearest("NOT_FOUND", names), ["NODE_NOT_FOUND", "USER_NOT_FOUND"]);
        assert_eq!(nearest("COFFEE", names), [""; 0]);
        // What is a part of many is nearest to what it nearly is.
        let codes = ["ADDRESS_UNAVAILABLE", "UNAVAILABLE"];
        assert_eq!(nearest("UNAVAILABL", codes).first(), Some(&"UNAVAILABLE"));
    }
}
