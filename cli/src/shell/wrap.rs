//! Text in lines.

/// What stands between an example and what it does; prose has none.
pub(crate) const GAP: &str = "  ";

/// `text` in lines of at most `width` columns, cut between words; a word that is longer has a line of its
/// own, whole, so that it can be copied. Line breaks stay.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut now = String::new();
        let mut used = 0;
        for word in line.split_whitespace() {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > width {
                lines.push(std::mem::take(&mut now));
                used = 0;
            }
            if used > 0 {
                now.push(' ');
                used += 1;
            }
            now.push_str(word);
            used += wide;
        }
        lines.push(now);
    }
    lines
}

/// `text` with no line that is wider than `width`, if words allow it. What stands behind a gap, as what
/// an example does, goes below, and what stood below that with it; anything else goes on a little
/// further in.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    // From which column on things have moved, and where to.
    let mut moved: Option<(usize, usize)> = None;
    for line in text.lines() {
        let told = line.trim_start();
        let mut margin = line.len() - told.len();
        moved = moved.filter(|(from, _)| margin >= *from && !told.is_empty());
        if let Some((from, to)) = moved {
            margin = margin - from + to;
        }
        if margin + columns(told) <= width {
            lines.push(format!("{:margin$}{told}", ""));
            continue;
        }
        let (first, behind) = told.split_once(GAP).unwrap_or((told, ""));
        let below = margin + 4;
        if !behind.is_empty() {
            let from = columns(line) - columns(behind.trim_start());
            moved = moved.or(Some((from, below)));
        }
        lines.extend(margined(first, [margin, margin + 2], width));
        lines.extend(margined(behind, [below, below], width));
    }
    lines.join("\n")
}

/// `text` in lines; the margins are that of the first, and that of the others.
fn margined(text: &str, [first, others]: [usize; 2], width: usize) -> Vec<String> {
    let lines = wrap(text, width.saturating_sub(others)).into_iter().enumerate();
    let margin = |number| if number == 0 { first } else { others };
    lines.map(|(number, line)| format!("{:width$}{line}", "", width = margin(number))).collect()
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    dialoguer::console::measure_text_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_between_words_and_words_stay_whole() {
        assert_eq!(
            wrap("one two three größe 服务 seven", 9),
            ["one two", "three", "größe", "服务", "seven"]
        );
        assert_eq!(
            wrap("see https://example.com/rules now", 8),
            ["see", "https://example.com/rules", "now"]
        );
        assert_eq!(wrap("a\n\n  b", 8), ["a", "", "b"]);
        assert_eq!(wrap("", 8), Vec::<String>::new());
    }

    #[test]
    fn what_an_example_does_goes_below_it_where_there_is_no_room_beside() {
        let text = "Examples:\n  bia run      all of them, and more\n  bia run x    one";
        assert_eq!(fit(text, 36), text);
        assert_eq!(
            fit(text, 20),
            "Examples:\n  bia run\n      all of them,\n      and more\n  bia run x    one"
        );
        let block = "for all:     [lint] (or more)\n             use = []\nelse:        none";
        assert_eq!(
            fit(block, 24),
            "for all:\n    [lint] (or more)\n    use = []\nelse:        none"
        );
        assert_eq!(fit("error: one two three", 14), "error: one\n  two three");
    }
}
