//! What becomes of one file, by what it was made as, what it is, and what it would be made as now.

use diffy::MergeOptions;

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is what it would be made as.
    Same,
    /// The user changed it, and the template did not.
    Yours,
    /// The template has it now.
    Added(String),
    /// The template changed it, and the user did not.
    Updated(String),
    /// Both changed it, in different places.
    Merged(String),
    /// Both changed the same lines; they stand in the text.
    Conflict(String),
    /// The user deleted it.
    Deleted,
    /// The template has it no more, and the user never changed it.
    Dropped,
    /// The template has it no more, and the user changed it.
    Kept,
}

pub(super) fn fate(base: Option<&str>, ours: Option<&str>, theirs: Option<&str>) -> Fate {
    match (base, ours, theirs) {
        (_, Some(ours), Some(theirs)) if ours == theirs => Fate::Same,
        (None, None, Some(theirs)) => Fate::Added(theirs.to_owned()),
        (Some(base), Some(ours), Some(theirs)) if base == ours => Fate::Updated(theirs.to_owned()),
        (Some(base), Some(_), Some(theirs)) if base == theirs => Fate::Yours,
        (base, Some(ours), Some(theirs)) => merged(base.unwrap_or_default(), ours, theirs),
        (Some(_), None, Some(_)) => Fate::Deleted,
        (Some(base), Some(ours), None) if base == ours => Fate::Dropped,
        (Some(_), Some(_), None) => Fate::Kept,
        (None, _, None) | (Some(_), None, None) => Fate::Same,
    }
}

fn merged(base: &str, ours: &str, theirs: &str) -> Fate {
    let mut options = MergeOptions::new();
    options.set_conflict_style(diffy::ConflictStyle::Merge);
    match options.merge(base, ours, theirs) {
        Ok(merged) if merged == ours => Fate::Yours,
        Ok(merged) => Fate::Merged(merged),
        Err(conflict) => Fate::Conflict(conflict),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_only_one_side_changed_is_that_side_s() {
        assert_eq!(fate(Some("a"), Some("a"), Some("a")), Fate::Same);
        assert_eq!(fate(Some("a"), Some("b"), Some("a")), Fate::Yours);
        assert_eq!(fate(Some("a"), Some("a"), Some("b")), Fate::Updated("b".to_owned()));
        assert_eq!(fate(Some("a"), Some("b"), Some("b")), Fate::Same);
    }

    #[test]
    fn what_was_deleted_stays_so_and_what_is_new_comes() {
        assert_eq!(fate(Some("a"), None, Some("b")), Fate::Deleted);
        assert_eq!(fate(None, None, Some("b")), Fate::Added("b".to_owned()));
        assert_eq!(fate(Some("a"), None, None), Fate::Same);
    }

    #[test]
    fn what_the_template_has_no_more_goes_only_if_nobody_changed_it() {
        assert_eq!(fate(Some("a"), Some("a"), None), Fate::Dropped);
        assert_eq!(fate(Some("a"), Some("b"), None), Fate::Kept);
    }

    #[test]
    fn changes_in_different_places_both_hold() {
        let base = "1\n2\n3\n4\n5\n6\n7\n";
        let (ours, theirs) = (base.replace('1', "ours"), base.replace('7', "theirs"));
        let both = "ours\n2\n3\n4\n5\n6\ntheirs\n".to_owned();
        assert_eq!(fate(Some(base), Some(&ours), Some(&theirs)), Fate::Merged(both));
    }

    #[test]
    fn of_changes_in_the_same_place_nothing_is_lost() {
        for base in [Some("1\n2\n3\n"), None] {
            let Fate::Conflict(text) = fate(base, Some("1\nours\n3\n"), Some("1\ntheirs\n3\n"))
            else {
                panic!("both changed the same line");
            };
            for line in ["<<<<<<<", "ours\n", "=======", "theirs\n", ">>>>>>>"] {
                assert!(text.contains(line), "{text}");
            }
        }
    }
}
