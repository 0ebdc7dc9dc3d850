//! Lines of many, each behind the name of who wrote it.

use anstyle::{AnsiColor, Style};

use crate::error::Result;
use crate::shell::{Look, Shell, columns};

use super::child::Source;
use super::log::Piece;
use super::plan::Service;

/// What cargo is called.
const CARGO: &str = "cargo";

/// The colours of services, in the order of the plan; then from the first on again.
const COLOURS: [AnsiColor; 8] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Narrower than this, lines are left to the terminal.
const NARROWEST: usize = 20;

#[derive(Debug)]
pub(super) struct Screen<'a> {
    shell: &'a Shell,
    labels: Vec<String>,
    width: usize,
}

impl<'a> Screen<'a> {
    pub(super) fn new(services: &[Service], shell: &'a Shell) -> Self {
        let labels: Vec<String> = services.iter().map(|it| it.name.clone()).collect();
        let width = labels.iter().map(|it| it.chars().count()).chain([CARGO.len()]).max();
        Self { shell, labels, width: width.unwrap_or_default() }
    }

    /// Shows a line as it was written.
    ///
    /// # Errors
    ///
    /// Nobody reads it any more.
    pub(super) fn raw(&self, from: Source, text: &str) -> Result<()> {
        self.print(from, split(text, self.room()))
    }

    /// Shows a line of pieces, with a space between them.
    ///
    /// # Errors
    ///
    /// Nobody reads it any more.
    pub(super) fn pieces(&self, from: Source, pieces: &[Piece]) -> Result<()> {
        let lines = wrap(pieces, self.room());
        self.print(from, lines.iter().map(|line| paint(line)))
    }

    fn print(&self, from: Source, lines: impl IntoIterator<Item = String>) -> Result<()> {
        let label = self.label(from);
        lines.into_iter().try_for_each(|line| {
            let line = format!("{label} | {line}");
            self.shell.data(line.trim_end())
        })
    }

    fn label(&self, from: Source) -> String {
        let (name, style) = match from {
            Source::Cargo => (CARGO, Look::Faint.style()),
            Source::Service(index) => {
                let colour = COLOURS[index % COLOURS.len()];
                let name = self.labels.get(index).map(String::as_str).unwrap_or_default();
                (name, Style::new().fg_color(Some(colour.into())))
            }
        };
        format!("{style}{name:<width$}{style:#}", width = self.width)
    }

    /// How many columns a line has beside its label; none if there is no terminal to fill.
    fn room(&self) -> Option<usize> {
        let room = self.shell.columns()?.checked_sub(self.width + " | ".len())?;
        (room >= NARROWEST).then_some(room)
    }
}

fn paint(line: &[&Piece]) -> String {
    let words: Vec<String> = line.iter().map(|(text, look)| look.paint(text)).collect();
    words.join(" ")
}

/// Pieces in lines of at most `room` columns; one that is longer has a line of its own.
fn wrap(pieces: &[Piece], room: Option<usize>) -> Vec<Vec<&Piece>> {
    let mut lines = vec![Vec::new()];
    let mut used = 0;
    for piece in pieces {
        let width = columns(&piece.0);
        if used > 0 && room.is_some_and(|room| used + 1 + width > room) {
            lines.push(Vec::new());
            used = 0;
        }
        used += width + usize::from(used > 0);
        if let Some(line) = lines.last_mut() {
            line.push(piece);
        }
    }
    lines
}

/// A text in pieces of at most `room` columns. One with colours of its own stays whole: nobody here
/// knows where it may be cut.
fn split(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room.filter(|_| !text.contains('\u{1b}')) else {
        return vec![text.to_owned()];
    };
    let mut lines = vec![String::new()];
    let mut used = 0;
    for letter in text.replace('\t', "    ").chars() {
        let width = columns(letter.encode_utf8(&mut [0; 4]));
        if used + width > room {
            let next = lines.last_mut().map(|line| tail(line, room)).unwrap_or_default();
            used = columns(&next);
            lines.push(next);
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push(letter);
        }
    }
    lines
}

/// Takes off the end of a line the word that it would be cut in, if that is no longer than half a line.
fn tail(line: &mut String, room: usize) -> String {
    let Some(space) = line.rfind(' ') else { return String::new() };
    let tail = line[space + 1..].to_owned();
    if columns(&tail) > room / 2 || line.trim().len() == tail.len() {
        return String::new();
    }
    line.truncate(space);
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        let pieces: Vec<Piece> = "one two three größe 服务 seven"
            .split(' ')
            .map(|it| (it.to_owned(), Look::Plain))
            .collect();
        let lines =
            |room| -> Vec<String> { wrap(&pieces, room).iter().map(|line| paint(line)).collect() };
        assert_eq!(lines(Some(9)), ["one two", "three", "größe", "服务", "seven"]);
        assert_eq!(lines(None), ["one two three größe 服务 seven"]);
        assert_eq!(lines(Some(2)).len(), 6, "nothing is lost");
        assert_eq!(split("    a服务b", Some(6)), ["    a", "服务b"]);
        assert_eq!(split("the word is whole", Some(9)), ["the word", "is whole"]);
        assert_eq!(split("a 123456789", Some(6)), ["a 1234", "56789"]);
        assert_eq!(split("abc", None), ["abc"]);
        assert_eq!(split("", Some(4)), [""]);
        assert_eq!(split("\u{1b}[31mred\u{1b}[0m", Some(2)), ["\u{1b}[31mred\u{1b}[0m"]);
    }
}
