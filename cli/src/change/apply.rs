//! Everything is written beside where it belongs, then put in its place.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::{About as _, Result};

use super::interrupt::Interrupt;
use super::{Access, Change, Fate};

/// What a new folder begins with until it is whole.
const UNFINISHED: &str = ".bia-unfinished-";

/// Does what `fates` says. `files` holds what is written.
pub(super) fn apply(
    root: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
) -> Result<()> {
    let interrupt = Interrupt::watch()?;
    // No name is the current folder's.
    if root.as_os_str().is_empty() || root.exists() {
        into_place(root, files, fates, &interrupt)
    } else {
        as_a_whole(root, files, fates, &interrupt)
    }
}

/// A folder that is not there yet comes whole: it is filled under another name.
fn as_a_whole(
    root: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
    interrupt: &Interrupt,
) -> Result<()> {
    let parent = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut made = Made::default();
    made.folder(&parent)?;
    // Removed when it is dropped, whatever happens before it has its name.
    let unfinished = TempDir::with_prefix_in(UNFINISHED, &parent)
        .about(|| format!("make a folder in {}", parent.display()))?;
    let folder = unfinished.path().join("whole");
    fs::create_dir(&folder).about(|| format!("make {}", folder.display()))?;
    into_place(&folder, files, fates, interrupt)?;
    fs::rename(&folder, root).about(|| format!("make {}", root.display()))?;
    made.keep();
    Ok(())
}

fn into_place(
    root: &Path,
    files: &BTreeMap<PathBuf, Change>,
    fates: &[(PathBuf, Fate)],
    interrupt: &Interrupt,
) -> Result<()> {
    let mut made = Made::default();
    let mut staged = Vec::new();
    let mut removed = Vec::new();
    for (path, fate) in fates {
        interrupt.check()?;
        let full = root.join(path);
        match (fate, files.get(path)) {
            (Fate::Removed, _) => removed.push(full),
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
                staged.push((stage(&full, contents, access, &mut made)?, full));
            }
            _ => {}
        }
    }
    interrupt.check()?;
    // From here on, only names change.
    let mut done = Done::default();
    for (file, full) in staged {
        done.remember(&full)?;
        file.persist(&full)
            .map_err(|error| error.error)
            .about(|| format!("write {}", full.display()))?;
    }
    for full in removed {
        done.remember(&full)?;
        fs::remove_file(&full).about(|| format!("remove {}", full.display()))?;
    }
    done.keep();
    made.keep();
    Ok(())
}

/// Writes `contents` beside `full`, with the permissions that the file has or should have.
fn stage(full: &Path, contents: &[u8], access: Access, made: &mut Made) -> Result<NamedTempFile> {
    let about = || format!("write {}", full.display());
    let folder = full.parent().unwrap_or_else(|| Path::new("."));
    made.folder(folder)?;
    let mode = match (access, fs::metadata(full)) {
        (Access::Private, _) => 0o600,
        (_, Ok(there)) => there.permissions().mode(),
        (Access::Program, Err(_)) => 0o755,
        (Access::Plain, Err(_)) => 0o644,
    };
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .about(about)?;
    file.write_all(contents).about(about)?;
    file.flush().about(about)?;
    Ok(file)
}

/// The folders that were made; they go again unless they are kept.
#[derive(Debug, Default)]
struct Made(Vec<PathBuf>);

impl Made {
    fn folder(&mut self, folder: &Path) -> Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|it| !it.as_os_str().is_empty() && !it.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).about(|| format!("make the folder {}", folder.display()))?;
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
    fn remember(&mut self, path: &Path) -> Result<()> {
        let before = match fs::metadata(path) {
            Ok(there) => {
                let contents = fs::read(path).about(|| format!("read {}", path.display()))?;
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
