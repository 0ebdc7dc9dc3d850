//! `bia upgrade`: brings a project to the templates of this command, by a three-way merge.

mod fate;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::project::here;
use crate::scaffold::{Formatter, Framework, Record, is_program, lock};
use crate::shell::{Look, Shell};

use fate::{Fate, fate};

#[derive(Debug, Args)]
#[command(
    after_help = "What you changed stays. Where the template changed the same lines, both are left in the
file between <<<<<<< and >>>>>>>, and the exit code is 1.

Examples:
  bia upgrade --dry-run   what would become of each file
  bia upgrade"
)]
pub(crate) struct Arguments {
    /// Says what would become of each file, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// The framework from now on: a version, or the folder of a checkout. Default: as when the
    /// project was made.
    #[arg(long, value_name = "PATH|VERSION")]
    framework: Option<String>,
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let (root, mut record) = find(&here()?)?;
    let framework = arguments.framework.or_else(|| record.framework.clone());
    let found = Framework::find(framework.as_deref())?;
    let formatter = Formatter::default();
    let before = record.version.clone();
    let theirs = record.made(&found, &formatter)?;
    if formatter.has_failed() {
        return Err(Error::new("rustfmt is not there or does not work; nothing was written")
            .with_hint(
                "`rustup component add rustfmt`: what is made anew is compared as it formats it",
            ));
    }

    let mut changes = Changes::below(&root);
    let mut conflicts = Vec::new();
    let names = record.files.keys().chain(theirs.keys()).cloned();
    for path in names.collect::<std::collections::BTreeSet<_>>() {
        let ours = read(&root.join(&path))?;
        if ours.as_deref().is_some_and(is_unsettled) {
            let what = format!("{path} still has both sides of an earlier upgrade");
            return Err(Error::new(what).with_hint(
                "nothing was written: settle what is between <<<<<<< and >>>>>>>, then go on",
            ));
        }
        let base = record.files.get(&path).map(String::as_str);
        let fate = fate(base, ours.as_deref(), theirs.get(&path).map(String::as_str));
        tell(&path, &fate, shell);
        match (fate, ours) {
            (Fate::Added(text), _) if is_program(&path) => changes.write_program(&path, text),
            (Fate::Added(text), _) => changes.write(&path, text),
            (Fate::Updated(text) | Fate::Merged(text), Some(ours)) => {
                changes.edit(&path, ours, text);
            }
            (Fate::Conflict(text), Some(ours)) => {
                changes.edit(&path, ours, text);
                conflicts.push(path);
            }
            (Fate::Dropped, _) => changes.remove(&path),
            _ => {}
        }
    }
    let is_same = framework == record.framework && before == env!("CARGO_PKG_VERSION");
    if is_same && changes.is_empty() {
        shell.status("Unchanged", format_args!("the project is as bia {before} makes it"));
        return Ok(());
    }
    // Another manifest may need other crates.
    let needs_lock = changes.paths().any(|path| path.ends_with("Cargo.toml"));
    record.files = theirs;
    record.version = env!("CARGO_PKG_VERSION").to_owned();
    record.framework = framework;
    rewrite(&mut changes, &root, Record::PATH, record.text()?)?;
    let services: Vec<&str> = record.services.iter().map(|it| it.name.as_str()).collect();
    if let Some(lock) = read(&root.join("Cargo.lock"))?.filter(|_| needs_lock) {
        let merged = lock::merged(&lock, &services, &found);
        changes.edit("Cargo.lock", lock, merged);
    }
    check_links(&root, &changes)?;
    if !arguments.dry_run {
        changes.apply(Manner::from(Writing::default()), &shell.quieter())?;
        if needs_lock {
            lock::prune(&root);
        }
        shell.status(
            "Upgraded",
            format_args!("{} from {before} to {}", root.display(), record.version),
        );
    }
    ended(&conflicts, arguments.dry_run)
}

/// The project around `folder` that was made by this command.
fn find(folder: &Path) -> Result<(PathBuf, Record)> {
    for root in folder.ancestors() {
        if let Some(record) = Record::read(root)? {
            return Ok((root.to_owned(), record));
        }
    }
    Err(Error::new(format!("{} is in no project that bia made", folder.display())).with_hint(
        format!(
            "there is no {} here or above: go to where it is, or take it from the last commit",
            Record::PATH
        ),
    ))
}

/// Refuses what links lead out of the project: they come with whatever was cloned, and what they lead to
/// is no part of it.
fn check_links(root: &Path, changes: &Changes) -> Result<()> {
    let inside = fs::canonicalize(root).about(|| format!("find {}", shown(root)))?;
    for path in changes.paths() {
        let there = root.join(path).ancestors().find_map(|it| fs::canonicalize(it).ok());
        if let Some(there) = there.filter(|it| !it.starts_with(&inside)) {
            let what = format!("{} leads out of the project, to {}", path.display(), shown(&there));
            return Err(Error::new(what).with_hint(
                "nothing was written: put a file or folder of the project in the place of the link",
            ));
        }
    }
    Ok(())
}

/// Whether a file has lines that a merge left between marks.
fn is_unsettled(text: &str) -> bool {
    let has = |mark: &str| text.lines().any(|line| line.starts_with(mark));
    has("<<<<<<< ") && has(">>>>>>> ")
}

/// A file of the user's, which may have been deleted.
fn read(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_cause| {
            Error::new(format!("{} is no text any more; nothing was written", shown(path)))
                .with_hint("move it away to have it made anew, or put it under another name")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).about(|| format!("read {}", shown(path))),
    }
}

fn rewrite(changes: &mut Changes, root: &Path, path: &str, text: String) -> Result<()> {
    match read(&root.join(path))? {
        Some(before) => changes.edit(path, before, text),
        None => changes.write(path, text),
    }
    Ok(())
}

fn tell(path: &str, fate: &Fate, shell: &Shell) {
    match fate {
        Fate::Same => {}
        Fate::Yours => shell.status("Yours", path),
        Fate::Added(_) => shell.status("New", path),
        Fate::Updated(_) => shell.status("Updated", path),
        Fate::Merged(_) => shell.status("Merged", path),
        Fate::Deleted => shell.status("Deleted", format_args!("{path}, by you: it stays so")),
        Fate::Dropped => shell.status("Dropped", path),
        Fate::Kept => shell.status(
            "Kept",
            format_args!("{path}: you changed it, and the template has it no more"),
        ),
        Fate::Conflict(_) => shell.say(format_args!("{} {path}", Look::Bad.paint("    Conflict"))),
    }
}

fn ended(conflicts: &[String], is_dry: bool) -> Result<()> {
    let what = match conflicts {
        [] => return Ok(()),
        [one] => format!("{one}: you and the template changed the same lines"),
        more => format!(
            "you and the template changed the same lines of {} files:\n  {}",
            more.len(),
            more.join("\n  ")
        ),
    };
    Err(Error::new(what).with_hint(if is_dry {
        "commit what you have, run it without --dry-run, and settle what is between <<<<<<< and >>>>>>>"
    } else {
        "settle what is between <<<<<<< and >>>>>>> in each; nothing of yours was lost"
    }))
}
