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
            let is_part = wanted.len() >= 3 && (had.contains(&wanted) || wanted.contains(&had));
            let is_near = apart <= (wanted.chars().count() / 3).max(1);
            (is_near || (is_part && !had.is_empty())).then_some((apart, candidate))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// How many letters must be put in, taken out or replaced to make one of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut above_left = row[0];
        row[0] = line + 1;
        for (place, other) in to.iter().enumerate() {
            let replaced = above_left + usize::from(letter != *other);
            above_left = row[place + 1];
            row[place + 1] = replaced.min(above_left + 1).min(row[place] + 1);
        }
    }
    row[to.len()]
}
