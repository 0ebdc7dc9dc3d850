//! Takes a text apart without losing anything: the tokens one behind the other are the text.
//!
//! It holds for any text. What is no protobuf becomes tokens all the same, and whoever wants
//! to know whether it is protobuf asks the parser.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Spaces, tabs, line breaks, and the mark that some editors put in front of a file.
    Space,
    /// From `//` to the end of the line, without the line break.
    LineComment,
    /// From `/*` to `*/`, or to the end of the text.
    BlockComment,
    /// A name or a keyword.
    Word,
    /// A number, with the letters that belong to it.
    Number,
    /// A text with its quotes; one that is not closed ends with its line.
    Text,
    /// One character of anything else.
    Mark,
}

impl Kind {
    pub(crate) fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment)
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) offset: usize,
}

/// A place in a text, from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// All tokens of `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(rest) = text.get(offset..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first(rest);
        // A length of at least one, at the end of a character.
        let text = rest.get(..length).unwrap_or(rest);
        tokens.push(Token { kind, text, offset });
        offset += text.len();
    }
    tokens
}

/// The tokens of `text`, each with its place.
pub(crate) fn positions(text: &str) -> Vec<(Token<'_>, Position)> {
    let mut at = Position { line: 1, column: 1 };
    let mut placed = Vec::new();
    for token in tokens(text) {
        placed.push((token, at));
        let breaks = token.text.matches('\n').count();
        let last = token.text.rsplit('\n').next().unwrap_or_default().chars().count();
        at = if breaks == 0 {
            Position { line: at.line, column: at.column + last }
        } else {
            Position { line: at.line + breaks, column: last + 1 }
        };
    }
    placed
}

/// What `rest`, which is not empty, begins with, and its length in bytes.
fn first(rest: &str) -> (Kind, usize) {
    let until = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
    let Some(c) = rest.chars().next() else { return (Kind::Space, 0) };
    if is_space(c) {
        (Kind::Space, until(is_space))
    } else if rest.starts_with("//") {
        let line = rest.find('\n').unwrap_or(rest.len());
        // The line break of Windows is none of the comment's.
        let line = rest.get(..line).map_or(line, |it| it.strip_suffix('\r').unwrap_or(it).len());
        (Kind::LineComment, line)
    } else if let Some(inner) = rest.strip_prefix("/*") {
        (Kind::BlockComment, inner.find("*/").map_or(rest.len(), |end| end + 4))
    } else if c == '"' || c == '\'' {
        (Kind::Text, text_length(rest, c))
    } else if c.is_ascii_alphabetic() || c == '_' {
        (Kind::Word, until(|c| c.is_ascii_alphanumeric() || c == '_'))
    } else if c.is_ascii_digit() || is_fraction(rest) {
        (Kind::Number, number_length(rest))
    } else {
        (Kind::Mark, c.len_utf8())
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}' || c == '\u{feff}'
}

/// Whether it begins like `.5`.
fn is_fraction(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Letters belong to a number (`0x1F`, `1e9`, `2f`), and so does the sign behind an exponent.
fn number_length(rest: &str) -> usize {
    let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
    let mut before = ' ';
    for (offset, c) in rest.char_indices() {
        let is_sign = (c == '+' || c == '-') && !is_hex && matches!(before, 'e' | 'E');
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || is_sign) {
            return offset;
        }
        before = c;
    }
    rest.len()
}

fn text_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return offset,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return offset + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<(Kind, &str)> {
        tokens(text)
            .into_iter()
            .filter(|token| token.kind != Kind::Space)
            .map(|token| (token.kind, token.text))
            .collect()
    }

    #[test]
    fn comments_texts_and_numbers_are_one_token_each() {
        use Kind::{BlockComment, LineComment, Mark, Number, Text, Word};
        assert_eq!(
            shown("a/*b*/=-1.5e+3 // c\r\n'x\\'\"' .5 0x1e+1 /* open"),
            [
                (Word, "a"),
                (BlockComment, "/*b*/"),
                (Mark, "="),
                (Mark, "-"),
                (Number, "1.5e+3"),
                (LineComment, "// c"),
                (Text, "'x\\'\"'"),
                (Number, ".5"),
                (Number, "0x1e"),
                (Mark, "+"),
                (Number, "1"),
                (BlockComment, "/* open"),
            ]
        );
    }

    #[test]
    fn places_count_lines_and_characters() {
        let text = "ä /* b\n */ c\n  d";
        let places: Vec<_> = positions(text)
            .into_iter()
            .filter(|(token, _)| token.kind != Kind::Space)
            .map(|(token, at)| (token.text, at.line, at.column))
            .collect();
        assert_eq!(places, [("ä", 1, 1), ("/* b\n */", 1, 3), ("c", 2, 5), ("d", 3, 3)]);
    }

    proptest! {
        #[test]
        fn nothing_of_any_bytes_is_lost(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes);
            let whole: String = tokens(&text).iter().map(|token| token.text).collect();
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn nothing_of_what_looks_like_a_proto_is_lost(
            text in r#"([a-z_]{1,3}|[0-9.]{1,3}|"[^"]{0,3}"?|'|/\*|\*/|//|[ \t\r\n]|[{}()<>=;,.:\[\]-]|é){0,80}"#,
        ) {
            let tokens = tokens(&text);
            let whole: String = tokens.iter().map(|token| token.text).collect();
            prop_assert_eq!(&whole, &text);
            let mut offset = 0;
            for token in tokens {
                prop_assert!(!token.text.is_empty());
                prop_assert_eq!(token.offset, offset);
                offset += token.text.len();
            }
        }
    }
}
