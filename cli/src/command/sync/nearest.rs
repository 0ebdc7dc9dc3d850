//! Which new method an old one may have become.

use crate::nearest::distance;

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
