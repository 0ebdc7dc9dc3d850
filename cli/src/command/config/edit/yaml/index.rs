//! Where things stand in a document, as the parser tells.

use std::ops::Range;

use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

/// Deeper no settings are.
const DEEPEST: usize = 64;

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
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
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key begins.
    pub(super) begin: usize,
    /// Behind its colon.
    pub(super) colon: usize,
    pub(super) node: Node,
}

/// The value that the document is; none if it cannot be told where things stand.
pub(super) fn root(text: &str) -> Option<Node> {
    Index::of(text)
}

/// How many characters stand before `at` on its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    let begin = text[..at].rfind('\n').map_or(0, |it| it + 1);
    text[begin..at].chars().count()
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
                    let column = column(self.text, at);
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
            let column = column(self.text, begin);
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
