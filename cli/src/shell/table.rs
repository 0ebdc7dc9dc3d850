//! Data in columns; where the terminal is too narrow for those, in records.

use super::wrap::{columns, wrap};
use super::{Look, MARGIN};

/// Two spaces between columns.
const GAP: usize = 2;
/// The last column may go on in further lines, in no less than this.
const NARROWEST: usize = 24;
/// What stands where there is nothing.
const NOTHING: &str = "–";

/// Rows under headings.
///
/// Nothing is cut. Where not all of it fits, the last column goes on in further lines; then columns
/// that can be spared are left out, and named; then each row becomes a record, a line for each of its
/// cells.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(String, Look)>>,
    /// Those that are left out first come first.
    spare: &'static [&'static str],
}

impl Table {
    pub(crate) fn new(headings: impl IntoIterator<Item = &'static str>) -> Self {
        Self { headings: headings.into_iter().collect(), rows: Vec::new(), spare: &[] }
    }

    /// Sets which columns may be left out, the first of them first; `--json` must show them.
    pub(crate) fn sparing(self, spare: &'static [&'static str]) -> Self {
        Self { spare, ..self }
    }

    /// Adds a row, a cell for each heading. One without a first cell goes on with the row above.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = (String, Look)>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The whole as text, without a line break at its end. No line has more than `width` columns,
    /// unless a single word has; without a width, there is no terminal to fit.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let natural = self.natural();
        let mut shown: Vec<usize> = (0..self.headings.len()).collect();
        let Some(width) = width else { return self.table(&shown, &natural) };
        let mut left_out = Vec::new();
        let mut spare = self.spare.iter();
        loop {
            if let Some(widths) = self.fit(&shown, &natural, width) {
                let mut text = self.table(&shown, &widths);
                if !left_out.is_empty() {
                    text.push_str(&self.note(&left_out, &natural, width));
                }
                return text;
            }
            let Some(next) = spare.next() else { return self.records(width) };
            let before = shown.len();
            shown.retain(|index| self.headings.get(*index) != Some(next));
            if shown.len() < before {
                left_out.push(*next);
            }
        }
    }

    /// How wide each column would like to be.
    fn natural(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.headings.iter().map(|it| columns(it)).collect();
        for row in &self.rows {
            for (width, (text, _)) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(text));
            }
        }
        widths
    }

    /// How wide columns are of which `shown` are shown in `width`, if they fit.
    fn fit(&self, shown: &[usize], natural: &[usize], width: usize) -> Option<Vec<usize>> {
        let mut widths = natural.to_vec();
        let last = *shown.last()?;
        let others = others(shown, natural);
        if others + natural[last] <= width {
            return Some(widths);
        }
        widths[last] = width.checked_sub(others)?;
        (widths[last] >= self.least(last, natural)).then_some(widths)
    }

    /// How narrow a column may become whose cells go on in further lines.
    fn least(&self, column: usize, natural: &[usize]) -> usize {
        let words = self.rows.iter().filter_map(|row| row.get(column));
        let words = words.flat_map(|(cell, _)| cell.split_whitespace()).map(columns);
        words.max().unwrap_or(0).max(NARROWEST).min(natural[column])
    }

    fn table(&self, shown: &[usize], widths: &[usize]) -> String {
        let headings =
            self.headings.iter().map(|heading| ((*heading).to_owned(), Look::Faint)).collect();
        let rows = std::iter::once(&headings).chain(&self.rows);
        rows.map(|row| line(row, shown, widths)).collect::<Vec<_>>().join("\n")
    }

    /// Tells what was left out, and where it is to be seen.
    fn note(&self, left_out: &[&str], natural: &[usize], width: usize) -> String {
        let all: Vec<usize> = (0..self.headings.len()).collect();
        let least = all.last().map_or(0, |last| self.least(*last, natural));
        let needed = others(&all, natural) + least;
        let names = left_out.join(", ");
        let note =
            format!("not shown: {names} ({needed} columns have room for all, and so has --json)");
        let lines = wrap(&note, width);
        lines.iter().map(|line| format!("\n{}", Look::Faint.paint(line))).collect()
    }

    /// A block for each row: its first cell, and below it the others behind their headings.
    fn records(&self, width: usize) -> String {
        let names = self.headings.iter().skip(1).map(|it| columns(it)).max().unwrap_or(0);
        let margin = MARGIN + names + GAP;
        let room = width.saturating_sub(margin);
        let mut lines: Vec<String> = Vec::new();
        for rows in self.rows.chunk_by(|_, next| next.first().is_some_and(|it| it.0.is_empty())) {
            let Some((title, look)) = rows.first().and_then(|row| row.first()) else { continue };
            let look = if *look == Look::Plain { Look::Bold } else { *look };
            lines.push(look.paint(title));
            for (index, heading) in self.headings.iter().enumerate().skip(1) {
                let cells = rows.iter().filter_map(|row| row.get(index));
                let cells = cells.filter(|(cell, _)| !cell.is_empty() && cell != NOTHING);
                let told = cells.flat_map(|(cell, look)| {
                    wrap(cell, room).into_iter().map(|line| look.paint(line))
                });
                for (number, told) in told.enumerate() {
                    let name = if number == 0 { *heading } else { "" };
                    let name = Look::Faint.paint(format_args!("{name:<names$}"));
                    lines.push(format!("{:MARGIN$}{name}{:GAP$}{told}", "", ""));
                }
            }
        }
        lines.join("\n")
    }
}

/// How much room all but the last one of `shown` take.
fn others(shown: &[usize], natural: &[usize]) -> usize {
    let before = shown.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().map(|index| natural[*index] + GAP).sum()
}

/// A row, of which the last cell may go on in further lines.
fn line(row: &[(String, Look)], shown: &[usize], widths: &[usize]) -> String {
    let mut text = String::new();
    let mut used = 0;
    for (place, index) in shown.iter().enumerate() {
        let Some(((cell, look), width)) = row.get(*index).zip(widths.get(*index)) else { continue };
        if place + 1 < shown.len() {
            text.push_str(&look.paint(cell));
            text.push_str(&" ".repeat(width - columns(cell) + GAP));
            used += width + GAP;
        } else if columns(cell) <= *width {
            text.push_str(&look.paint(cell));
        } else {
            let lines: Vec<String> =
                wrap(cell, *width).into_iter().map(|line| look.paint(line)).collect();
            text.push_str(&lines.join(&format!("\n{:used$}", "")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["SERVICE", "ADDRESS", "UP", "SAYS"]).sparing(&["UP"]);
        table.row([
            ("user-service".to_owned(), Look::Bold),
            ("127.0.0.1:8000".to_owned(), Look::Plain),
            ("3h".to_owned(), Look::Plain),
            ("that it cannot reach its own database".to_owned(), Look::Plain),
        ]);
        table.row([
            ("größe-服务".to_owned(), Look::Plain),
            ("–".to_owned(), Look::Faint),
            ("–".to_owned(), Look::Faint),
            (String::new(), Look::Plain),
        ]);
        table
    }

    fn shown(width: Option<usize>) -> String {
        anstream::adapter::strip_str(&table().render(width)).to_string()
    }

    const WHOLE: &str = "\
SERVICE       ADDRESS         UP  SAYS
user-service  127.0.0.1:8000  3h  that it cannot reach its own database
größe-服务    –               –   ";

    #[test]
    fn columns_stand_below_each_other_whatever_is_written_in_them() {
        assert_eq!(shown(None), WHOLE);
        assert_eq!(shown(Some(71)), WHOLE);
    }

    #[test]
    fn where_there_is_no_room_the_last_column_goes_on_below() {
        assert_eq!(
            shown(Some(62)),
            "SERVICE       ADDRESS         UP  SAYS\n\
             user-service  127.0.0.1:8000  3h  that it cannot reach its own\n\
             \u{20}                                 database\n\
             größe-服务    –               –   "
        );
    }

    #[test]
    fn what_is_left_out_is_named_with_how_to_see_it() {
        assert_eq!(
            shown(Some(54)),
            "SERVICE       ADDRESS         SAYS\n\
             user-service  127.0.0.1:8000  that it cannot reach its\n\
             \u{20}                             own database\n\
             größe-服务    –               \n\
             not shown: UP (58 columns have room for all, and so\n\
             has --json)"
        );
    }

    #[test]
    fn a_terminal_that_is_too_narrow_for_columns_shows_records_with_all_that_is_known() {
        assert_eq!(
            shown(Some(40)),
            "user-service\n\
             \u{20} ADDRESS  127.0.0.1:8000\n\
             \u{20} UP       3h\n\
             \u{20} SAYS     that it cannot reach its own\n\
             \u{20}          database\n\
             größe-服务"
        );
    }

    #[test]
    fn a_row_that_goes_on_with_the_one_above_is_of_its_record() {
        let mut table = Table::new(["METHOD", "HTTP", "KIND"]);
        for row in [["GetUser", "GET /v1/users/{id}", "unary"], ["", "GET /v1/people/{id}", ""]] {
            table.row(row.map(|cell| (cell.to_owned(), Look::Plain)));
        }
        let text = anstream::adapter::strip_str(&table.render(Some(30))).to_string();
        assert_eq!(
            text,
            "GetUser\n  HTTP  GET /v1/users/{id}\n        GET /v1/people/{id}\n  KIND  unary"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [30, 40, 54, 60, 62, 70, 80] {
            for line in shown(Some(width)).lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }
}
