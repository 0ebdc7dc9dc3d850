//! The proto compiler's errors in our words: where, what, and what to do about it.

use std::path::PathBuf;

use miette::Diagnostic;

use crate::error::{Error, Place, Problem};

use super::{OpenedFiles, shown};

/// What to do, by a part of the compiler's message.
const REMEDIES: &[(&str, &str)] = &[
    (
        "resolves to",
        "a name is looked for from the inside out; begin it with a dot to start at the outside",
    ),
    ("is not defined", "check the spelling, or import the file that defines it"),
    ("is not a message type", "methods take and answer messages; put it in one"),
    (
        "is defined twice",
        "rename or remove one of them; two files of one package share their names",
    ),
    ("is already used", "give it one of its own"),
    ("conflicts with reserved range", "give it a number that is not reserved"),
    ("import cycle detected", "move what both files need to a third one that both import"),
    ("was listed twice", "remove one of the two imports"),
    ("required fields are not allowed", "leave required out; proto3 has no such fields"),
    ("the first value for proto3 enums", "begin it with a value like KIND_UNSPECIFIED = 0;"),
    ("default values are not allowed", "leave the default out; proto3 has none"),
    ("conflicts with field", "rename one of them; their names in JSON would be the same"),
    // What the grammar does not take; the more special first.
    ("unterminated string", "end the text with its quote, on the same line"),
    (
        "but reached end of file",
        "something is still open: each `{`, `(`, `[`, quote and `/*` needs its end",
    ),
    (
        "expected an identifier",
        "a name is missing: `string name = 1;` is a field, `rpc Get(GetRequest) returns (User);` a method",
    ),
    ("expected '='", "a number is missing: `string name = 1;`, and of an enum `KIND_USER = 1;`"),
    ("expected an integer", "a field and a value of an enum have a number: `string name = 1;`"),
    ("expected ';'", "put a `;` where the statement ends, before what was found"),
    (
        "'import', 'message'",
        "check the spelling and whether a `}` is too much; `syntax` stands before all else",
    ),
];

/// What `error` says, with places in files as the user can open them.
pub(super) fn explain(error: &protox::Error, opened: &OpenedFiles, roots: &[PathBuf]) -> Error {
    let file = error.file().map(str::to_owned);
    let mut problems = vec![problem(error, file.as_deref(), opened)];
    if error.is_file_not_found()
        && let Some(first) = problems.first_mut()
    {
        first.remedy = Some(searched(roots));
    }
    let more = error.related().into_iter().flatten();
    problems.extend(more.map(|related| problem(related, file.as_deref(), opened)));
    problems.dedup();
    match Error::unless_empty(problems) {
        Err(error) => error,
        Ok(()) => Error::new(error.to_string()),
    }
}

fn problem(error: &dyn Diagnostic, file: Option<&str>, opened: &OpenedFiles) -> Problem {
    let message = error.to_string();
    let mut problem = Problem::new(plain(&message));
    let known = || REMEDIES.iter().find(|(part, _)| message.contains(part));
    problem.remedy = known()
        .map(|(_, remedy)| (*remedy).to_owned())
        .or_else(|| error.help().map(|help| plain(&help.to_string())));
    let Some(name) = file else { return problem };
    let text = opened.get(name).map(|file| file.text.as_str());
    let labels: Vec<_> = error.labels().into_iter().flatten().collect();
    // Of two places, the one that the message is about is called "found", or is the second one.
    let label = labels
        .iter()
        .find(|label| label.label().is_some_and(|text| text.contains("found")))
        .or_else(|| labels.last());
    let offset = match (label, text) {
        (Some(label), _) => Some(label.offset()),
        // What is missing is missing at the end.
        (None, Some(text)) if message.ends_with("end of file") => Some(text.trim_end().len()),
        (None, _) => None,
    };
    let position = text.zip(offset).map(|(text, offset)| position(text, offset));
    problem.at(Place { file: shown(name, opened), position })
}

/// Line and column, in characters and from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// One line: a message may quote input with line breaks and marks that a terminal obeys.
fn plain(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    for c in message.chars() {
        if c.is_control() { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}

fn searched(roots: &[PathBuf]) -> String {
    let folders: Vec<String> = roots
        .iter()
        .map(|root| match root.to_str() {
            Some(".") => "the crate's folder".to_owned(),
            _ => root.display().to_string(),
        })
        .collect();
    format!(
        "imports are looked for in {}, then among the protos that bia-codegen carries (google/api, \
         google/rpc, grpc/health, grpc/reflection, google/protobuf); add a folder with Compiler::include",
        folders.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(position("äb\nc", 0), (1, 1));
        assert_eq!(position("äb\nc", 2), (1, 2));
        assert_eq!(position("äb\nc", 4), (2, 1));
        assert_eq!(position("äb\nc", 99), (2, 2));
    }

    #[test]
    fn quoted_input_stays_on_one_line() {
        assert_eq!(plain("found '\n\u{1b}[31m'"), "found '\\n\\u{1b}[31m'");
    }
}
