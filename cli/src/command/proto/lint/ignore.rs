//! Comments by which rules are left out: `// bia:lint:ignore RULE_ID reason`.

use crate::protofile::{Kind, positions};

const MARK: &str = "bia:lint:ignore";

/// A comment that leaves out rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ignore {
    pub(super) rules: Vec<String>,
    pub(super) reason: String,
    /// Where the comment is.
    pub(super) line: usize,
    pub(super) column: usize,
    /// The lines that it holds for; the whole file if there are none.
    pub(super) lines: Option<(usize, usize)>,
}

impl Ignore {
    pub(super) fn is_for(&self, rule: &str, line: Option<usize>) -> bool {
        let is_here = match (self.lines, line) {
            (None, _) => true,
            (Some((first, last)), Some(line)) => (first..=last).contains(&line),
            (Some(_), None) => false,
        };
        is_here && self.rules.iter().any(|it| it == rule)
    }
}

/// All of a file. Each holds for the statement below it, or the one that it stands behind.
pub(super) fn read(text: &str) -> Vec<Ignore> {
    let tokens = positions(text);
    let mut ignores = Vec::new();
    for (index, (token, at)) in tokens.iter().enumerate() {
        let Some(said) = token.text.strip_prefix("//").map(str::trim) else { continue };
        let Some(said) = said.strip_prefix(MARK).filter(|_| token.kind == Kind::LineComment) else {
            continue;
        };
        let (said, is_whole) = match said.strip_prefix("-file") {
            Some(said) => (said, true),
            None => (said, false),
        };
        if !said.is_empty() && !said.starts_with(char::is_whitespace) {
            continue;
        }
        let (rules, reason) =
            said.trim().split_once(char::is_whitespace).unwrap_or_else(|| (said.trim(), ""));
        let rules = rules.split(',').filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
        let means = |kind: Kind| kind != Kind::Space && !kind.is_comment();
        let is_behind =
            tokens.iter().take(index).any(|(it, place)| means(it.kind) && place.line == at.line);
        let rest = tokens.iter().skip(index).filter(|(it, _)| means(it.kind));
        let lines = if is_behind { (at.line, at.line) } else { statement(rest, at.line) };
        ignores.push(Ignore {
            rules,
            reason: reason.trim().to_owned(),
            line: at.line,
            column: at.column,
            lines: (!is_whole).then_some(lines),
        });
    }
    ignores
}

/// The lines of the statement that `tokens` begin with.
fn statement<'a>(
    tokens: impl Iterator<Item = &'a (crate::protofile::Token<'a>, crate::protofile::Position)>,
    otherwise: usize,
) -> (usize, usize) {
    let (mut first, mut last, mut depth) = (None, otherwise, 0_usize);
    for (token, at) in tokens {
        first.get_or_insert(at.line);
        last = at.line;
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            ";" | "{" | "}" if depth == 0 => break,
            _ => {}
        }
    }
    (first.unwrap_or(otherwise), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_holds_for_what_is_below_it_or_before_it() {
        let text = "// bia:lint:ignore A,B for a reason\n// more\nmessage x {\n  string Y = 1; // bia:lint:ignore C so\n\
                    // bia:lint:ignore D why\n  string z = 2 [\n    (a) = {}\n  ];\n}\n// bia:lint:ignore-file E all\n\
                    // bia:lint:ignored\n// bia:lint:ignore\n";
        let found: Vec<_> =
            read(text).into_iter().map(|it| (it.rules.join("+"), it.reason, it.lines)).collect();
        let expected = [
            ("A+B", "for a reason", Some((3, 3))),
            ("C", "so", Some((4, 4))),
            ("D", "why", Some((6, 8))),
            ("E", "all", None),
            ("", "", Some((12, 12))),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c));
        assert_eq!(found, expected);
    }
}
