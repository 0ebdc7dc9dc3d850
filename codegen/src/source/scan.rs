//! A look at a proto's text before it is parsed: what must be known or refused early.
//!
//! It reads tokens only, so that it holds for any input: comments and strings are stepped over,
//! nothing is interpreted.

/// What the text says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The name after `package`.
    pub(super) package: Option<String>,
    /// The value of `edition = "…"`, and its byte offset.
    pub(super) edition: Option<(String, usize)>,
    /// Where brackets first stand deeper than [`MAX_DEPTH`], as a byte offset.
    pub(super) too_deep: Option<usize>,
}

/// How deep brackets may nest. The parser calls itself for each level, and messages may nest 31
/// deep anyway; option values are what is left, and nobody writes this many levels of those.
pub(super) const MAX_DEPTH: usize = 100;

pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut depth = 0_usize;
    // The words since the last `;`, `{` or `}` at the top level.
    let mut statement: Vec<(&str, usize)> = Vec::new();
    for (token, offset) in (Tokens { text, at: 0 }) {
        match token {
            "{" | "[" | "(" | "<" => {
                depth += 1;
                if depth > MAX_DEPTH && scan.too_deep.is_none() {
                    scan.too_deep = Some(offset);
                }
                statement.clear();
            }
            "}" | "]" | ")" | ">" => {
                depth = depth.saturating_sub(1);
                statement.clear();
            }
            ";" => {
                if depth == 0 {
                    scan.take(&statement);
                }
                statement.clear();
            }
            word if statement.len() < 3 => statement.push((word, offset)),
            _ => {}
        }
    }
    // A file that ends in the middle of a statement still tells its edition.
    if depth == 0 {
        scan.take(&statement);
    }
    scan
}

impl Scan {
    fn take(&mut self, statement: &[(&str, usize)]) {
        match statement {
            [("package", _), (name, _)] if self.package.is_none() => {
                self.package = Some((*name).to_owned());
            }
            [("edition", offset), ("=", _), (value, _)] if self.edition.is_none() => {
                let value = value.trim_matches(['"', '\'']).to_owned();
                self.edition = Some((value, *offset));
            }
            _ => {}
        }
    }
}

/// Words, strings and single marks, each with its byte offset.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn take(&mut self, length: usize) -> (&'a str, usize) {
        let start = self.at;
        self.at = (start + length).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        (self.text.get(start..self.at).unwrap_or_default(), start)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (&'a str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..)?;
            let first = rest.chars().next()?;
            if first.is_whitespace() || first == '\u{feff}' {
                self.take(first.len_utf8());
            } else if rest.starts_with("//") {
                self.take(rest.find('\n').unwrap_or(rest.len()));
            } else if let Some(comment) = rest.strip_prefix("/*") {
                self.take(comment.find("*/").map_or(rest.len(), |end| end + 4));
            } else if first == '"' || first == '\'' {
                return Some(self.take(string_length(rest, first)));
            } else if is_word(first) {
                return Some(self.take(rest.find(|c| !is_word(c)).unwrap_or(rest.len())));
            } else {
                return Some(self.take(first.len_utf8()));
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// The bytes of a string with its quotes; it ends at the line's end at the latest.
fn string_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return offset,
            c if c == quote => return offset + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_found_among_comments_and_strings() {
        let text = "/* package no; */ // package no;\nsyntax = \"proto3; package no;\";\npackage user.v1 ;";
        assert_eq!(scan(text).package.as_deref(), Some("user.v1"));
    }

    #[test]
    fn an_edition_is_found_with_its_place() {
        let found = scan("// c\nedition = \"2023\";\n").edition;
        assert_eq!(found, Some(("2023".to_owned(), 5)));
        assert_eq!(scan("syntax = \"proto3\"; message M { string edition = 1; }").edition, None);
    }

    #[test]
    fn depth_is_counted_over_the_whole_file() {
        let fine = format!("{}{}", "{".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
        assert_eq!(scan(&fine).too_deep, None);
        assert_eq!(scan(&"{".repeat(MAX_DEPTH + 1)).too_deep, Some(MAX_DEPTH));
    }
}
