//! The protos of a revision of git, and the build scripts that name them, written out so that they
//! can be read as files are.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::error::{About as _, Error, Result};

/// A repository, and where in it the current folder is.
#[derive(Debug)]
pub(super) struct Repository {
    root: PathBuf,
    /// The current folder, from the root.
    here: PathBuf,
}

/// The protos of a revision.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) folder: TempDir,
    /// From the root of the repository.
    pub(super) files: Vec<PathBuf>,
    /// Every `build.rs`, from there too.
    pub(super) scripts: Vec<PathBuf>,
}

impl Repository {
    /// The one that the current folder is in; none if it is in none.
    ///
    /// # Errors
    ///
    /// There is no git.
    pub(super) fn find() -> Result<Option<Self>> {
        let told = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
        if !told.status.success() {
            return Ok(None);
        }
        let root = PathBuf::from(String::from_utf8_lossy(&told.stdout).trim_end_matches('\n'));
        let root = root.canonicalize().about(|| format!("find {}", root.display()))?;
        let here = crate::project::here()?;
        let here = here.strip_prefix(&root).unwrap_or_else(|_| Path::new("")).to_owned();
        Ok(Some(Self { root, here }))
    }

    /// Whether it has a commit of this name.
    pub(super) fn has(&self, revision: &str) -> Result<bool> {
        let commit = format!("{revision}^{{commit}}");
        let told =
            git(&self.root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        Ok(told.status.success())
    }

    /// A path from the current folder as one from the root; none if it leads out.
    pub(super) fn inside(&self, path: &Path) -> Option<PathBuf> {
        let whole = if path.is_absolute() {
            path.canonicalize().ok()?.strip_prefix(&self.root).ok()?.to_owned()
        } else {
            self.here.join(path)
        };
        tidy(&whole)
    }

    /// Writes out every `.proto` and `build.rs` of a revision.
    ///
    /// # Errors
    ///
    /// Git cannot read it, or it cannot be written.
    pub(super) fn revision(&self, revision: &str) -> Result<Revision> {
        let blobs = self.blobs(revision)?;
        let folder = TempDir::with_prefix("bia-proto-").about(|| "make a folder".to_owned())?;
        let mut asked = tempfile::tempfile().about(|| "make a file".to_owned())?;
        for id in blobs.values() {
            writeln!(asked, "{id}").about(|| "write to a file".to_owned())?;
        }
        std::io::Seek::rewind(&mut asked).about(|| "read a file".to_owned())?;
        let output = command(&self.root, &["cat-file", "--batch"])
            .stdin(asked)
            .output()
            .about(|| "run git".to_owned())?;
        let mut rest = output.stdout.as_slice();
        for path in blobs.keys() {
            let contents = next(&mut rest).ok_or_else(|| {
                Error::new(format!("git does not tell {revision}:{}", path.display()))
            })?;
            let full = folder.path().join(path);
            let parent = full.parent().unwrap_or_else(|| folder.path());
            std::fs::create_dir_all(parent).about(|| format!("make {}", parent.display()))?;
            std::fs::write(&full, contents).about(|| format!("write {}", full.display()))?;
        }
        let (files, scripts) = blobs.into_keys().partition(|path| is_proto(path));
        Ok(Revision { folder, files, scripts })
    }

    /// The ids of all protos and build scripts, by path.
    fn blobs(&self, revision: &str) -> Result<BTreeMap<PathBuf, String>> {
        let told =
            git(&self.root, &["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision])?;
        if !told.status.success() {
            let why = String::from_utf8_lossy(&told.stderr).trim().to_owned();
            return Err(Error::new(format!("cannot read {revision}: {why}")));
        }
        let text = String::from_utf8_lossy(&told.stdout);
        let blobs = text.split('\0').filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            let mut about = about.split(' ');
            // A link holds a path and no proto.
            let is_file = about.next()?.starts_with("100") && about.next()? == "blob";
            let id = about.next()?.to_owned();
            let path = PathBuf::from(path);
            let is_meant = is_proto(&path) || path.file_name()? == "build.rs";
            (is_file && is_meant).then_some((path, id))
        });
        Ok(blobs.collect())
    }
}

/// A path from the root without `..`; none if it leads out.
pub(super) fn tidy(path: &Path) -> Option<PathBuf> {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => tidy.push(part),
            // Above the root there is nothing of it.
            Component::ParentDir if !tidy.pop() => return None,
            _ => {}
        }
    }
    Some(tidy)
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "proto")
}

/// The next object of `cat-file --batch`: `id type size`, a line break, the contents, a line break.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(rest.get(..end)?).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let contents = rest.get(end + 1..end + 1 + size)?;
    *rest = rest.get(end + 2 + size..)?;
    Some(contents)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Output> {
    command(folder, arguments).output().map_err(|cause| {
        Error::new(format!("cannot run git: {cause}"))
            .with_hint("without git, name a folder, a descriptor set or a service")
    })
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    command
}
