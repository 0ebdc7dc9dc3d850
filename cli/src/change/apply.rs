//! Everything is written beside where it belongs, then put in its place.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::Result;
use crate::interrupt::{self, Held};

use super::failure::failure;
use super::{Access, Change, Fate};

/// What a new folder begins with until it is whole.
const UNFINISHED: &str = ".bia-unfinished-";

/// Does what `fates` says. `files` holds what is written.
pub(super) fn apply(
    root: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
) -> Result<()> {
    let interrupt = interrupt::hold()?;
    // No name is the current folder's.
    if root.as_os_str().is_empty() || root.exists() {
        into_place(root, root, files, fates, &interrupt)
    } else {
        as_a_whole(root, files, fates, &interrupt)
    }
}

/// A folder that is not there yet comes whole: it is filled under another name.
fn as_a_whole(
    root: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
    interrupt: &Held,
) -> Result<()> {
    let parent = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut made = Made::default();
    let cannot = |cause| failure("make the folder", root, &cause);
    made.folder(&parent, &parent)?;
    // Removed when it is dropped, whatever happens before it has its name.
    let unfinished = TempDir::with_prefix_in(UNFINISHED, &parent).map_err(cannot)?;
    let folder = unfinished.path().join("whole");
    fs::create_dir(&folder).map_err(cannot)?;
    into_place(&folder, root, files, fates, interrupt)?;
    fs::rename(&folder, root).map_err(cannot)?;
    made.keep();
    Ok(())
}

/// Writes below `root`, which becomes `place`: that is what a person knows.
fn into_place(
    root: &Path,
    place: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
    interrupt: &Held,
) -> Result<()> {
    let mut made = Made::default();
    let mut staged = Vec::new();
    let mut removed = Vec::new();
    for (path, fate) in fates {
        interrupt.check()?;
        let (full, told) = (root.join(path), place.join(path));
        match (fate, files.get(path)) {
            (Fate::Removed, _) => removed.push((full, told)),
            (
                Fate::Created | Fate::Updated,
                Some(Change::Write { contents, .. } | Change::Edit { contents, .. }),
            ) => {
                let access = match files.get(path) {
                    Some(Change::Write { access, .. }) => *access,
                    _ => Access::Plain,
                };
                // A link stays one: what it leads to is written.
                let full = fs::canonicalize(&full).unwrap_or(full);
                staged.push((stage(&full, &told, contents, access, &mut made)?, full, told));
            }
            _ => {}
        }
    }
    interrupt.check()?;
    // From here on, only names change.
    let mut done = Done::default();
    for (file, full, told) in staged {
        done.remember(&full, &told)?;
        file.persist(&full).map_err(|error| failure("write", &told, &error.error))?;
    }
    for (full, told) in removed {
        done.remember(&full, &told)?;
        fs::remove_file(&full).map_err(|cause| failure("remove", &told, &cause))?;
    }
    done.keep();
    made.keep();
    Ok(())
}

/// Writes `contents` beside `full`, with the permissions that the file has or should have.
fn stage(
    full: &Path,
    told: &Path,
    contents: &[u8],
    access: Access,
    made: &mut Made,
) -> Result<NamedTempFile> {
    let cannot = |cause| failure("write", told, &cause);
    let folder = |path: &Path| path.parent().unwrap_or_else(|| Path::new(".")).to_owned();
    made.folder(&folder(full), &folder(told))?;
    let mode = match (access, fs::metadata(full)) {
        (Access::Private, _) => 0o600,
        (_, Ok(there)) => there.permissions().mode(),
        (Access::Program, Err(_)) => 0o755,
        (Access::Plain, Err(_)) => 0o644,
    };
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder(full))
        .map_err(cannot)?;
    file.write_all(contents).map_err(cannot)?;
    file.flush().map_err(cannot)?;
    Ok(file)
}

/// The folders that were made; they go again unless they are kept.
#[derive(Debug, Default)]
struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder and what is missing around it; a person knows it as `told`.
    fn folder(&mut self, folder: &Path, told: &Path) -> Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|it| !it.as_os_str().is_empty() && !it.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(|cause| failure("make the folder", told, &cause))?;
            self.0.push(folder.to_owned());
        }
        Ok(())
    }

    fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // One that somebody else has put something into stays.
            drop(fs::remove_dir(folder));
        }
    }
}

/// What was there before; it comes back unless what was done is kept.
#[derive(Debug, Default)]
struct Done(Vec<(PathBuf, Option<Before>)>);

type Before = (Vec<u8>, Permissions);

impl Done {
    fn remember(&mut self, path: &Path, told: &Path) -> Result<()> {
        let before = match fs::metadata(path) {
            Ok(there) => {
                let contents = fs::read(path).map_err(|cause| failure("read", told, &cause))?;
                Some((contents, there.permissions()))
            }
            Err(_) => None,
        };
        self.0.push((path.to_owned(), before));
        Ok(())
    }

    fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        for (path, before) in self.0.iter().rev() {
            match before {
                Some((contents, permissions)) => {
                    drop(fs::write(path, contents));
                    drop(fs::set_permissions(path, permissions.clone()));
                }
                None => drop(fs::remove_file(path)),
            }
        }
    }
}
