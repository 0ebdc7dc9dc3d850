//! Comments of protos as documentation that rustdoc can read and does not run.

/// The lines of a comment, ready for `///`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Docs(pub(super) Vec<String>);

/// The languages whose code blocks rustdoc leaves alone; all others become `text`.
const QUIET: &[&str] = &[
    "bash",
    "c",
    "console",
    "cpp",
    "css",
    "go",
    "html",
    "http",
    "java",
    "javascript",
    "js",
    "json",
    "markdown",
    "md",
    "proto",
    "protobuf",
    "python",
    "sh",
    "shell",
    "sql",
    "text",
    "toml",
    "typescript",
    "xml",
    "yaml",
];

impl Docs {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines, without a mark or a space in front.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// What a comment says, with code blocks that no documentation test runs.
    pub(crate) fn of(comment: &str) -> Self {
        let clean: String = comment.chars().filter(|c| is_harmless(*c)).collect();
        let lines = clean.lines().filter(|line| !is_directive(line));
        let lines: Vec<&str> =
            lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
        let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
        let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
        Self(Writer::default().write(&lines[first..last]))
    }

    /// The same with bare addresses made links, as the messages' generator does on its own.
    pub(super) fn with_links(self) -> Self {
        let mut in_code = false;
        let line = |line: String| {
            let is_fence = opening_fence(line.trim_start()).is_some();
            in_code ^= is_fence;
            if in_code || is_fence { line } else { link(&escape(&line)) }
        };
        Self(self.0.into_iter().map(line).collect())
    }

    /// The lines as a comment in a descriptor: one space in front of each.
    pub(crate) fn to_comment(&self) -> String {
        let line =
            |line: &String| if line.is_empty() { "\n".to_owned() } else { format!(" {line}\n") };
        self.0.iter().map(line).collect()
    }
}

/// Whether a line of a comment is for a linter of protos, and tells nobody else anything.
fn is_directive(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    ["bia:lint:ignore", "bia:lint:ignore-file", "buf:lint:ignore"].contains(&word)
}

/// Rust refuses lone carriage returns in documentation, and marks that turn the reading direction.
fn is_harmless(c: char) -> bool {
    !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        && (!c.is_control() || c == '\n' || c == '\t')
}

#[derive(Default)]
struct Writer {
    out: Vec<String>,
    /// The fence that closes the block we are in.
    fence: Option<String>,
    /// Inside a block of ours around indented code.
    indented: bool,
    in_list: bool,
}

impl Writer {
    fn write(mut self, lines: &[&str]) -> Vec<String> {
        for line in lines {
            self.line(line);
        }
        self.end_indented();
        if let Some(fence) = self.fence.take() {
            self.out.push(fence);
        }
        self.out
    }

    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        if let Some(fence) = &self.fence {
            let closes = text.starts_with(fence.as_str())
                && text.trim_matches(fence.chars().next().unwrap_or('`')).is_empty();
            if closes {
                self.fence = None;
            }
            self.out.push(line.to_owned());
            return;
        }
        let indent = width(line, text);
        let after_blank = self.out.last().is_none_or(String::is_empty);
        if self.indented && (text.is_empty() || indent >= 4) {
            self.out.push(line.strip_prefix("    ").unwrap_or(text).to_owned());
            return;
        }
        self.end_indented();
        if let Some(fence) = opening_fence(text) {
            let language = text[fence.len()..].trim();
            let language = if QUIET.contains(&language) { language } else { "text" };
            self.out.push(format!("{}{fence}{language}", " ".repeat(indent.min(3))));
            self.fence = Some(fence.to_owned());
        } else if text.is_empty() {
            self.out.push(String::new());
        } else if indent >= 4 && after_blank && !self.in_list {
            self.indented = true;
            self.out.push("```text".to_owned());
            self.out.push(line.strip_prefix("    ").unwrap_or(text).to_owned());
        } else {
            self.in_list = is_item(text) || (self.in_list && (indent > 0 || !after_blank));
            // In a list, code begins where an item's text is indented by four more.
            let indent = indent.min(if self.in_list { 5 } else { 3 });
            self.out.push(format!("{}{}", " ".repeat(indent), without_references(text)));
        }
    }

    fn end_indented(&mut self) {
        if std::mem::take(&mut self.indented) {
            let text =
                self.out.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
            self.out.insert(text, "```".to_owned());
        }
    }
}

/// `[Status][google.rpc.Status]`, as protos refer to each other, → `Status`: rustdoc has no such names.
fn without_references(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, bracket) = rest.split_at(start);
        plain.push_str(before);
        let reference = bracket[1..].split_once("][").and_then(|(name, target)| {
            let (target, after) = target.split_once(']')?;
            let is_one = !name.contains(['[', ']']) && !target.contains('[');
            is_one.then_some((name, after))
        });
        let (kept, after) = reference.unwrap_or_else(|| bracket.split_at(1));
        plain.push_str(kept);
        rest = after;
    }
    plain + rest
}

/// Brackets that are no link are text: `[0, 1]` → `\\[0, 1\\]`, but not in code.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    let mut in_code = false;
    for (at, c) in line.char_indices() {
        in_code ^= c == '`';
        let rest = &line[at..];
        let opens_link =
            c == '[' && rest.find(']').is_some_and(|end| rest[end + 1..].starts_with('('));
        let closes_link = c == ']' && rest[1..].starts_with('(');
        let is_escaped = line[..at].ends_with('\\');
        if matches!(c, '[' | ']') && !in_code && !opens_link && !closes_link && !is_escaped {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// `see https://x.y.` → `see <https://x.y>.`
fn link(line: &str) -> String {
    let mut linked = String::with_capacity(line.len() + 2);
    let mut rest = line;
    while let Some(start) = rest.find("http://").into_iter().chain(rest.find("https://")).min() {
        let (before, address) = rest.split_at(start);
        let end = address.find(|c: char| c.is_whitespace() || "<>()`\"".contains(c));
        let (address, after) = address.split_at(end.unwrap_or(address.len()));
        let bare = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let is_marked = before.ends_with(['<', '(', '`', '"', '[']) && !after.is_empty();
        linked.push_str(before);
        let mark = if is_marked { ["", ""] } else { ["<", ">"] };
        linked.extend([mark[0], bare, mark[1], &address[bare.len()..]]);
        rest = after;
    }
    linked + rest
}

fn width(line: &str, text: &str) -> usize {
    line[..line.len() - text.len()].chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

fn opening_fence(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let fence = &text[..text.find(|c| c != mark).unwrap_or(text.len())];
    // Three marks in a line of text are code within the line.
    (fence.len() >= 3 && !text[fence.len()..].contains(mark)).then_some(fence)
}

fn is_item(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.starts_with(['-', '*', '+'])
        || (number.len() < text.len() && number.starts_with(['.', ')']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(comment: &str) -> String {
        Docs::of(comment).0.join("\n")
    }

    #[test]
    fn what_is_for_a_linter_is_no_documentation() {
        let comment = " bia:lint:ignore RPC_PASCAL_CASE it is old\n Fetches one.\n buf:lint:ignore X\n\n More.";
        assert_eq!(docs(comment), "Fetches one.\n\nMore.");
        assert!(Docs::of(" bia:lint:ignore ENUM_VALUE_PREFIX so").is_empty());
        assert_eq!(docs(" Says bia:lint:ignore in words."), "Says bia:lint:ignore in words.");
    }

    #[test]
    fn text_stays_as_it_is_without_the_space_of_the_comment() {
        assert_eq!(docs(" A user.\n\n  - one\n - two\n"), "A user.\n\n - one\n- two");
        assert_eq!(docs("\n \n"), "");
    }

    #[test]
    fn code_blocks_do_not_run_as_documentation_tests() {
        assert_eq!(docs(" ```\n x()\n ```\n"), "```text\nx()\n```");
        assert_eq!(docs(" ```rust\n x()\n ```\n"), "```text\nx()\n```");
        assert_eq!(docs(" ```json\n {}\n ```\n"), "```json\n{}\n```");
        assert_eq!(docs(" ~~~~ignore\n ```\n ~~~~\n"), "~~~~text\n```\n~~~~");
        assert_eq!(
            docs(" As in\n\n     x()\n       y()\n\n and so on."),
            "As in\n\n```text\nx()\n  y()\n```\n\nand so on."
        );
        assert_eq!(docs("     x()"), "```text\nx()\n```");
    }

    #[test]
    fn a_block_that_is_not_closed_ends_with_the_comment() {
        assert_eq!(docs(" ```\n x()\n"), "```text\nx()\n```");
    }

    #[test]
    fn items_of_lists_keep_their_paragraphs_and_never_become_code() {
        assert_eq!(docs(" 1. one\n\n     more\n"), "1. one\n\n    more");
        assert_eq!(docs(" - one\n\n            deep\n"), "- one\n\n     deep");
    }

    #[test]
    fn addresses_become_links_where_they_are_not() {
        assert_eq!(link("see https://a.b/c."), "see <https://a.b/c>.");
        assert_eq!(
            link("[x](https://a.b) `http://c` <http://d>"),
            "[x](https://a.b) `http://c` <http://d>"
        );
        let docs = Docs::of(" ```\n http://a\n ```\n http://b").with_links();
        assert_eq!(docs.lines().join("\n"), "```text\nhttp://a\n```\n<http://b>");
    }

    #[test]
    fn references_to_other_protos_become_text_and_brackets_stay_brackets() {
        assert_eq!(
            docs("A [Status][google.rpc.Status], [x](y), [z] and [a][b]."),
            "A Status, [x](y), [z] and a."
        );
        assert_eq!(escape("[0, 1] `[2]` [x](y) \\[3\\]"), "\\[0, 1\\] `[2]` [x](y) \\[3\\]");
        assert_eq!(docs("[ ][ ] [[a][b]] []["), "  [a] [][");
    }

    #[test]
    fn what_rust_refuses_in_documentation_is_left_out() {
        assert_eq!(docs(" a\r\n b\rc\u{202e}d\u{0}"), "a\nbcd");
    }
}
