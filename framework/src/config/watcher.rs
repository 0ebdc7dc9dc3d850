//! Tells when something in a folder has changed: by what the system tells, and by looking now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::Instant;

/// For how long a file is believed to be open for writing: whoever holds one open longer has no
/// claim to be waited for.
const WRITING: Duration = Duration::from_secs(60);

/// The most files that are kept as open for writing; a folder where more are written is no folder of
/// settings, and is only looked at.
const MOST: usize = 1024;

/// Watches folders, not files: a file that is replaced by another of its name is another file, and
/// one that is not there yet cannot be watched.
pub(crate) struct FolderWatch {
    told: Arc<Told>,
    watching: Mutex<Watching>,
}

#[derive(Default)]
struct Told {
    changed: Notify,
    /// Files that somebody writes to and has not closed yet, and since when.
    writing: Mutex<BTreeMap<PathBuf, Instant>>,
}

#[derive(Default)]
struct Watching {
    watcher: Option<RecommendedWatcher>,
    /// Device and inode of each: one that is removed and made again is another one.
    folders: BTreeMap<PathBuf, (u64, u64)>,
    warned: bool,
    #[cfg(test)]
    is_deaf: bool,
}

impl FolderWatch {
    /// Watches nothing yet.
    pub(crate) fn new() -> Self {
        Self { told: Arc::default(), watching: Mutex::default() }
    }

    /// Is told nothing, as on a file system of a network.
    #[cfg(test)]
    pub(super) fn deaf() -> Self {
        let watch = Self::new();
        lock(&watch.watching).is_deaf = true;
        watch
    }

    /// Watches these folders and no others; blocks on the file system. Says whether all are watched:
    /// if not, whoever asks must look more often.
    pub(crate) fn follow(&self, folders: &BTreeSet<PathBuf>) -> bool {
        let mut watching = lock(&self.watching);
        let watching = &mut *watching;
        #[cfg(test)]
        if watching.is_deaf {
            return true;
        }
        if watching.watcher.is_none() {
            let told = Arc::clone(&self.told);
            match notify::recommended_watcher(move |event| told.hear(event)) {
                Ok(watcher) => watching.watcher = Some(watcher),
                Err(error) => {
                    if !std::mem::replace(&mut watching.warned, true) {
                        tracing::warn!(
                            target: "bia::config", %error,
                            "the system does not tell when files change: they are looked at instead \
                             (raise fs.inotify.max_user_instances)"
                        );
                    }
                    return false;
                }
            }
        }
        let Some(watcher) = &mut watching.watcher else { return false };
        watching.folders.retain(|folder, known| {
            let same = folders.contains(folder) && identity(folder) == Some(*known);
            if !same {
                // It may be gone, and its watch with it.
                watcher.unwatch(folder).ok();
            }
            same
        });
        for folder in folders {
            let Some(identity) = identity(folder) else { continue };
            if !watching.folders.contains_key(folder)
                && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
            {
                watching.folders.insert(folder.clone(), identity);
            }
        }
        watching.folders.len() == folders.len()
    }

    /// Resolves when something has changed since it resolved last. Cancel-safe.
    pub(crate) async fn told(&self) {
        self.told.changed.notified().await;
    }

    /// Whether somebody is known to be writing to a file, `folder/name` with a folder that is followed.
    pub(crate) fn is_written(&self, file: &Path) -> bool {
        let writing = lock(&self.told.writing);
        writing.get(file).is_some_and(|since| since.elapsed() < WRITING)
    }
}

impl Told {
    /// A file that is written to is a change only once it is closed: until then it may be half of
    /// what it will be.
    fn hear(&self, event: notify::Result<Event>) {
        let Ok(event) = event else { return self.changed.notify_one() };
        let mut writing = lock(&self.writing);
        if event.need_rescan() || writing.len() > MOST {
            writing.clear();
            return self.changed.notify_one();
        }
        let tells_closing = cfg!(any(target_os = "linux", target_os = "android"));
        let is_change = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                writing.retain(|path, _| !event.paths.contains(path));
                true
            }
            EventKind::Access(_) => false,
            EventKind::Create(_) if tells_closing => {
                let (opened, whole): (Vec<_>, Vec<_>) =
                    event.paths.into_iter().partition(|path| is_opened(path));
                writing.extend(opened.into_iter().map(|path| (path, Instant::now())));
                !whole.is_empty()
            }
            EventKind::Modify(ModifyKind::Data(_)) if tells_closing => {
                writing.extend(event.paths.into_iter().map(|path| (path, Instant::now())));
                false
            }
            EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => {
                writing.retain(|path, _| !event.paths.contains(path));
                true
            }
            _ => true,
        };
        if is_change {
            self.changed.notify_one();
        }
    }
}

/// Whether what has just been made was made by opening it, so that it will be closed: a link is whole
/// at once.
fn is_opened(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|it| it.is_file() && it.nlink() == 1)
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(folder).ok().map(|it| (it.dev(), it.ino()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FolderWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders: Vec<_> = lock(&self.watching).folders.keys().cloned().collect();
        f.debug_struct("FolderWatch").field("folders", &folders).finish_non_exhaustive()
    }
}
