//! Which new method an old one may have become.

/// The one of `names` that is most like `name`; none if none is much like it.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|other| (distance(name, other), other));
    let (distance, other) = scored.min_by_key(|(distance, _)| *distance)?;
    // A word of several may be another: get_user, fetch_user.
    let shares_word =
        name.split('_').any(|word| word.len() > 2 && other.split('_').any(|it| it == word));
    let longest = name.len().max(other.len());
    (distance * 3 <= longest || shares_word && distance * 2 <= longest).then_some(other)
}

/// How many letters have to be changed, put in or left out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, letter) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for place in 0..b.len() {
            let changed = diagonal + usize::from(b[place] != letter);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_was_renamed_is_recognised_and_a_stranger_is_not() {
        assert_eq!(nearest("get_user", ["fetch_user", "sync_orders"]), Some("fetch_user"));
        assert_eq!(nearest("list_user", ["list_users"]), Some("list_users"));
        assert_eq!(nearest("get_user", ["watch_orders"]), None);
        assert_eq!(nearest("get_user", []), None);
    }
}
