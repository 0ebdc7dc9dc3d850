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

/// A line below a finding: a name and a text.
pub(super) fn line(name: &str, look: Look, text: &str, columns: Option<usize>) -> String {
    hang((&format!("  {}:", look.paint(name)), name.len() + 3), text, columns)
}

/// A head, of which is told how many columns it has, and a text behind it; wrapped where there is a
/// terminal, and whole where there is none.
pub(super) fn hang((head, length): (&str, usize), text: &str, columns: Option<usize>) -> String {
    const INDENT: usize = 4;
    let Some(columns) = columns.filter(|columns| *columns >= INDENT + NARROWEST) else {
        return format!("{head} {text}");
    };
    let mut out = head.to_owned();
    let mut column = length;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column + 1 + width > columns && column > INDENT {
            out.push('\n');
            out.push_str(&" ".repeat(INDENT));
            column = INDENT;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
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
