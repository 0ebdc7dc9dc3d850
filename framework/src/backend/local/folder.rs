//! The folder: made for its owner alone, checked to be so, and changed by one rename at a time.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::error::{BoxError, Error, Result};

use super::file::{self, LeaseFile, Stamp};
use super::process::{self, Moment};

/// The ending of a file that is being written.
const UNFINISHED: &str = ".tmp";

/// A lease that has been out of date for this many times its time to live is rubbish.
const RUBBISH: u32 = 10;

/// A lease is smaller than this, in bytes: of anything larger no more is read.
const LARGEST: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Who we are: the folder's only rightful owner.
    user: u32,
}

impl Folder {
    /// Makes the folder if need be, and checks that it is ours alone to write to.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let mut folder = Self { path, user: 0 };
        folder.metadata()?;
        folder.user = own_user(&folder.path)
            .map_err(|error| folder.unusable("cannot be written to by this user", error))?;
        folder.ensure()?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder if need be, checks it, and tells it from another one of the same name.
    ///
    /// Whoever can write here decides where calls go: refuses a folder that is not ours alone, also
    /// one that took the place of ours.
    pub(super) fn ensure(&self) -> Result<u64> {
        let metadata = self.metadata()?;
        let (owner, user) = (metadata.uid(), self.user);
        if owner != user {
            return Err(self.refused(&format!(
                "belongs to user {owner} and not to user {user}: set registry.local.path to a folder of your own"
            )));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(self.refused(&format!(
                "can be written to by others (mode {:03o}): make it 700, or set registry.local.path",
                metadata.mode() & 0o777
            )));
        }
        Ok(metadata.ino())
    }

    fn metadata(&self) -> Result<Metadata> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(&self.path)
                    .map_err(|error| self.unusable("cannot be made", error))?;
                fs::symlink_metadata(&self.path)
            }
            found => found,
        };
        let metadata = metadata.map_err(|error| self.unusable("cannot be read", error))?;
        match metadata.is_dir() {
            true => Ok(metadata),
            false => Err(self.refused("is not a folder: remove it, or set registry.local.path")),
        }
    }

    /// Puts a lease in its place, whole or not at all.
    pub(super) fn write(&self, name: &str, lease: &LeaseFile) -> Result<()> {
        self.ensure()?;
        let unfinished = self.path.join(format!(".{}{UNFINISHED}", Uuid::now_v7()));
        let write = || -> Result<(), BoxError> {
            let mut file = create(&unfinished)?;
            file.write_all(&serde_json::to_vec_pretty(lease)?)?;
            Ok(fs::rename(&unfinished, self.path.join(name))?)
        };
        write().map_err(|error| {
            // What is left over is swept up by whoever comes next.
            fs::remove_file(&unfinished).ok();
            self.unusable(&format!("does not take {name}"), error)
        })
    }

    /// The lease of this name, and what tells its file from another one.
    pub(super) fn read(&self, name: &str) -> Result<(LeaseFile, Metadata), BoxError> {
        // A link or a pipe put here could make us wait, or read what is not a lease.
        let path = self.path.join(name);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err("it is not a regular file".into());
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok((serde_json::from_reader(io::BufReader::new(file.take(LARGEST)))?, metadata))
    }

    /// The token of the lease of this name, if there is one that can be read.
    pub(super) fn token(&self, name: &str) -> Option<String> {
        Some(self.read(name).ok()?.0.token)
    }

    /// The names and stamps of the files whose name begins with `prefix`.
    pub(super) fn list(&self, prefix: &str) -> Result<Vec<(String, Stamp)>> {
        let entries =
            fs::read_dir(&self.path).map_err(|error| self.unusable("cannot be read", error))?;
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.unusable("cannot be read", error))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !file::is_lease(&name, prefix) {
                continue;
            }
            // One that is gone by now is not there.
            if let Ok(metadata) = entry.metadata() {
                files.push((name, Stamp::of(&metadata)));
            }
        }
        Ok(files)
    }

    /// Removes a file unless it has been replaced since it was looked at.
    ///
    /// Should it be replaced just now, its owner writes it again at the next heartbeat.
    pub(super) fn remove(&self, name: &str, stamp: Stamp) {
        let path = self.path.join(name);
        if fs::symlink_metadata(&path).is_ok_and(|metadata| Stamp::of(&metadata) == stamp) {
            // Others sweep too.
            fs::remove_file(path).ok();
        }
    }

    /// Removes the lease of this name if it is the one of this token.
    pub(super) fn withdraw(&self, name: &str, token: &str) -> Result<()> {
        if self.token(name).as_deref() != Some(token) {
            return Ok(());
        }
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.unusable(&format!("does not let go of {name}"), error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what dead processes left: their leases, those long out of date, unfinished files.
    pub(super) fn sweep(&self) {
        let (now, here) = (Moment::now(), process::namespace());
        for (name, stamp) in self.list("").unwrap_or_default() {
            let Ok((lease, metadata)) = self.read(&name) else { continue };
            let gone = lease.process.as_ref().is_some_and(|it| it.is_gone(here.as_deref()));
            if gone || lease.age(&metadata, now.as_ref()) > lease.ttl * RUBBISH {
                self.remove(&name, stamp);
            }
        }
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let unfinished = name.to_str().is_some_and(|name| name.ends_with(UNFINISHED));
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            if unfinished && age > Some(Duration::from_secs(60)) {
                fs::remove_file(entry.path()).ok();
            }
        }
    }

    fn unusable(&self, what: &str, source: impl Into<BoxError>) -> Error {
        self.refused(what).with_source(source)
    }

    fn refused(&self, what: &str) -> Error {
        let path = self.path.display();
        Error::unavailable("LOCAL_REGISTRY_UNUSABLE", format!("registry folder {path} {what}"))
    }
}

/// The user as whom this process writes files, asked of a file written to `folder`.
pub(super) fn own_user(folder: &Path) -> io::Result<u32> {
    let path = folder.join(format!(".{}{UNFINISHED}", Uuid::now_v7()));
    let user = create(&path)?.metadata().map(|metadata| metadata.uid());
    fs::remove_file(path)?;
    user
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
