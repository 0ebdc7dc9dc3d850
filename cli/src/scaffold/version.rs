//! Whether a version is one that a manifest asks for.

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
}
