//! What a page of the book asks its reader to do.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test")]

/// What a marked block of the page asks for.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// Commands, each with what it prints, where `…` stands for anything.
    Run(Vec<(&'a str, String)>),
    /// A command in a terminal of its own, and the services that are up then.
    Start(&'a str, Vec<&'a str>),
    /// The body of a method, in a file.
    Body { method: &'a str, file: &'a str, code: &'a str },
}

/// The blocks that are marked, in their order.
pub(super) fn steps(page: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("<!-- ") {
        let (mark, behind) = from.split_once(" -->\n```").unwrap();
        let (block, after) = behind.split_once("\n```").unwrap();
        let (_, block) = block.split_once('\n').unwrap();
        rest = after;
        let words: Vec<&str> = mark.split(' ').collect();
        steps.push(match words.as_slice() {
            ["run"] => Step::Run(commands(block)),
            ["run", "until", services @ .., "is" | "are", "up"] => {
                let services = services.iter().copied().filter(|word| *word != "and").collect();
                Step::Start(block.strip_prefix("$ ").unwrap(), services)
            }
            ["body", "of", method, "in", file] => Step::Body { method, file, code: block },
            other => panic!("nobody knows what {other:?} is"),
        });
    }
    steps
}

/// Each command of a block with what it is said to print.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, printed))) => {
                if !printed.is_empty() {
                    printed.push('\n');
                }
                printed.push_str(line);
            }
            (None, None) => panic!("a block begins with a command, not with {line:?}"),
        }
    }
    commands
}

/// Whether a text is as `pattern` says, where `…` stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}
