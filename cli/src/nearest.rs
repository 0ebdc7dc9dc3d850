//! What was meant by a name that nobody has.

/// The names that are most like `name`, the nearest first, at most `most` of them; none that has little
/// to do with it.
pub(crate) fn nearest<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|candidate| {
            let had = candidate.to_lowercase();
            let apart = distance(&wanted, &had);
            let is_part = wanted.len() >= 3
                && (had.contains(&wanted) || had.len() >= 3 && wanted.contains(&had));
            let is_near = apart <= (wanted.chars().count() / 3).max(1);
            (is_near || is_part).then_some((apart, candidate))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// How many letters must be put in, taken out, replaced or swapped with the next to make one of the
/// other (optimal string alignment).
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.iter().enumerate() {
        let mut next = vec![line + 1];
        for (place, other) in to.iter().enumerate() {
            let replaced = row[place] + usize::from(letter != other);
            let mut least = replaced.min(row[place + 1] + 1).min(next[place] + 1);
            let is_swapped =
                line > 0 && place > 0 && *letter == to[place - 1] && from[line - 1] == *other;
            if is_swapped {
                least = least.min(above[place - 1] + 1);
            }
            next.push(least);
        }
        above = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("a", "a", 0),
            ("form", "from", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_was_meant_comes_first() {
        let names = ["USER_NOT_FOUND", "NODE_NOT_FOUND", "VALIDATOR", "CODEC"];
        assert_eq!(nearest("USER_NOTFOUND", names, 3).first(), Some(&"USER_NOT_FOUND"));
        assert_eq!(nearest("NOT_FOUND", names, 3), ["NODE_NOT_FOUND", "USER_NOT_FOUND"]);
        assert_eq!(nearest("COFFEE", names, 3), [""; 0]);
        // What is a part of many is nearest to what it nearly is.
        let codes = ["ADDRESS_UNAVAILABLE", "UNAVAILABLE"];
        assert_eq!(nearest("UNAVAILABL", codes, 3).first(), Some(&"UNAVAILABLE"));
        // Two letters are a part of too much.
        assert_eq!(nearest("TOKEN_REFUSED", ["OK"], 3), [""; 0]);
    }
}
