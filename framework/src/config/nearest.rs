/// No name of a setting is as long.
const LONGEST: usize = 128;

/// The candidate that `word` was probably meant to be: one that is few slips of the hand away, the more
/// the longer it is. None if there is none.
///
/// ```
/// let keys = ["address", "timeout"];
/// assert_eq!(bia::config::nearest("adress", keys), Some("address"));
/// assert_eq!(bia::config::nearest("colour", keys), None);
/// ```
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match word.chars().count() {
        // Comparing costs both lengths multiplied.
        LONGEST.. => return None,
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| (slips(&folded(word), &folded(candidate)), candidate))
        .filter(|(slips, _)| *slips <= limit)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// How many letters were left out, added, mistaken or swapped with their neighbour
/// (the optimal string alignment distance).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mistaken = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = mistaken.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_another_word_is_not() {
        let keys = ["address", "timeout", "tls", "max_message_size"];
        let table = [
            ("adress", Some("address")),
            ("addresss", Some("address")),
            ("tiemout", Some("timeout")),
            ("max-message-size", Some("max_message_size")),
            ("maxMessageSize", Some("max_message_size")),
            ("tsl", Some("tls")),
            ("color", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }
}
