//! Data in columns, as wide as the terminal lets it be.

use super::Look;

/// Two spaces between columns.
const GAP: usize = 2;
/// No column is cut to less than this.
const NARROWEST: usize = 8;

/// Rows under headings. The last column that may be cut is, where the terminal is too narrow.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(String, Look)>>,
}

impl Table {
    pub(crate) fn new(headings: impl IntoIterator<Item = &'static str>) -> Self {
        Self { headings: headings.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each heading.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = (String, Look)>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The whole as text, without a line break at its end; no line has more than `width` columns
    /// where that can be had.
    pub(crate) fn render(&self, width: usize) -> String {
        let widths = self.widths(width);
        let headings =
            self.headings.iter().map(|heading| ((*heading).to_owned(), Look::Faint)).collect();
        std::iter::once(&headings)
            .chain(&self.rows)
            .map(|row| line(row, &widths))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// As wide as what is in them; where that is too much, the widest is cut first.
    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.headings.iter().map(|it| columns(it)).collect();
        for row in &self.rows {
            for (width, (text, _)) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(text));
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn line(row: &[(String, Look)], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, ((cell, look), width)) in row.iter().zip(widths).enumerate() {
        let cell = cut(cell, *width);
        let room = width - columns(&cell);
        text.push_str(&look.paint(&cell));
        if index + 1 < row.len() {
            text.push_str(&" ".repeat(room + GAP));
        }
    }
    text
}

fn columns(text: &str) -> usize {
    dialoguer::console::measure_text_width(text)
}

/// `text` in at most `width` columns; what was cut ends in `…`.
fn cut(text: &str, width: usize) -> String {
    dialoguer::console::truncate_str(text, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["SERVICE", "ADDRESS"]);
        table.row([
            ("user-service".to_owned(), Look::Bold),
            ("grpc://127.0.0.1:8000".to_owned(), Look::Plain),
        ]);
        table.row([("größe-服务".to_owned(), Look::Plain), ("–".to_owned(), Look::Faint)]);
        table
    }

    #[test]
    fn columns_stand_below_each_other_whatever_is_written_in_them() {
        let text = anstream::adapter::strip_str(&table().render(100)).to_string();
        assert_eq!(
            text,
            "SERVICE       ADDRESS\n\
             user-service  grpc://127.0.0.1:8000\n\
             größe-服务    –"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [20, 24, 30, 60] {
            let text = anstream::adapter::strip_str(&table().render(width)).to_string();
            for line in text.lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }
}
