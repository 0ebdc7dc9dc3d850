//! Writes files all together or not at all.
//!
//! A command gathers what it wants to write in [`Changes`] and applies it once. What would be lost is
//! told before anything is written; a disk that is full, or Ctrl-C, leaves everything as it was.

mod apply;
mod failure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Writing;
use crate::error::{Error, Result};
use crate::paths::shown;
use crate::shell::Shell;

use failure::failure;

/// What is to be written below one folder.
#[derive(Debug)]
pub(crate) struct Changes {
    root: PathBuf,
    /// By their paths below the folder.
    files: BTreeMap<PathBuf, Change>,
}

#[derive(Debug)]
enum Change {
    /// The file says this from then on, whatever it said.
    Write {
        contents: Vec<u8>,
        access: Access,
    },
    /// It was read as `before`, and says this from then on.
    Edit {
        before: Vec<u8>,
        contents: Vec<u8>,
    },
    Remove,
}

/// Who may do what with a new file; one that is there keeps what it has, unless it is to be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// All read it: 0644.
    Plain,
    /// All run it: 0755.
    Program,
    /// Its owner alone reads it: 0600.
    Private,
}

/// How changes are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A file that is there and says something else is refused.
    #[default]
    Careful,
    /// Such a file is replaced.
    Force,
    /// Nothing is written, what would be is told.
    DryRun,
}

impl From<Writing> for Manner {
    fn from(writing: Writing) -> Self {
        match writing {
            Writing { dry_run: true, .. } => Self::DryRun,
            Writing { force: true, .. } => Self::Force,
            Writing { .. } => Self::Careful,
        }
    }
}

/// What becomes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Created,
    Updated,
    Removed,
    Unchanged,
}

impl Changes {
    /// Changes of what lies below `root`, which need not be there yet.
    pub(crate) fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), files: BTreeMap::new() }
    }

    /// Writes a whole file. If there is one already that says something else, only `--force` replaces it.
    pub(crate) fn write(&mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) {
        let change = Change::Write { contents: contents.into(), access: Access::Plain };
        self.files.insert(path.into(), change);
    }

    /// Writes a whole file that can be run.
    pub(crate) fn write_program(&mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) {
        let change = Change::Write { contents: contents.into(), access: Access::Program };
        self.files.insert(path.into(), change);
    }

    /// Writes a whole file that nobody but its owner may read.
    pub(crate) fn write_private(&mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) {
        let change = Change::Write { contents: contents.into(), access: Access::Private };
        self.files.insert(path.into(), change);
    }

    /// Changes a file that was read as `before`: its own author asked for it, so nothing is lost. If it
    /// has changed since, nothing is written.
    pub(crate) fn edit(
        &mut self,
        path: impl Into<PathBuf>,
        before: impl Into<Vec<u8>>,
        contents: impl Into<Vec<u8>>,
    ) {
        let change = Change::Edit { before: before.into(), contents: contents.into() };
        self.files.insert(path.into(), change);
    }

    /// Removes a file.
    pub(crate) fn remove(&mut self, path: impl Into<PathBuf>) {
        self.files.insert(path.into(), Change::Remove);
    }

    /// The paths of what would change.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes all of them, or none, and says what became of each.
    ///
    /// # Errors
    ///
    /// A file is there that would be lost, one has changed since it was read, or it cannot be written;
    /// or Ctrl-C. Nothing was written then.
    pub(crate) fn apply(self, manner: Manner, shell: &Shell) -> Result<()> {
        let fates = self.fates(manner)?;
        if manner == Manner::DryRun {
            for (path, fate) in &fates {
                tell(shell, *fate, &self.root.join(path), manner);
            }
            return Ok(());
        }
        apply::apply(&self.root, &self.files, &fates)?;
        for (path, fate) in &fates {
            tell(shell, *fate, &self.root.join(path), manner);
        }
        Ok(())
    }

    /// What would become of each file.
    fn fates(&self, manner: Manner) -> Result<Vec<(PathBuf, Fate)>> {
        let mut fates = Vec::new();
        let mut lost = Vec::new();
        for (path, change) in &self.files {
            let full = self.root.join(path);
            let there = read(&full)?;
            let fate = match (change, there) {
                (Change::Remove, None) => Fate::Unchanged,
                (Change::Remove, Some(_)) => Fate::Removed,
                (Change::Write { .. }, None) => Fate::Created,
                (Change::Write { contents, .. }, Some(there)) if there == *contents => {
                    Fate::Unchanged
                }
                (Change::Write { .. }, Some(_)) => {
                    if manner == Manner::Careful {
                        lost.push(shown(&full));
                    }
                    Fate::Updated
                }
                (Change::Edit { before, contents }, Some(there)) if there == *before => {
                    if before == contents { Fate::Unchanged } else { Fate::Updated }
                }
                (Change::Edit { .. }, _) => {
                    return Err(Error::new(format!(
                        "{} has changed since it was read; nothing was written",
                        shown(&full)
                    ))
                    .with_hint("save what you are editing, and try again"));
                }
            };
            fates.push((path.clone(), fate));
        }
        if lost.is_empty() {
            return Ok(fates);
        }
        let what = match lost.as_slice() {
            [one] => format!("{one} is there already and says something else"),
            more => {
                format!("these are there already and say something else:\n  {}", more.join("\n  "))
            }
        };
        Err(Error::new(format!("{what}; nothing was written"))
            .with_hint("`--dry-run` shows what would be written, `--force` replaces what is there"))
    }
}

/// The contents of a file; none if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(failure("read", path, &cause)),
    }
}

fn tell(shell: &Shell, fate: Fate, path: &Path, manner: Manner) {
    let is_dry = manner == Manner::DryRun;
    let verb = match fate {
        Fate::Created if is_dry => "Would create",
        Fate::Created => "Created",
        Fate::Updated if is_dry => "Would update",
        Fate::Updated => "Updated",
        Fate::Removed if is_dry => "Would remove",
        Fate::Removed => "Removed",
        Fate::Unchanged => "Unchanged",
    };
    shell.status(verb, shown(path));
}
