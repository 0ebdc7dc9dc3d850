//! The splices: a value in the place of another, a key more, a key less.

use std::ops::Range;

use serde_json::Value;

use super::super::Format;
use super::index::{Entry, Kind, Node, column};

/// How much further in a section's keys stand, where the document does not show it.
const STEP: usize = 2;

/// Splices values into a text.
pub(super) struct Writer<'a> {
    format: Format,
    text: &'a str,
    step: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(format: Format, text: &'a str, root: &Node) -> Self {
        Self { format, text, step: step(root, text) }
    }

    /// The ways in which a value may be written on one line.
    pub(super) fn renderings(&self, typed: &str, value: &Value) -> Vec<String> {
        let json = value.to_string();
        match self.format {
            Format::Json => vec![json],
            _ if typed.is_empty() || typed.contains('\n') => vec![json],
            _ => vec![typed.to_owned(), json],
        }
    }

    pub(super) fn set(&self, root: &Node, path: &[String], inline: &str) -> Option<String> {
        let (mut at, mut above, mut is_inside) = (root, None, false);
        for (depth, part) in path.iter().enumerate() {
            let Kind::Table { entries, in_braces } = &at.kind else {
                return match (&at.kind, above) {
                    (Kind::Empty | Kind::Null, Some(entry)) => {
                        Some(self.fill(entry, is_inside, &path[depth..], inline))
                    }
                    // Nothing at all is there yet.
                    (Kind::Empty, None) => Some(self.append(self.text.len(), 0, path, inline)),
                    _ => None,
                };
            };
            is_inside |= in_braces;
            let Some(entry) = entries.iter().find(|it| it.key == *part) else {
                return Some(self.insert(at, entries, *in_braces, &path[depth..], inline));
            };
            (at, above) = (&entry.node, Some(entry));
        }
        Some(self.replace(at, above?.colon, inline))
    }

    /// Puts another value in the place of one.
    fn replace(&self, node: &Node, colon: usize, inline: &str) -> String {
        match node.kind {
            Kind::Empty => self.spliced(colon..colon, &format!(" {inline}")),
            // One on lines of its own goes with them; the comment behind its key stays.
            Kind::List | Kind::Table { .. } if self.line_end(colon) < node.span.start => {
                let begin = self.line_end(colon);
                let (key, comment) = (&self.text[..colon], &self.text[colon..begin]);
                format!("{key} {inline}{comment}{}", &self.text[node.span.end.max(begin)..])
            }
            _ => self.spliced(node.span.clone(), inline),
        }
    }

    /// Makes a section of a key that has no value.
    fn fill(&self, entry: &Entry, is_inside: bool, path: &[String], inline: &str) -> String {
        let (colon, end) = (entry.colon, entry.node.span.end.max(entry.colon));
        if is_inside {
            return self.spliced(colon..end, &format!(" {{{}}}", self.pair(path, inline)));
        }
        let column = column(self.text, entry.begin) + self.step;
        match entry.node.kind {
            Kind::Null => {
                let bare = self.spliced(colon..end, "");
                Writer { text: &bare, ..*self }.append(colon, column, path, inline)
            }
            _ => self.append(colon, column, path, inline),
        }
    }

    /// Adds a key to a table that does not have it, behind those that it has.
    fn insert(
        &self,
        table: &Node,
        entries: &[Entry],
        in_braces: bool,
        path: &[String],
        inline: &str,
    ) -> String {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            let pair = format!("{{{}}}", self.pair(path, inline));
            return self.spliced(table.span.clone(), &pair);
        };
        if !in_braces {
            return self.append(last.node.span.end, column(self.text, first.begin), path, inline);
        }
        let before = &self.text[table.span.start + 1..first.begin];
        let between = if before.contains('\n') && before.trim().is_empty() { before } else { " " };
        let end = last.node.span.end;
        self.spliced(end..end, &format!(",{between}{}", self.pair(path, inline)))
    }

    /// Adds lines below the line of `after`.
    fn append(&self, after: usize, column: usize, path: &[String], inline: &str) -> String {
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut lines = String::new();
        for (depth, part) in path.iter().enumerate() {
            let indent = " ".repeat(column + depth * self.step);
            let value = if depth + 1 == path.len() { format!(" {inline}") } else { String::new() };
            lines.push_str(&format!("{indent}{}:{value}{newline}", self.key(part)));
        }
        let end = self.line_end(after);
        let (head, tail) = self.text.split_at(end);
        match tail.strip_prefix("\r\n").or_else(|| tail.strip_prefix('\n')) {
            Some(rest) => format!("{head}{newline}{lines}{rest}"),
            None if head.is_empty() || head.ends_with('\n') => format!("{head}{lines}{tail}"),
            // The last line has no end: neither has the one that is last then.
            None => format!("{head}{newline}{}", lines.trim_end()),
        }
    }

    pub(super) fn unset(&self, root: &Node, path: &[String]) -> Option<String> {
        // The outermost that would be left with nothing goes whole.
        let (mut at, mut found) = (root, None);
        for part in path {
            let Kind::Table { entries, in_braces } = &at.kind else { return None };
            let index = entries.iter().position(|it| it.key == *part)?;
            if entries.len() > 1 || found.is_none() {
                found = Some((at, entries, *in_braces, index));
            }
            at = &entries[index].node;
        }
        let (_, entries, in_braces, index) = found?;
        let entry = &entries[index];
        let range = match (in_braces, entries.get(index + 1)) {
            (true, Some(next)) => entry.begin..next.begin,
            (true, None) if index > 0 => entries[index - 1].node.span.end..entry.node.span.end,
            (true, None) => entry.begin..entry.node.span.end,
            (false, _) => {
                let begin = self.text[..entry.begin].rfind('\n').map_or(0, |it| it + 1);
                if !self.text[begin..entry.begin].trim().is_empty() {
                    return None;
                }
                let end = self.line_end(entry.node.span.end.max(entry.colon));
                let end = self.text[end..].find('\n').map_or(self.text.len(), |it| end + it + 1);
                begin..end
            }
        };
        Some(self.spliced(range, ""))
    }

    /// `a: {b: value}`.
    fn pair(&self, path: &[String], inline: &str) -> String {
        match path {
            [] => inline.to_owned(),
            [key] => format!("{}: {inline}", self.key(key)),
            [key, rest @ ..] => format!("{}: {{{}}}", self.key(key), self.pair(rest, inline)),
        }
    }

    fn key(&self, key: &str) -> String {
        let is_plain = key.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
            && key.chars().all(|it| it.is_ascii_alphanumeric() || "_-/".contains(it))
            && !matches!(key, "true" | "false" | "null");
        match self.format {
            Format::Yaml if is_plain => key.to_owned(),
            _ => Value::from(key).to_string(),
        }
    }

    fn spliced(&self, range: Range<usize>, with: &str) -> String {
        format!("{}{with}{}", &self.text[..range.start], &self.text[range.end..])
    }

    /// Where the line of `at` ends, its line break not included.
    fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |it| at + it);
        if self.text[at..end].ends_with('\r') { end - 1 } else { end }
    }
}

/// How much further in the keys of sections stand in this document.
fn step(root: &Node, text: &str) -> usize {
    let Kind::Table { entries, in_braces: false } = &root.kind else { return STEP };
    let inner = entries.iter().find_map(|entry| match &entry.node.kind {
        Kind::Table { entries, in_braces: false } => {
            Some(column(text, entries.first()?.begin).checked_sub(column(text, entry.begin))?)
        }
        _ => None,
    });
    inner.filter(|step| (1..=8).contains(step)).unwrap_or(STEP)
}
