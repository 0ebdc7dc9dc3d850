//! The places of a `.proto` file where text is put in.

use std::ops::Range;

use super::layout::{begins_line, indent_at, line_end, step};
use super::methods::only;
use super::{Insertions, with_newline};

/// A file as far as it matters where things stand in it.
#[derive(Debug, Default)]
pub(crate) struct ProtoText {
    text: String,
    /// What is imported, and where each statement stands.
    imports: Vec<(String, Range<usize>)>,
    /// Behind `syntax` and `package`.
    head: usize,
    blocks: Vec<Block>,
}

/// `service Name { … }` and its kin, at the top of a file.
#[derive(Debug)]
struct Block {
    /// The first two words: `["service", "UserService"]`.
    words: [String; 2],
    /// What is in the braces.
    inside: Range<usize>,
    /// Where the block itself begins.
    start: usize,
    statements: Vec<Range<usize>>,
}

impl ProtoText {
    /// Reads `text`, which is known to be right.
    pub(crate) fn read(text: &str) -> Self {
        let mut proto = Self { text: text.to_owned(), ..Self::default() };
        let (mut depth, mut words, mut start) = (0_usize, Vec::new(), None);
        let mut open = 0;
        let mut statement: Option<(usize, bool)> = None;
        let mut statements = Vec::new();
        for token in tokens(text) {
            let word = &text[token.clone()];
            if depth == 0 && start.is_none() && word != ";" {
                start = Some(token.start);
            }
            let begins = depth == 1 && !matches!(word, "}" | ";");
            if begins && statement.is_none() {
                // An option whose value has braces does not end with them.
                statement = Some((token.start, word == "option"));
            }
            match word {
                "{" | "[" | "(" => {
                    depth += 1;
                    if depth == 1 {
                        open = token.end;
                        statement = None;
                    }
                }
                "}" | "]" | ")" => {
                    depth = depth.saturating_sub(1);
                    if depth == 1
                        && word == "}"
                        && let Some((from, false)) = statement
                    {
                        statements.push(from..token.end);
                        statement = None;
                    }
                    if depth == 0 && word == "}" {
                        if let (Some(start), [first, second, ..]) = (start.take(), words.as_slice())
                        {
                            proto.blocks.push(Block {
                                words: [first, second].map(|it: &&str| (*it).to_owned()),
                                inside: open..token.start,
                                start,
                                statements: std::mem::take(&mut statements),
                            });
                        }
                        statements.clear();
                        words.clear();
                    }
                }
                ";" if depth == 0 => {
                    proto.take(&words, start.take().unwrap_or(token.start)..token.end);
                    words.clear();
                }
                ";" if depth == 1 => {
                    if let Some((from, _)) = statement.take() {
                        statements.push(from..token.end);
                    }
                }
                _ if depth == 0 => words.push(word),
                _ => {}
            }
        }
        proto
    }

    fn take(&mut self, words: &[&str], range: Range<usize>) {
        match words {
            ["syntax" | "package", ..] => self.head = range.end,
            ["import", .., name] => {
                self.imports.push((name.trim_matches(['"', '\'']).to_owned(), range));
            }
            _ => {}
        }
    }

    /// What a line in a block has more than the block.
    pub(crate) fn step(&self) -> String {
        step(&self.text, "  ")
    }

    /// Imports `names` among what is imported, in their order, but for those that are already.
    pub(crate) fn import(&self, names: &[String], insertions: &mut Insertions) {
        let mut missing: Vec<&str> = names.iter().map(String::as_str).collect();
        missing.retain(|name| !self.imports.iter().any(|(it, _)| it == name));
        missing.sort_unstable();
        missing.dedup();
        let text = &self.text;
        for (index, name) in missing.into_iter().enumerate() {
            let statement = format!("import \"{name}\";");
            let before = self.imports.iter().rfind(|(it, _)| it.as_str() < name);
            let (at, piece) = match (before, self.imports.first()) {
                (Some((_, range)), _) => {
                    (line_end(text, range.end).unwrap_or(range.end), format!("\n{statement}"))
                }
                (None, Some((_, range))) => (range.start, format!("{statement}\n")),
                (None, None) => {
                    let gap = if index == 0 { "\n\n" } else { "\n" };
                    (line_end(text, self.head).unwrap_or(self.head), format!("{gap}{statement}"))
                }
            };
            insertions.add(at, with_newline(&piece, text));
        }
    }

    /// Puts a statement at the end of a block, `["service", "UserService"]`; `statement` begins at
    /// the margin. Says whether there is such a block.
    pub(crate) fn add_to(
        &self,
        block: [&str; 2],
        statement: &str,
        insertions: &mut Insertions,
    ) -> bool {
        let Some(block) = self.blocks.iter().find(|it| it.words == block) else { return false };
        let text = &self.text;
        let around = indent_at(text, block.start);
        let own = block.statements.iter().find(|it| begins_line(text, it.start));
        let indent = own.map_or_else(
            || format!("{around}{}", self.step()),
            |it| indent_at(text, it.start).to_owned(),
        );
        let lines: Vec<String> = statement
            .lines()
            .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") })
            .collect();
        let statement = lines.join("\n");
        let (at, piece) = match block.statements.last() {
            Some(last) => {
                let gap = if self.is_tight(block, &statement) { "\n" } else { "\n\n" };
                match line_end(text, last.end).filter(|end| *end < block.inside.end) {
                    Some(end) => (end, format!("{gap}{statement}")),
                    None => (last.end, format!("{gap}{statement}\n{around}")),
                }
            }
            None => only(text, block.inside.start, block.inside.end, &statement, around),
        };
        insertions.add(at, with_newline(&piece, text));
        true
    }

    /// Whether statements that go on one line stand close together in a block.
    fn is_tight(&self, block: &Block, statement: &str) -> bool {
        let between =
            block.statements.windows(2).next_back().map(|it| &self.text[it[0].end..it[1].start]);
        !statement.contains('\n')
            && between.is_some_and(|it| !it.replace('\r', "").contains("\n\n"))
    }

    /// Puts a block at the end of the file.
    pub(crate) fn append(&self, block: &str, insertions: &mut Insertions) {
        let text = self.text.trim_end_matches([' ', '\t', '\n', '\r']);
        let end = if self.text[text.len()..].contains('\n') { "" } else { "\n" };
        let end = if self.text.is_empty() { "\n" } else { end };
        insertions.add(text.len(), with_newline(&format!("\n\n{block}{end}"), &self.text));
    }
}

/// Words, strings and marks; no comments.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let first = rest.chars().next()?;
            let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let (length, is_token) = if first.is_whitespace() || first == '\u{feff}' {
                (first.len_utf8(), false)
            } else if rest.starts_with("//") {
                (rest.find('\n').unwrap_or(rest.len()), false)
            } else if let Some(comment) = rest.strip_prefix("/*") {
                (comment.find("*/").map_or(rest.len(), |end| end + 4), false)
            } else if first == '"' || first == '\'' {
                (string_length(rest, first), true)
            } else if is_word(first) {
                (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true)
            } else {
                (first.len_utf8(), true)
            };
            let start = at;
            at += length;
            if is_token {
                return Some(start..at);
            }
        }
    })
}

fn string_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return offset + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, work: impl FnOnce(&ProtoText, &mut Insertions)) -> String {
        let mut insertions = Insertions::default();
        work(&ProtoText::read(text), &mut insertions);
        insertions.into_text(text).0
    }

    #[test]
    fn a_method_goes_behind_the_last_with_its_comment() {
        let text = "syntax = \"proto3\"; // }\npackage a;\nservice A {\n  option (x) = {a: {b: 1}};\n  rpc X(M) returns (N) {\n    option deprecated = true;\n  } // of X\n  // none yet }\n}\nmessage M {}\n";
        let after = change(text, |proto, insertions| {
            assert!(proto.add_to(["service", "A"], "rpc Y(M) returns (N);", insertions));
            assert!(!proto.add_to(["service", "M"], "rpc Y(M) returns (N);", insertions));
        });
        assert!(
            after.contains("  } // of X\n  rpc Y(M) returns (N);\n  // none yet }\n}\nmessage"),
            "{after}"
        );
    }

    #[test]
    fn a_service_on_one_line_is_opened_and_line_breaks_are_kept() {
        let text = "syntax = \"proto3\";\r\nservice A {}\r\nmessage M { string a = 1; }";
        let after = change(text, |proto, insertions| {
            assert!(proto.add_to(["service", "A"], "rpc Y(M) returns (M);", insertions));
            proto.append("message N {}", insertions);
            proto.import(&["b.proto".to_owned()], insertions);
        });
        assert_eq!(
            after,
            "syntax = \"proto3\";\r\n\r\nimport \"b.proto\";\r\nservice A {\r\n  rpc Y(M) returns (M);\r\n}\r\nmessage M { string a = 1; }\r\n\r\nmessage N {}\r\n"
        );
    }

    #[test]
    fn imports_stay_in_order_and_come_once() {
        let text = "syntax = \"proto3\";\nimport \"b.proto\"; // b\nimport public 'd.proto';\n";
        for (name, expected) in [
            (
                "a.proto",
                "syntax = \"proto3\";\nimport \"a.proto\";\nimport \"b.proto\"; // b\nimport public 'd.proto';\n",
            ),
            (
                "c.proto",
                "syntax = \"proto3\";\nimport \"b.proto\"; // b\nimport \"c.proto\";\nimport public 'd.proto';\n",
            ),
            ("d.proto", text),
        ] {
            assert_eq!(
                change(text, |proto, insertions| proto.import(&[name.to_owned()], insertions)),
                expected
            );
        }
    }

    #[test]
    fn values_go_behind_values_with_their_options() {
        let text = "enum E {\n\tA = 0 [(bia.error) = {code: 500}];\n\n\t// B.\n\tB = 1 [(bia.error) = {\n\t\tcode: 404\n\t}];\n}\n";
        let after = change(text, |proto, insertions| {
            assert!(proto.add_to(["enum", "E"], "C = 2;", insertions));
            assert_eq!(proto.step(), "\t");
        });
        assert!(after.ends_with("\t}];\n\n\tC = 2;\n}\n"), "{after}");
    }
}
