//! The statements of a proto, with every comment and every line break that was there.
//!
//! Only as much of the grammar as decides where lines end: what may stand where is the parser's
//! business, and it was asked before.

use crate::protofile::{Kind, tokens};

/// A comment in front of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Line breaks between it and what stands before it.
    pub(super) breaks: usize,
}

/// A token that means something, with what stands between it and the one before.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'a> {
    pub(super) kind: Kind,
    /// Empty at the end of the file.
    pub(super) text: &'a str,
    pub(super) offset: usize,
    pub(super) comments: Vec<Comment<'a>>,
    /// Line breaks between it and its last comment, or what stands before it.
    pub(super) breaks: usize,
    /// Whether anything is between it and the token before.
    pub(super) is_apart: bool,
}

impl Leaf<'_> {
    /// Line breaks in front of all that belongs to it.
    pub(super) fn breaks_before(&self) -> usize {
        self.comments.first().map_or(self.breaks, |comment| comment.breaks)
    }

    pub(super) fn has_line_comment(&self) -> bool {
        self.comments.iter().any(|comment| comment.kind == Kind::LineComment)
    }

    /// Whether an empty line is in front of it or of one of its comments.
    pub(super) fn has_empty_line(&self) -> bool {
        self.breaks > 1 || self.comments.iter().any(|comment| comment.breaks > 1)
    }
}

#[derive(Clone, Debug)]
pub(super) enum Node<'a> {
    Leaf(Leaf<'a>),
    Group(Group<'a>),
}

/// What may become of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It stays on a line: parentheses, the types of a map, the name of an extension.
    Close,
    /// Each item may have a line: options of fields, aggregates, lists.
    Open,
}

/// What is between brackets and is no body of a definition.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub(super) manner: Manner,
    pub(super) open: Leaf<'a>,
    /// Each with the separator behind it.
    pub(super) items: Vec<Vec<Node<'a>>>,
    pub(super) close: Leaf<'a>,
}

#[derive(Clone, Debug)]
pub(super) struct Statement<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) end: End<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum End<'a> {
    Semicolon(Leaf<'a>),
    Body { open: Leaf<'a>, statements: Vec<Statement<'a>>, close: Leaf<'a> },
}

impl<'a> Node<'a> {
    /// Its first token.
    pub(super) fn first(&self) -> &Leaf<'a> {
        match self {
            Self::Leaf(leaf) => leaf,
            Self::Group(group) => &group.open,
        }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Leaf(leaf) if leaf.text == text)
    }
}

impl<'a> Statement<'a> {
    pub(super) fn first(&self) -> &Leaf<'a> {
        match (self.nodes.first(), &self.end) {
            (Some(node), _) => node.first(),
            (None, End::Semicolon(leaf) | End::Body { open: leaf, .. }) => leaf,
        }
    }

    /// The keyword that it begins with.
    pub(super) fn keyword(&self) -> &'a str {
        self.first().text
    }
}

/// The statements of a file, and its end with the comments in front of it; none if brackets do not
/// fit each other.
pub(super) fn read(text: &str) -> Option<(Vec<Statement<'_>>, Leaf<'_>)> {
    let mut leaves = leaves(text);
    leaves.reverse();
    let mut reader = Reader { left: leaves };
    let statements = reader.statements()?;
    let end = reader.left.pop()?;
    (end.text.is_empty() && reader.left.is_empty()).then_some((statements, end))
}

fn leaves(text: &str) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    let (mut comments, mut breaks, mut is_apart) = (Vec::new(), 0, false);
    for token in tokens(text) {
        let (kind, text) = (token.kind, token.text);
        match kind {
            Kind::Space => breaks += text.matches('\n').count(),
            Kind::LineComment | Kind::BlockComment => {
                comments.push(Comment { kind, text, breaks });
                breaks = 0;
            }
            Kind::Word | Kind::Number | Kind::Text | Kind::Mark => {
                let comments = std::mem::take(&mut comments);
                let offset = token.offset;
                leaves.push(Leaf { kind, text, offset, comments, breaks, is_apart });
                breaks = 0;
            }
        }
        is_apart = kind == Kind::Space || kind.is_comment();
    }
    let offset = text.len();
    leaves.push(Leaf { kind: Kind::Mark, text: "", offset, comments, breaks, is_apart });
    leaves
}

/// Takes tokens from the end of a list that stands the other way round.
struct Reader<'a> {
    left: Vec<Leaf<'a>>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> &'a str {
        self.left.last().map_or("", |leaf| leaf.text)
    }

    fn kind(&self) -> Option<Kind> {
        self.left.last().map(|leaf| leaf.kind)
    }

    fn take(&mut self) -> Option<Leaf<'a>> {
        self.left.pop().filter(|leaf| !leaf.text.is_empty())
    }

    fn take_if(&mut self, texts: &[&str]) -> Option<Node<'a>> {
        if texts.contains(&self.peek()) { self.take().map(Node::Leaf) } else { None }
    }

    fn statements(&mut self) -> Option<Vec<Statement<'a>>> {
        let mut statements = Vec::new();
        while !matches!(self.peek(), "" | "}") {
            statements.push(self.statement()?);
        }
        Some(statements)
    }

    fn statement(&mut self) -> Option<Statement<'a>> {
        let is_option = self.peek() == "option";
        let mut nodes = Vec::new();
        loop {
            match self.peek() {
                ";" => {
                    return Some(Statement { nodes, end: End::Semicolon(self.take()?) });
                }
                "{" if !is_option => {
                    let open = self.take()?;
                    let statements = self.statements()?;
                    let close = self.take()?;
                    return Some(Statement { nodes, end: End::Body { open, statements, close } });
                }
                "{" => nodes.push(self.aggregate("}")?),
                "(" => nodes.push(self.plain(")")?),
                "<" => nodes.push(self.plain(">")?),
                "[" => nodes.push(self.options()?),
                "" | "}" | ")" | "]" => return None,
                _ => nodes.push(Node::Leaf(self.take()?)),
            }
        }
    }

    /// A group that is read as it stands.
    fn plain(&mut self, end: &str) -> Option<Node<'a>> {
        let open = self.take()?;
        let mut item = Vec::new();
        while self.peek() != end {
            match self.peek() {
                "(" => item.push(self.plain(")")?),
                "" | ";" | "{" | "}" => return None,
                _ => item.push(Node::Leaf(self.take()?)),
            }
        }
        let close = self.take()?;
        Some(Node::Group(Group { manner: Manner::Close, open, items: vec![item], close }))
    }

    /// `[a = 1, (b).c = {…}]`
    fn options(&mut self) -> Option<Node<'a>> {
        let open = self.take()?;
        let (mut items, mut item) = (Vec::new(), Vec::new());
        while self.peek() != "]" {
            match self.peek() {
                "(" => item.push(self.plain(")")?),
                "{" => item.push(self.aggregate("}")?),
                "," => {
                    item.push(Node::Leaf(self.take()?));
                    items.push(std::mem::take(&mut item));
                }
                "" | ";" | "}" | "[" => return None,
                _ => item.push(Node::Leaf(self.take()?)),
            }
        }
        if !item.is_empty() {
            items.push(item);
        }
        let close = self.take()?;
        Some(Node::Group(Group { manner: Manner::Open, open, items, close }))
    }

    /// `{a: 1 b {…} [c.d]: [1, 2]}`, or the same between `<` and `>`.
    fn aggregate(&mut self, end: &str) -> Option<Node<'a>> {
        let open = self.take()?;
        let mut items = Vec::new();
        while self.peek() != end {
            let mut item = Vec::new();
            match self.peek() {
                "[" => item.push(self.plain("]")?),
                _ if self.kind() == Some(Kind::Word) => item.push(Node::Leaf(self.take()?)),
                _ => return None,
            }
            item.extend(self.take_if(&[":"]));
            self.value(&mut item)?;
            item.extend(self.take_if(&[",", ";"]));
            items.push(item);
        }
        let close = self.take()?;
        Some(Node::Group(Group { manner: Manner::Open, open, items, close }))
    }

    fn value(&mut self, item: &mut Vec<Node<'a>>) -> Option<()> {
        match self.peek() {
            "{" => item.push(self.aggregate("}")?),
            "<" => item.push(self.aggregate(">")?),
            "[" => {
                let open = self.take()?;
                let mut items = Vec::new();
                while self.peek() != "]" {
                    let mut one = Vec::new();
                    self.value(&mut one)?;
                    one.extend(self.take_if(&[","]));
                    items.push(one);
                }
                let close = self.take()?;
                item.push(Node::Group(Group { manner: Manner::Open, open, items, close }));
            }
            _ => {
                item.extend(self.take_if(&["-"]));
                let kind = self.kind()?;
                if !matches!(kind, Kind::Word | Kind::Number | Kind::Text) {
                    return None;
                }
                item.push(Node::Leaf(self.take()?));
                while kind == Kind::Text && self.kind() == Some(Kind::Text) {
                    item.push(Node::Leaf(self.take()?));
                }
            }
        }
        Some(())
    }
}
