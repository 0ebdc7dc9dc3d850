//! YAML, and JSON, which is YAML too: text is spliced where the parser says that a value stands.
//!
//! What comes of it is read again by whoever asked: a splice that says anything else than was meant is
//! not used. So this may be simple where a document is not.

use std::ops::Range;

use serde_json::Value;
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use super::{Edit, Format};

/// How much further in a section's keys stand, where the document does not show it.
const STEP: usize = 2;
/// Deeper no settings are.
const DEEPEST: usize = 64;

/// A value, and where it stands.
#[derive(Debug)]
struct Node {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Nothing behind the colon.
    Empty,
    /// `null` or `~`.
    Null,
    Single,
    List,
    Table {
        entries: Vec<Entry>,
        in_braces: bool,
    },
}

#[derive(Debug)]
struct Entry {
    key: String,
    /// Where the key begins.
    begin: usize,
    /// Behind its colon.
    colon: usize,
    node: Node,
}

/// The texts that the edit may make, the plainest first.
pub(super) fn edited(format: Format, text: &str, edit: &Edit) -> Vec<String> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (bom, text) = text.split_at(mark);
    let Some(root) = Index::of(text) else { return Vec::new() };
    let writer = Writer { format, text, step: step(&root, text) };
    let made = match edit {
        Edit::Unset { path } => vec![writer.unset(&root, path)],
        Edit::Set { path, text: typed, value } => writer
            .renderings(typed, value)
            .iter()
            .map(|inline| writer.set(&root, path, inline))
            .collect(),
    };
    made.into_iter().flatten().map(|text| format!("{bom}{text}")).collect()
}

pub(super) fn spans(text: &str, keys: &[&str]) -> Vec<Option<Range<usize>>> {
    let root = Index::of(text);
    let find = |key: &&str| {
        let mut at = root.as_ref()?;
        for part in key.split('.') {
            let Kind::Table { entries, .. } = &at.kind else { return None };
            at = &entries.iter().find(|it| it.key == part)?.node;
        }
        Some(at.span.clone())
    };
    keys.iter().map(find).collect()
}

struct Writer<'a> {
    format: Format,
    text: &'a str,
    step: usize,
}

impl Writer<'_> {
    /// The ways in which a value may be written on one line.
    fn renderings(&self, typed: &str, value: &Value) -> Vec<String> {
        let json = value.to_string();
        match self.format {
            Format::Json => vec![json],
            _ if typed.is_empty() || typed.contains('\n') => vec![json],
            _ => vec![typed.to_owned(), json],
        }
    }

    fn set(&self, root: &Node, path: &[String], inline: &str) -> Option<String> {
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
        let column = self.column(entry.begin) + self.step;
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
            return self.append(last.node.span.end, self.column(first.begin), path, inline);
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

    fn unset(&self, root: &Node, path: &[String]) -> Option<String> {
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

    fn column(&self, at: usize) -> usize {
        let begin = self.text[..at].rfind('\n').map_or(0, |it| it + 1);
        self.text[begin..at].chars().count()
    }
}

/// How much further in the keys of sections stand in this document.
fn step(root: &Node, text: &str) -> usize {
    let writer = Writer { format: Format::Yaml, text, step: STEP };
    let Kind::Table { entries, in_braces: false } = &root.kind else { return STEP };
    let inner = entries.iter().find_map(|entry| match &entry.node.kind {
        Kind::Table { entries, in_braces: false } => {
            Some(writer.column(entries.first()?.begin).checked_sub(writer.column(entry.begin))?)
        }
        _ => None,
    });
    inner.filter(|step| (1..=8).contains(step)).unwrap_or(STEP)
}

/// Reads where things stand.
struct Index<'a> {
    text: &'a str,
    /// The byte at which each character begins, and the end.
    bytes: Vec<usize>,
    parser: Parser<std::str::Chars<'a>>,
    depth: usize,
}

impl<'a> Index<'a> {
    /// The value that the document is; none if it cannot be told where things stand.
    fn of(text: &'a str) -> Option<Node> {
        let bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut index = Self { text, bytes, parser: Parser::new_from_str(text), depth: 0 };
        loop {
            match index.next()? {
                (Event::StreamStart | Event::DocumentStart, _) => {}
                (Event::StreamEnd, at) => return Some(Node { span: at..at, kind: Kind::Empty }),
                (event, at) => return index.node(event, at, 0, 0),
            }
        }
    }

    fn next(&mut self) -> Option<(Event, usize)> {
        let (event, mark): (Event, Marker) = self.parser.next_token().ok()?;
        Some((event, *self.bytes.get(mark.index())?))
    }

    /// `colon` is behind that of its key, whose column is `column`.
    fn node(&mut self, event: Event, at: usize, colon: usize, column: usize) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let node = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, at, colon, column)?,
            Event::Alias(_) => {
                let is_name = |it: char| !it.is_whitespace() && !",[]{}".contains(it);
                let rest = &self.text[at..];
                let length = rest.find(|it| !is_name(it)).unwrap_or(rest.len());
                Node { span: at..at + length, kind: Kind::Single }
            }
            Event::SequenceStart(..) => self.list(at)?,
            Event::MappingStart(..) => self.table(at)?,
            _ => return None,
        };
        self.depth -= 1;
        Some(node)
    }

    fn scalar(
        &self,
        text: &str,
        style: TScalarStyle,
        at: usize,
        colon: usize,
        column: usize,
    ) -> Option<Node> {
        let rest = &self.text[at..];
        let (length, kind) = match style {
            // A value that is not there is told where the next one begins.
            TScalarStyle::Plain if text.is_empty() => {
                return Some(Node { span: colon..colon, kind: Kind::Empty });
            }
            TScalarStyle::Plain if matches!(text, "~" | "null") => (text.len(), Kind::Null),
            TScalarStyle::Plain => (rest.starts_with(text).then_some(text.len())?, Kind::Single),
            TScalarStyle::SingleQuoted | TScalarStyle::DoubleQuoted => {
                (quoted(rest)?, Kind::Single)
            }
            // Told where its text begins: what makes it one stands before, on the line of its key.
            TScalarStyle::Literal | TScalarStyle::Folded => {
                let begin = colon + self.text[colon..at].find(['|', '>'])?;
                let span = begin..begin + block(&self.text[begin..], column)?;
                return Some(Node { span, kind: Kind::Single });
            }
        };
        Some(Node { span: at..at + length, kind })
    }

    fn list(&mut self, at: usize) -> Option<Node> {
        let in_brackets = self.text[at..].starts_with('[');
        let mut end = at;
        loop {
            match self.next()? {
                (Event::SequenceEnd, mark) => {
                    let end = if in_brackets { mark + 1 } else { end };
                    return Some(Node { span: at..end, kind: Kind::List });
                }
                (event, mark) => {
                    let column =
                        Writer { format: Format::Yaml, text: self.text, step: STEP }.column(at);
                    let node = self.node(event, mark, end, column)?;
                    end = end.max(node.span.end);
                }
            }
        }
    }

    fn table(&mut self, at: usize) -> Option<Node> {
        let in_braces = self.text[at..].starts_with('{');
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, style, begin) = match self.next()? {
                (Event::MappingEnd, mark) => {
                    let last = entries.last().map_or(at, |it| it.node.span.end.max(it.colon));
                    // One without braces is told at its first colon.
                    let first = entries.first().map_or(at, |it| it.begin);
                    let span = if in_braces { at..mark + 1 } else { first..last };
                    let kind = Kind::Table { entries, in_braces };
                    return Some(Node { span, kind });
                }
                (Event::Scalar(key, style, ..), begin) => (key, style, begin),
                _ => return None,
            };
            let rest = &self.text[begin..];
            let length = match style {
                TScalarStyle::Plain => rest.starts_with(&key).then_some(key.len())?,
                TScalarStyle::SingleQuoted | TScalarStyle::DoubleQuoted => quoted(rest)?,
                TScalarStyle::Literal | TScalarStyle::Folded => return None,
            };
            let behind = &rest[length..];
            let gap = behind.len() - behind.trim_start().len();
            let is_pair = behind[gap..].starts_with(':');
            let colon = begin + length + gap + 1;
            let column = Writer { format: Format::Yaml, text: self.text, step: STEP }.column(begin);
            let (event, mark) = self.next()?;
            if !is_pair {
                return None;
            }
            let node = self.node(event, mark, colon, column)?;
            entries.push(Entry { key, begin, colon, node });
        }
    }
}

/// How long the text in quotes is that `rest` begins with.
fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next()?;
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if quote == '"' && letter == '\\' {
            letters.next();
        } else if letter == quote {
            match letters.peek() {
                Some((_, next)) if quote == '\'' && *next == '\'' => {
                    letters.next();
                }
                _ => return Some(at + 1),
            }
        }
    }
    None
}

/// How long the block is that `rest` begins with, `|` or `>`, under a key at this column. Blank lines
/// at its end are not part of it.
fn block(rest: &str, column: usize) -> Option<usize> {
    let mut end = rest.find('\n')?;
    let mut at = end + 1;
    for line in rest[at..].split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        if !is_blank && indent <= column {
            break;
        }
        if !is_blank {
            end = at + line.trim_end_matches(['\r', '\n']).len();
        }
        at += line.len();
    }
    Some(end)
}
