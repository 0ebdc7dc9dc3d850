//! Lays Rust out as the project around it has it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::splice::with_newline;

/// What decides how Rust is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style<'a> {
    /// The settings that `cargo fmt` would find for a file at this path, which need not be there yet.
    Around(&'a Path),
    /// These settings, `max_width=100,…`.
    Settings(&'a str),
}

/// `text`, of this edition, as rustfmt has it; none if rustfmt is not there or does not understand it.
pub(crate) fn format(text: &str, edition: &str, style: Style<'_>) -> Option<String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", edition]);
    match style {
        // It looks for settings from where it is run, upwards.
        Style::Around(path) => command.current_dir(folder_of(path)?),
        Style::Settings(settings) => command.args(["--config", settings]),
    };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    // It reads all before it writes any, so neither waits for the other.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let is_good = output.status.success() && matches!(written, Some(Ok(())));
    let laid_out = String::from_utf8(output.stdout).ok().filter(|_| is_good)?;
    // Of what it reads from a pipe it forgets how lines end, which it keeps in a file.
    Some(with_newline(&laid_out, text))
}

/// The text of a file that is new at `path`: laid out if that can be had.
pub(crate) fn new_file(path: &Path, edition: &str, text: String) -> String {
    format(&text, edition, Style::Around(path)).unwrap_or(text)
}

/// `after`, which is `before` with something put into it, laid out if `before` was: then all that is
/// moved is what was put in, and what it left no room for.
///
/// A file that was not laid out stays as its author has it, as does one where that would lose
/// anything.
pub(crate) fn kept(path: &Path, edition: &str, before: &str, after: String) -> String {
    let format = |text: &str| format(text, edition, Style::Around(path));
    match format(&after) {
        Some(laid_out)
            if laid_out != after
                && has_all_of(&laid_out, before)
                && format(before).is_some_and(|it| it == before) =>
        {
            laid_out
        }
        _ => after,
    }
}

/// Whether everything in `before` is in `after` too, in the same order, but for white space and the
/// commas that come and go with line breaks.
fn has_all_of(after: &str, before: &str) -> bool {
    let counts = |c: &char| !c.is_whitespace() && *c != ',';
    let mut left = after.chars().filter(counts);
    before.chars().filter(counts).all(|c| left.any(|it| it == c))
}

/// The folder of a file; if it is still to be made, what is around it.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(path).ok()?;
    folder.ancestors().skip(1).find(|it| it.is_dir()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const CLEAN: &str = "fn main() {\n    app.serve(first()).run()\n}\n";

    /// A folder in which lines have 40 columns, and a file in it.
    fn narrow() -> (TempDir, PathBuf) {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("rustfmt.toml"), "max_width = 40\n").expect("a file");
        let path = folder.path().join("src/new/main.rs");
        (folder, path)
    }

    #[test]
    fn what_was_laid_out_is_laid_out_with_more_in_it_as_its_project_has_it() {
        let (_folder, path) = narrow();
        let after = CLEAN.replace(".run", ".server(second::Job).run");
        let expected = "fn main() {\n    app.serve(first())\n        .server(second::Job)\n        .run()\n}\n";
        assert_eq!(kept(&path, "2024", CLEAN, after), expected);
        // Nothing to do.
        let short = CLEAN.replace("first", "second");
        assert_eq!(kept(&path, "2024", CLEAN, short.clone()), short);
    }

    #[test]
    fn lines_that_end_as_on_windows_are_laid_out_and_end_so_still() {
        let (_folder, path) = narrow();
        let before = CLEAN.replace('\n', "\r\n");
        let after = before.replace(".run", ".server(second::Job).run");
        let expected = "fn main() {\r\n    app.serve(first())\r\n        .server(second::Job)\r\n        .run()\r\n}\r\n";
        assert_eq!(kept(&path, "2024", &before, after), expected);
    }

    #[test]
    fn what_was_not_laid_out_stays_as_its_author_has_it() {
        let (_folder, path) = narrow();
        for before in [CLEAN.replace("fn main()", "fn  main()"), CLEAN.replace("    ", "\t")] {
            let after = before.replace(".run", ".server(second::Job).run");
            assert_eq!(kept(&path, "2024", &before, after.clone()), after);
        }
        // Nor what rustfmt does not understand.
        assert_eq!(kept(&path, "2024", CLEAN, "fn main( {".to_owned()), "fn main( {");
        assert_eq!(new_file(&path, "2024", "fn main( {".to_owned()), "fn main( {");
        assert_eq!(new_file(&path, "none", CLEAN.to_owned()), CLEAN);
    }

    #[test]
    fn wherever_its_author_departed_from_the_layout_the_file_stays() {
        let (_folder, path) = narrow();
        let tell = |text: &str| format(text, "2024", Style::Around(&path));
        for (at, _) in CLEAN.match_indices([' ', '\n', '(', '.']) {
            let mut before = CLEAN.to_owned();
            before.insert(at, ' ');
            if tell(&before).is_none_or(|it| it == before) {
                continue;
            }
            let after = before.replace("run", "server(second::Job).run");
            assert_eq!(kept(&path, "2024", &before, after.clone()), after);
        }
    }

    #[test]
    fn a_layout_that_loses_anything_is_told_from_one_that_does_not() {
        assert!(has_all_of("f(\n    a,\n    b,\n)", "f(a, b)"));
        assert!(has_all_of("mod a;\nmod new;\nmod z;", "mod a; mod z;"));
        assert!(!has_all_of("f(a)", "f(a) // why"));
        assert!(!has_all_of("mod z;\nmod a;", "mod a;\nmod z;"));
    }
}
