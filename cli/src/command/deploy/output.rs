//! What one output consists of, and how it gets to its place without taking anybody's edits along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::change::{Changes, Manner};
use crate::error::{About as _, Error, Result};
use crate::project::{self, Project};
use crate::shell::Shell;

use super::options::Placing;
use super::record::{self, Record};

/// The files of an output, by their paths below its folder.
#[derive(Debug, Default)]
pub(super) struct Output {
    files: BTreeMap<PathBuf, String>,
    /// Folders that are this output's alone, with the command that writes them: what it wrote there
    /// before and does not write now goes.
    owned: BTreeMap<String, String>,
    /// Files that are written only where there are none.
    once: Vec<PathBuf>,
}

/// What there is where a file is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Same,
    /// As this command wrote it.
    Ours,
    Edited,
}

/// A file that is there, or is to be.
struct File {
    path: PathBuf,
    state: State,
    before: Vec<u8>,
    /// None if it is to go.
    after: Option<String>,
}

impl Output {
    pub(super) fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// Adds a file that stays as it is where there is one.
    pub(super) fn add_once(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        let path = path.into();
        self.once.push(path.clone());
        self.add(path, text);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn own(&mut self, folder: impl Into<String>, command: impl Into<String>) {
        self.owned.insert(folder.into(), command.into());
    }

    /// Writes everything below `folder`, or says what would be different.
    ///
    /// # Errors
    ///
    /// A file was edited since it was written, or it cannot be written; nothing was written then.
    /// With `--diff`: something would be different.
    pub(super) fn write(
        mut self,
        project: &Project,
        folder: &Path,
        placing: &Placing,
        shell: &Shell,
    ) -> Result<()> {
        let root = project.root.join(folder);
        // What is told is short where it can be.
        let root = match project::here() {
            Ok(here) if root == here => PathBuf::from("."),
            Ok(here) => root.strip_prefix(here).map(Path::to_owned).unwrap_or(root),
            Err(_) => root,
        };
        if root.is_file() {
            return Err(Error::usage(format!(
                "{} is a file, and no folder that can be written to",
                root.display()
            ))
            .with_hint("name a folder below the workspace, as in `--to ops/deploy`"));
        }
        let mut record = match read(&root.join(record::FILE))? {
            Some(text) => Record::parse(&String::from_utf8_lossy(&text)),
            None => Record::default(),
        };
        for path in std::mem::take(&mut self.once) {
            if root.join(&path).exists() {
                self.files.remove(&path);
            }
        }
        let files = self.compared(&root, &record)?;
        self.tell_of_other_commands(&root, &files, &record, shell);
        if placing.diff {
            return show(&files, shell);
        }
        let manner = Manner::from(placing.writing);
        refuse(&root, &files, manner, shell)?;
        let mut changes = Changes::below(&root);
        for File { path, state, before, after } in files {
            match after {
                Some(after) => {
                    record.note(&path, after.as_bytes());
                    match state {
                        State::Ours => changes.edit(path, before, after),
                        State::Missing | State::Same | State::Edited => changes.write(path, after),
                    }
                }
                None => {
                    record.forget(&path);
                    match state {
                        State::Ours => changes.remove(path),
                        State::Edited => shell.warn(format_args!(
                            "{} is part of this no more, and was edited: it stays",
                            root.join(path).display()
                        )),
                        State::Missing | State::Same => {}
                    }
                }
            }
        }
        for (folder, command) in &self.owned {
            record.note_command(folder, command);
        }
        match read(&root.join(record::FILE))? {
            Some(before) => changes.edit(record::FILE, before, record.text()),
            None => changes.write(record::FILE, record.text()),
        }
        changes.apply(manner, shell)
    }

    /// Options are not remembered: one that is left out is told before its files go or change.
    fn tell_of_other_commands(&self, root: &Path, files: &[File], record: &Record, shell: &Shell) {
        for (folder, command) in &self.owned {
            let before = record.command(folder).filter(|before| before != command);
            let is_changed =
                |file: &File| file.state == State::Ours && file.path.starts_with(folder);
            if let Some(before) = before.filter(|_| files.iter().any(is_changed)) {
                shell.warn(format_args!(
                    "{} was written by `{before}`; now it is by `{command}`",
                    root.join(folder).display()
                ));
            }
        }
    }

    fn compared(&self, root: &Path, record: &Record) -> Result<Vec<File>> {
        let owned: Vec<&str> = self.owned.keys().map(String::as_str).collect();
        let gone = record.below(&owned).map(PathBuf::from);
        let gone = gone.filter(|path| !self.files.contains_key(path)).map(|path| (path, None));
        let mut files = Vec::new();
        let written = self.files.iter().map(|(path, text)| (path.clone(), Some(text.clone())));
        for (path, after) in written.chain(gone) {
            let there = read(&root.join(&path))?;
            let state = match (&there, &after) {
                (None, _) => State::Missing,
                (Some(there), Some(after)) if there == after.as_bytes() => State::Same,
                (Some(there), _) if record.knows(&path, there) => State::Ours,
                (Some(_), _) => State::Edited,
            };
            files.push(File { path, state, before: there.unwrap_or_default(), after });
        }
        Ok(files)
    }
}

/// Says which files a person has edited, and refuses to replace them unless that is asked for.
fn refuse(root: &Path, files: &[File], manner: Manner, shell: &Shell) -> Result<()> {
    let edited: Vec<String> = files
        .iter()
        .filter(|file| file.state == State::Edited && file.after.is_some())
        .map(|file| root.join(&file.path).display().to_string())
        .collect();
    match manner {
        Manner::Force => Ok(()),
        _ if edited.is_empty() => Ok(()),
        Manner::DryRun => {
            for path in edited {
                shell.warn(format_args!(
                    "{path} was not written like this by bia: `--force` would replace it"
                ));
            }
            Ok(())
        }
        Manner::Careful => {
            let what = match edited.as_slice() {
                [one] => format!("{one} was edited, or is not from bia"),
                more => format!("these were edited, or are not from bia:\n  {}", more.join("\n  ")),
            };
            Err(Error::new(format!("{what}; nothing was written")).with_hint(
                "`--diff` shows what would be different, `--force` replaces them, `--to FOLDER` writes elsewhere",
            ))
        }
    }
}

/// Prints what would be different.
fn show(files: &[File], shell: &Shell) -> Result<()> {
    let mut different = 0;
    for file in files {
        let after = file.after.as_deref().unwrap_or_default();
        let is_same =
            file.state == State::Same || file.after.is_none() && file.state != State::Ours;
        if is_same {
            continue;
        }
        different += 1;
        let before = String::from_utf8_lossy(&file.before);
        let path = file.path.display().to_string();
        let mut options = diffy::DiffOptions::new();
        let from = if file.state == State::Missing { "/dev/null".to_owned() } else { path.clone() };
        let to = if file.after.is_none() { "/dev/null".to_owned() } else { path };
        let patch = options.set_original_filename(from).set_modified_filename(to);
        let patch = patch.create_patch(&before, after);
        shell.data(patch.to_string().trim_end())?;
    }
    match different {
        0 => {
            shell.say("everything is as it would be written");
            Ok(())
        }
        1 => Err(Error::new("1 file would be different")),
        more => Err(Error::new(format!("{more} files would be different"))),
    }
}

/// The contents of a file; none if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).about(|| format!("read {}", path.display())),
    }
}
