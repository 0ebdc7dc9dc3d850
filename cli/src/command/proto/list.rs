//! A list of rules with what each means, wrapped to the width of the terminal.

use crate::shell::Look;

/// Narrower texts than this are not wrapped any more.
const NARROWEST: usize = 24;

/// Rows of a heading, a name and a text; a heading is printed where it changes.
pub(super) fn render<'a>(
    rows: impl IntoIterator<Item = (&'a str, &'a str, Look, String)>,
    width: usize,
) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let widest = rows.iter().map(|(_, name, ..)| name.len()).max().unwrap_or(0);
    let mut lines: Vec<String> = Vec::new();
    let mut last = "";
    for (heading, name, look, text) in rows {
        if heading != last {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(Look::Good.paint(heading));
            last = heading;
        }
        // Beside the name where there is room, else below it.
        let is_beside = widest + 4 + NARROWEST <= width;
        let indent = if is_beside { widest + 4 } else { 4 };
        let mut wrapped = wrap(&text, width.saturating_sub(indent).max(NARROWEST)).into_iter();
        let name_line = format!("  {}", look.paint(name));
        if is_beside {
            let gap = " ".repeat(widest - name.len() + 2);
            lines.push(format!("{name_line}{gap}{}", wrapped.next().unwrap_or_default()));
        } else {
            lines.push(name_line);
        }
        lines.extend(wrapped.map(|line| format!("{}{line}", " ".repeat(indent))));
    }
    lines.join("\n")
}

/// A line below a finding: a name and a text, wrapped where there is a terminal.
pub(super) fn line(name: &str, look: Look, text: &str, columns: Option<usize>) -> String {
    const INDENT: usize = 2;
    let first = INDENT + name.len() + 2;
    let Some(columns) = columns.filter(|columns| *columns > first + NARROWEST) else {
        return format!("  {}: {text}", look.paint(name));
    };
    // The name is a word that takes as much room.
    let whole = format!("{} {text}", "-".repeat(name.len() + 1));
    let mut lines = wrap(&whole, columns - 2 * INDENT).into_iter();
    let rest = lines.next().and_then(|line| line.split_once(' ').map(|(_, rest)| rest.to_owned()));
    let head = format!("  {}: {}", look.paint(name), rest.unwrap_or_default());
    let more = lines.map(|line| format!("{}{line}", " ".repeat(2 * INDENT)));
    std::iter::once(head).chain(more).collect::<Vec<_>>().join("\n")
}

/// `text` in lines of at most `width` columns, where words let it.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_beside_their_names_or_below_them() {
        let rows = || {
            [("A", "NAME", Look::Plain, "some words that go on for more than a line".to_owned())]
        };
        let shown = |width| anstream::adapter::strip_str(&render(rows(), width)).to_string();
        assert_eq!(shown(36), "A\n  NAME  some words that go on for\n        more than a line");
        let below = |columns| {
            let line =
                line("NAME", Look::Bad, "some words that go on for more than a line", columns);
            anstream::adapter::strip_str(&line).to_string()
        };
        assert_eq!(below(None), "  NAME: some words that go on for more than a line");
        assert_eq!(below(Some(36)), "  NAME: some words that go on for\n    more than a line");
        assert_eq!(shown(30), "A\n  NAME\n    some words that go on for\n    more than a line");
    }
}
