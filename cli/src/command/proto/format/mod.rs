//! `bia proto format`: one form for all protos, and not a token of them changed.

mod print;
mod same;
#[cfg(test)]
mod tests;
mod tree;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::change::{Changes, Manner};
use crate::error::{About as _, Error, Result};
use crate::protofile::{Wanted, read};
use crate::shell::{Look, Shell};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bia proto format                  every .proto below the current folder\n  \
    bia proto format --check proto    says which files are not formatted, for CI\n  \
    bia proto format - < a.proto      from stdin to stdout, for editors"
)]
pub(crate) struct Arguments {
    /// Files, and folders that are looked through; the current folder by default. `-` formats stdin
    /// and prints the result.
    paths: Vec<PathBuf>,
    /// Writes nothing; names the files that are not formatted and ends with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Writes nothing; prints what would change. Ends with 1 if anything would, together with `--check`.
    #[arg(long)]
    diff: bool,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    if arguments.paths.iter().any(|path| path == Path::new("-")) {
        return pipe(arguments, shell);
    }
    let wanted = Wanted::without_imports(&arguments.paths)?;
    let mut changed = Vec::new();
    let mut failures = Vec::new();
    for file in &wanted.files {
        let before = read(file)?;
        match format(&file.display().to_string(), &before) {
            Ok(after) if after == before => {}
            Ok(after) => changed.push((file, before, after)),
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
        let hint = failures.into_iter().find_map(|error| error.hint().map(str::to_owned));
        let unwritten = "nothing was written, of no file";
        let hint = hint.map_or_else(|| unwritten.to_owned(), |hint| format!("{hint}; {unwritten}"));
        return Err(Error::new(texts.join("\n")).with_hint(hint));
    }
    if arguments.diff {
        for (file, before, after) in &changed {
            shell.data(difference(&file.display().to_string(), before, after))?;
        }
    }
    if arguments.check {
        return checked(&changed, wanted.files.len(), shell);
    }
    if arguments.diff {
        return Ok(());
    }
    if changed.is_empty() {
        shell.status("Formatted", format!("{}, nothing to change", count(wanted.files.len())));
        return Ok(());
    }
    let mut changes = Changes::below("");
    for (file, before, after) in changed {
        changes.edit(file, before, after);
    }
    changes.apply(Manner::Careful, shell)
}

fn checked(changed: &[(&PathBuf, String, String)], all: usize, shell: &Shell) -> Result<()> {
    if changed.is_empty() {
        shell.status("Formatted", format!("{}, nothing to change", count(all)));
        return Ok(());
    }
    for (file, ..) in changed {
        shell.data(file.display())?;
    }
    let are = if changed.len() == 1 { "is" } else { "are" };
    Err(Error::new(format!("{} {are} not formatted", count(changed.len())))
        .with_hint("`bia proto format` formats them, `--diff` shows what it would change"))
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

fn pipe(arguments: &Arguments, shell: &Shell) -> Result<()> {
    if arguments.paths.len() > 1 {
        return Err(Error::usage("`-` cannot be formatted together with files"));
    }
    let mut before = String::new();
    std::io::stdin().read_to_string(&mut before).about(|| "read stdin".to_owned())?;
    let after = format("<stdin>", &before)?;
    if arguments.diff && after != before {
        shell.data(difference("<stdin>", &before, &after))?;
    }
    match (arguments.check, arguments.diff) {
        (true, _) if after != before => Err(Error::new("what was read is not formatted")),
        (false, false) => shell.data(after.strip_suffix('\n').unwrap_or(&after)),
        _ => Ok(()),
    }
}

/// `text` in the one form. What comes out says the same, which is checked each time.
///
/// # Errors
///
/// It is not protobuf: says where.
pub(crate) fn format(path: &str, text: &str) -> Result<String> {
    bia_codegen::parse(path, text)?;
    let (statements, end) = tree::read(text).ok_or_else(|| {
        Error::new(format!("cannot format {path}: its brackets are not understood"))
    })?;
    let mut after = print::file(&statements, &end);
    if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) {
        after = after.replace('\n', "\r\n");
    }
    same::check(path, text, &after)?;
    Ok(after)
}

/// `after`, which is `before` with something put into it, in the one form if `before` was in it: nothing
/// that a person laid out is laid out anew.
pub(crate) fn kept(path: &str, before: &str, after: String) -> String {
    let of = |text: &str| format(path, text).ok();
    match of(&after) {
        Some(formed) if formed != after && of(before).is_some_and(|it| it == before) => formed,
        _ => after,
    }
}

fn difference(path: &str, before: &str, after: &str) -> String {
    let patch = diffy::create_patch(before, after).to_string();
    let body = patch.lines().skip(2).map(|line| match line.chars().next() {
        Some('+') => Look::Good.paint(line),
        Some('-') => Look::Bad.paint(line),
        Some('@') => Look::Faint.paint(line),
        _ => line.to_owned(),
    });
    let head = [format!("--- {path}"), format!("+++ {path} (formatted)")];
    head.into_iter().map(|line| Look::Bold.paint(line)).chain(body).collect::<Vec<_>>().join("\n")
}
