//! What is looked at while services run, and when a change of it is told.

mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Result};

use spec::Kind;
pub(super) use spec::Spec;

/// An editor that saves several files is done when nothing has changed for so long…
const QUIET: Duration = Duration::from_millis(150);
/// …and one that never is done is not waited for.
const LONGEST: Duration = Duration::from_secs(2);

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) code: bool,
    /// What is built of what may be another.
    pub(super) layout: bool,
    /// Services whose files of settings have.
    pub(super) settings: BTreeSet<usize>,
}

/// What has changed and was not told yet.
#[derive(Debug, Default)]
struct Pending {
    changes: Changes,
    /// Of the first and of the last change.
    since: Option<(Instant, Instant)>,
}

impl Pending {
    fn add(&mut self, kind: Kind, now: Instant) {
        match kind {
            Kind::Code => self.changes.code = true,
            Kind::Layout => {
                self.changes.code = true;
                self.changes.layout = true;
            }
            Kind::Settings(service) => {
                self.changes.settings.insert(service);
            }
        }
        let (first, _) = self.since.unwrap_or((now, now));
        self.since = Some((first, now));
    }

    /// When it is told.
    fn due(&self) -> Option<Instant> {
        let (first, last) = self.since?;
        Some((last + QUIET).min(first + LONGEST))
    }
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<Pending>,
    spec: Mutex<Spec>,
    told: Notify,
}

/// Looks at files.
#[derive(Debug)]
pub(super) struct Watcher {
    shared: Arc<Shared>,
    watcher: RecommendedWatcher,
    /// What is listened to already.
    folders: BTreeMap<PathBuf, RecursiveMode>,
}

impl Watcher {
    /// # Errors
    ///
    /// The system has no more watches to give.
    pub(super) fn new(spec: Spec) -> Result<Self> {
        let shared = Arc::new(Shared { spec: Mutex::new(spec), ..Shared::default() });
        let listening = Arc::clone(&shared);
        let watcher = notify::recommended_watcher(move |event| listening.heard(event))
            .map_err(|error| cannot(&error))?;
        let mut watcher = Self { shared, watcher, folders: BTreeMap::new() };
        watcher.follow()?;
        Ok(watcher)
    }

    /// Looks at other files from now on.
    pub(super) fn replace(&self, spec: Spec) {
        *lock(&self.shared.spec) = spec;
    }

    /// Listens to folders that are there by now.
    ///
    /// # Errors
    ///
    /// The system has no more watches to give.
    pub(super) fn follow(&mut self) -> Result<()> {
        let wanted = lock(&self.shared.spec).folders();
        for (folder, mode) in wanted {
            if self.folders.get(&folder) == Some(&mode) || !folder.is_dir() {
                continue;
            }
            self.watcher.watch(&folder, mode).map_err(|error| cannot(&error))?;
            self.folders.insert(folder, mode);
        }
        // One that was removed is listened to anew when it is there again.
        self.folders.retain(|folder, _| folder.is_dir());
        Ok(())
    }

    /// The next changes, when nothing more comes for a moment. Cancel-safe.
    pub(super) async fn changed(&self) -> Changes {
        loop {
            let due = lock(&self.shared.pending).due();
            match due {
                None => self.shared.told.notified().await,
                Some(due) if due <= Instant::now() => {
                    return std::mem::take(&mut *lock(&self.shared.pending)).changes;
                }
                Some(due) => sleep_until(due).await,
            }
        }
    }
}

impl Shared {
    fn heard(&self, event: notify::Result<notify::Event>) {
        let kinds: Vec<Kind> = match event {
            // Reading changes nothing.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
            // More happened than could be told.
            Ok(event) if event.need_rescan() => vec![Kind::Layout],
            Ok(event) => {
                let spec = lock(&self.spec);
                event.paths.iter().filter_map(|path| spec.kind(path)).collect()
            }
            Err(_) => return,
        };
        if kinds.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut pending = lock(&self.pending);
        for kind in kinds {
            pending.add(kind, now);
        }
        drop(pending);
        self.told.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cannot(error: &notify::Error) -> Error {
    let error_text = Error::new(format!("cannot watch files: {error}"));
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            error_text.with_hint("raise fs.inotify.max_user_watches, or use --no-watch")
        }
        _ => error_text.with_hint("--no-watch does without"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watcher(folder: &std::path::Path) -> Watcher {
        let mut spec = Spec::default();
        spec.add_tree(folder.join("src"));
        spec.add_layout(folder.join("Cargo.toml"));
        spec.add_settings(folder.join("configs"), 3);
        Watcher::new(spec).expect("it watches")
    }

    #[tokio::test]
    async fn changes_come_together_when_it_is_quiet_and_those_of_nobody_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        std::fs::create_dir_all(path.join("configs")).expect("made");
        std::fs::create_dir_all(path.join("src/deep")).expect("made");
        let watcher = watcher(path);
        std::fs::write(path.join("src/.main.rs.swp"), "").expect("written");
        std::fs::write(path.join("README.md"), "").expect("written");
        std::fs::write(path.join("configs/app.yaml"), "").expect("written");
        let settings = Changes { settings: BTreeSet::from([3]), ..Changes::default() };
        assert_eq!(watcher.changed().await, settings);
        std::fs::write(path.join("src/deep/a.rs"), "").expect("written");
        std::fs::write(path.join("src/b.rs"), "").expect("written");
        let code = Changes { code: true, ..Changes::default() };
        assert_eq!(watcher.changed().await, code);
        std::fs::write(path.join("Cargo.toml.new"), "").expect("written");
        std::fs::rename(path.join("Cargo.toml.new"), path.join("Cargo.toml")).expect("renamed");
        let layout = Changes { code: true, layout: true, ..Changes::default() };
        assert_eq!(watcher.changed().await, layout);
    }

    #[tokio::test]
    async fn a_folder_that_is_made_later_is_watched_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let mut watcher = watcher(path);
        std::fs::create_dir(path.join("src")).expect("made");
        assert!(watcher.changed().await.code, "that it is there is a change");
        watcher.follow().expect("it follows");
        std::fs::write(path.join("src/main.rs"), "").expect("written");
        assert!(watcher.changed().await.code);
    }

    #[test]
    fn who_never_stops_writing_is_not_waited_for() {
        let start = Instant::now();
        let mut pending = Pending::default();
        assert_eq!(pending.due(), None);
        for step in 0..40 {
            pending.add(Kind::Code, start + step * Duration::from_millis(100));
        }
        assert_eq!(pending.due(), Some(start + LONGEST));
    }
}
