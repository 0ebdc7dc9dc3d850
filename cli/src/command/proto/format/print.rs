//! Writes statements in the one form that they are to have.
//!
//! Lines end where the grammar says; brackets are opened up where their author did, where a comment
//! needs it, or where a line would be too long. All of that can be read off the result, so that
//! formatting it again changes nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::protofile::Kind;

use super::tree::{Comment, End, Group, Leaf, Manner, Node, Statement};

/// How many characters a line may have.
pub(super) const WIDTH: usize = 100;
const INDENT: usize = 2;
/// What goes on in the next line stands this much further in.
const CONTINUED: usize = 4;

/// What stands in front of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Nothing,
    Space,
    /// A line of its own; an empty one before it is kept, or not.
    Line {
        keeps_empty: bool,
    },
    /// The next line, as a part of what this one began.
    Continued,
}

#[derive(Debug, Default)]
pub(super) struct Printer {
    out: String,
    level: usize,
    /// An empty line comes before the next line.
    wants_empty: bool,
    /// Brackets that are opened up because a line was too long, by their offsets.
    opened: BTreeSet<usize>,
    /// Brackets of the statement at hand that are not opened up: where their line begins in `out`.
    closed: Vec<(usize, usize)>,
    /// Where the comments of the statement at hand are in `out`.
    said: Vec<Range<usize>>,
    /// The statement at hand begins its last part in a new line.
    is_split: bool,
}

/// What the whole file is.
pub(super) fn file(statements: &[Statement<'_>], end: &Leaf<'_>) -> String {
    let mut printer = Printer::default();
    printer.statements(statements, true);
    printer.put(end, Gap::Line { keeps_empty: true });
    let mut out = printer.out;
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

impl Printer {
    fn statements(&mut self, statements: &[Statement<'_>], is_file: bool) {
        let mut before: Option<&Statement<'_>> = None;
        for statement in statements {
            let first = statement.first();
            self.wants_empty = is_file
                && before.is_some_and(|before| are_apart(before, statement))
                && !first.has_empty_line();
            let keeps_empty = before.is_some();
            let is_more_of =
                before.is_some() && statement.nodes.is_empty() && first.comments.is_empty();
            let gap = if is_more_of { Gap::Nothing } else { Gap::Line { keeps_empty } };
            self.statement(statement, gap);
            before = Some(statement);
        }
    }

    fn statement(&mut self, statement: &Statement<'_>, gap: Gap) {
        let (start, wants_empty) = (self.out.len(), self.wants_empty);
        self.is_split = false;
        loop {
            self.closed.clear();
            self.said.clear();
            self.wants_empty = wants_empty;
            self.head(statement, gap);
            if !self.is_too_long(statement, start) {
                break;
            }
            self.out.truncate(start);
        }
        if let End::Body { statements, close, .. } = &statement.end {
            if statements.is_empty() && close.comments.is_empty() {
                return self.put(close, Gap::Nothing);
            }
            self.level += 1;
            self.statements(statements, false);
            self.closing(close, !statements.is_empty());
        }
    }

    /// Puts the bracket that ends a level; the comments before it are still inside.
    fn closing(&mut self, close: &Leaf<'_>, keeps_empty: bool) {
        let inside = Leaf { text: "", ..close.clone() };
        if !close.comments.is_empty() {
            self.put(&inside, Gap::Line { keeps_empty });
            self.out.truncate(self.out.trim_end_matches([' ', '\n']).len());
        }
        self.level -= 1;
        let bare = Leaf { comments: Vec::new(), breaks: 1, ..close.clone() };
        self.put(&bare, Gap::Line { keeps_empty: false });
    }

    /// Everything up to the `;` or `{`.
    fn head(&mut self, statement: &Statement<'_>, gap: Gap) {
        self.nodes(&statement.nodes, gap, Some(statement.keyword()));
        match &statement.end {
            End::Semicolon(leaf) if statement.nodes.is_empty() => self.put(leaf, gap),
            End::Semicolon(leaf) => self.put(leaf, Gap::Nothing),
            End::Body { open, .. } => self.put(open, Gap::Space),
        }
    }

    /// Whether a line of the statement that begins at `start` is too long, and something was found
    /// that makes it shorter.
    fn is_too_long(&mut self, statement: &Statement<'_>, start: usize) -> bool {
        let mut line_start = start;
        let mut is_any = false;
        for line in self.out.get(start..).unwrap_or_default().split('\n') {
            let line_end = line_start + line.len();
            // Comments are as long as they are.
            let comments = self.said.iter().filter(|said| said.start < line_end);
            let comments = comments.filter_map(|said| {
                self.out.get(said.start.max(line_start)..said.end.min(line_end))
            });
            let comments: usize = comments.map(|text| text.chars().count()).sum();
            let is_long = line.chars().count() > WIDTH + comments;
            if is_long {
                is_any = true;
                let here = self.closed.iter().find(|(at, _)| (line_start..=line_end).contains(at));
                if let Some((_, offset)) = here {
                    self.opened.insert(*offset);
                    return true;
                }
            }
            line_start = line_end + 1;
        }
        let can_split = statement.keyword() == "rpc" && !self.is_split;
        if is_any && can_split {
            self.is_split = true;
        }
        is_any && can_split
    }

    fn nodes(&mut self, nodes: &[Node<'_>], first: Gap, keyword: Option<&str>) {
        let fills = matches!(keyword, Some("reserved" | "extensions"));
        for (index, node) in nodes.iter().enumerate() {
            let gap = match index.checked_sub(1).and_then(|before| nodes.get(before)) {
                None => first,
                Some(before) => {
                    let next = nodes.get(index + 1);
                    let gap = gap(before, node, next);
                    let is_rpc = keyword == Some("rpc");
                    let is_split = is_rpc && self.is_split && node.is("returns");
                    let is_full = fills && before.is(",") && !self.has_room(&nodes[index..]);
                    if is_rpc && index == 2 && node.first().text == "(" {
                        Gap::Nothing
                    } else if is_split || is_full {
                        Gap::Continued
                    } else {
                        gap
                    }
                }
            };
            match node {
                Node::Leaf(leaf) => self.put(leaf, gap),
                Node::Group(group) => self.group(group, gap),
            }
        }
    }

    /// Whether what comes up to the next comma fits into the line.
    fn has_room(&self, nodes: &[Node<'_>]) -> bool {
        let upto = nodes.iter().position(|node| node.is(",")).unwrap_or(nodes.len());
        let texts = nodes.iter().take(upto).map(|node| node.first().text.chars().count() + 1);
        let column = self.out.rsplit('\n').next().unwrap_or_default().chars().count();
        column + texts.sum::<usize>() < WIDTH
    }

    fn group(&mut self, group: &Group<'_>, gap: Gap) {
        let is_open = self.is_open(group);
        self.put(&group.open, gap);
        if !is_open {
            if group.manner == Manner::Open && !group.items.is_empty() && !is_handed_on(group) {
                self.closed.push((self.out.len(), group.open.offset));
            }
            for (index, item) in group.items.iter().enumerate() {
                self.nodes(item, if index == 0 { Gap::Nothing } else { Gap::Space }, None);
            }
            return self.put(&group.close, Gap::Nothing);
        }
        self.level += 1;
        for (index, item) in group.items.iter().enumerate() {
            self.nodes(item, Gap::Line { keeps_empty: index > 0 }, None);
        }
        self.closing(&group.close, !group.items.is_empty());
    }

    /// Whether each item has a line of its own.
    fn is_open(&self, group: &Group<'_>) -> bool {
        if group.manner == Manner::Close {
            return false;
        }
        let first = group.items.first().and_then(|item| item.first()).map(Node::first);
        let has_comment = |node: &Node<'_>| match node {
            Node::Leaf(leaf) => leaf.has_line_comment(),
            Node::Group(inner) => inner.open.has_line_comment(),
        };
        match first {
            Some(first) => {
                first.breaks_before() > 0
                    || self.opened.contains(&group.open.offset)
                    || group.close.has_line_comment()
                    || group.items.iter().flatten().any(has_comment)
            }
            None => !group.close.comments.is_empty(),
        }
    }

    /// Writes a token with its comments.
    fn put(&mut self, leaf: &Leaf<'_>, gap: Gap) {
        let mut gap = gap;
        for (index, comment) in leaf.comments.iter().enumerate() {
            let next = leaf.comments.get(index + 1).map_or(leaf.breaks, |next| next.breaks);
            gap = self.comment(comment, next, gap, leaf);
        }
        if leaf.text.is_empty() {
            return;
        }
        self.gap(gap, leaf.breaks);
        self.out.push_str(leaf.text);
    }

    /// Writes a comment, and says what stands between it and what comes next.
    fn comment(&mut self, comment: &Comment<'_>, next: usize, gap: Gap, leaf: &Leaf<'_>) -> Gap {
        let is_line = comment.kind == Kind::LineComment;
        let is_behind = comment.breaks == 0 && !self.out.is_empty();
        if let Gap::Line { .. } = gap {
            // At the end of the line before, if nothing follows it there.
            if is_behind && (is_line || next > 0 || leaf.text.is_empty()) {
                self.text_of(comment, Gap::Space);
                return if matches!(gap, Gap::Line { keeps_empty: false }) {
                    Gap::Line { keeps_empty: false }
                } else {
                    gap
                };
            }
            self.gap(gap, comment.breaks);
            self.text_of(comment, Gap::Nothing);
            return if is_line || next > 0 { Gap::Line { keeps_empty: true } } else { Gap::Space };
        }
        let closes = matches!(leaf.text, ";" | "," | ")" | "]" | ">" | "}");
        let behind = if closes { Gap::Nothing } else { Gap::Space };
        if is_behind {
            let opener = self.out.ends_with(['(', '[', '<', '{']);
            self.text_of(comment, if opener { Gap::Nothing } else { Gap::Space });
            return if is_line { Gap::Continued } else { behind };
        }
        self.gap(Gap::Continued, 1);
        self.text_of(comment, Gap::Nothing);
        if is_line || next > 0 { Gap::Continued } else { behind }
    }

    fn text_of(&mut self, comment: &Comment<'_>, gap: Gap) {
        self.gap(gap, 0);
        let (indent, start) = (self.level * INDENT, self.out.len());
        for (index, line) in comment.text.lines().enumerate() {
            if index > 0 {
                self.out.push('\n');
                if line.trim_start().starts_with('*') {
                    self.out.push_str(&" ".repeat(indent + 1));
                    self.out.push_str(line.trim());
                    continue;
                }
            }
            self.out.push_str(line.trim_end());
        }
        self.said.push(start..self.out.len());
    }

    fn gap(&mut self, gap: Gap, breaks: usize) {
        match gap {
            Gap::Nothing => {}
            Gap::Space => self.out.push(' '),
            Gap::Line { .. } | Gap::Continued if self.out.is_empty() => {}
            Gap::Line { keeps_empty } => {
                let is_empty = (keeps_empty && breaks > 1) || std::mem::take(&mut self.wants_empty);
                self.out.push_str(if is_empty { "\n\n" } else { "\n" });
                self.out.push_str(&" ".repeat(self.level * INDENT));
            }
            Gap::Continued => {
                self.out.push('\n');
                self.out.push_str(&" ".repeat(self.level * INDENT + CONTINUED));
            }
        }
    }
}

/// Whether its only item ends in brackets, which are opened up in its stead.
fn is_handed_on(group: &Group<'_>) -> bool {
    match group.items.as_slice() {
        [only] => matches!(
            only.last(),
            Some(Node::Group(inner)) if inner.manner == Manner::Open && !inner.items.is_empty()
        ),
        _ => false,
    }
}

/// Whether an empty line belongs between two statements of a file.
fn are_apart(before: &Statement<'_>, next: &Statement<'_>) -> bool {
    let is_block = |statement: &Statement<'_>| match &statement.end {
        End::Body { statements, close, .. } => !statements.is_empty() || !close.comments.is_empty(),
        End::Semicolon(_) => false,
    };
    if next.nodes.is_empty() {
        return false;
    }
    let heads = ["syntax", "edition", "package", "import", "option"];
    let (a, b) = (before.keyword(), next.keyword());
    is_block(before) || is_block(next) || (a != b && (heads.contains(&a) || heads.contains(&b)))
}

/// What stands between two parts of a statement.
fn gap(before: &Node<'_>, node: &Node<'_>, next: Option<&Node<'_>>) -> Gap {
    let leaf = node.first();
    let last = match before {
        Node::Leaf(leaf) => leaf.text,
        Node::Group(group) => group.close.text,
    };
    let is_text = |node: &Node<'_>| node.first().kind == Kind::Text;
    if leaf.kind == Kind::Text && leaf.breaks_before() > 0 {
        // Texts that belong together stay below each other.
        let is_first = (last == "=" || last == ":") && next.is_some_and(is_text);
        if is_text(before) || is_first {
            return Gap::Continued;
        }
    }
    match leaf.text {
        ";" | "," | ":" | "/" => Gap::Nothing,
        _ if matches!(last, "." | "-" | "/") => Gap::Nothing,
        // A name that begins with a dot is apart from the keyword before it.
        "." => {
            let labels = ["optional", "required", "repeated", "stream", "extend"];
            let is_name = last == "," || (labels.contains(&last) && leaf.is_apart);
            if is_name { Gap::Space } else { Gap::Nothing }
        }
        "<" if last == "map" => Gap::Nothing,
        _ => Gap::Space,
    }
}
