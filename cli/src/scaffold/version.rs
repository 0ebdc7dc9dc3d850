//! Whether a version is one that a manifest asks for, and which of two is newer.

/// Whether cargo takes `version` where a manifest says `asked`: `0.1`, `^0.1.2`, `~1.2` or `=1.2.3`.
pub(super) fn allows(asked: &str, version: &str) -> bool {
    let (sign, rest) = match asked.strip_prefix(['^', '~', '=']) {
        Some(rest) => (&asked[..1], rest.trim_start()),
        None => ("^", asked),
    };
    if rest == version {
        return true;
    }
    // One with a word behind it, `0.2.0-beta.1`, is that one only.
    let (Some(least), Some(there)) = (numbers(rest), numbers(version)) else { return false };
    let fixed = match sign {
        "=" => least.len(),
        "~" => least.len().min(2),
        // All up to the first that is not zero.
        _ => least.iter().position(|it| *it > 0).map_or(least.len(), |at| at + 1),
    };
    there.starts_with(&least[..fixed]) && there >= least
}

/// What versions are in order by, `0.2.0-beta.1` before `0.2.0`; none if it is no whole version.
pub(super) fn order(version: &str) -> Option<(Vec<u64>, Stage)> {
    let (version, _) = version.split_once('+').unwrap_or((version, ""));
    let (release, before) = match version.split_once('-') {
        Some((release, before)) => (release, Some(before)),
        None => (version, None),
    };
    let numbers = numbers(release).filter(|it| it.len() == 3)?;
    let stage = before.map_or(Stage::Released, |words| {
        let word = |it: &str| it.parse().map_or_else(|_| Word::Text(it.to_owned()), Word::Number);
        Stage::Before(words.split('.').map(word).collect())
    });
    Some((numbers, stage))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Before(Vec<Word>),
    Released,
}

/// A part of what stands behind the numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Number(u64),
    Text(String),
}

/// One to three numbers.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let numbers: Vec<u64> = version.split('.').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    (numbers.len() <= 3).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_allowed_as_cargo_has_it() {
        for (asked, version, expected) in [
            ("0.1.0", "0.1.0", true),
            ("0.1", "0.1.4", true),
            ("0", "0.9.0", true),
            ("0.1.4", "0.1.3", false),
            ("0.1.0", "0.2.0", false),
            ("0.0.1", "0.0.2", false),
            ("1.2", "1.9.0", true),
            ("^1.2.3", "2.0.0", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2", "1.3.0", false),
            ("=0.1.0", "0.1.1", false),
            ("=0.1", "0.1.1", true),
            ("9.9.9", "0.1.0", false),
            ("0.2.0-beta.1", "0.2.0-beta.1", true),
            ("0.2.0-beta.1", "0.2.0-beta.2", false),
            ("0.x", "0.1.0", false),
            ("1.2.3.4", "1.2.3", false),
        ] {
            assert_eq!(allows(asked, version), expected, "{asked} {version}");
        }
    }

    #[test]
    fn versions_are_in_the_order_of_their_releases() {
        let versions =
            ["0.0.9", "0.1.0", "0.2.0-beta.9", "0.2.0-beta.10", "0.2.0-rc", "0.2.0", "0.10.0"];
        let found: Vec<_> = versions.iter().map(|it| order(it).expect("a version")).collect();
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
        assert_eq!(order("0.2.0+today"), order("0.2.0"));
        for none in ["", "banana", "1", "1.2", "1.2.3.4", "1.2.x"] {
            assert_eq!(order(none), None, "{none}");
        }
    }
}
