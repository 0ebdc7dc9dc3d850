use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;

use super::invalid::Invalid;
use super::source::{Document, Snapshot, Source};
use super::watcher::FolderWatch;

/// How often files are looked at, whatever the system tells: network file systems tell nothing.
const LOOK: Duration = Duration::from_secs(5);

/// How often they are looked at where the system cannot tell.
const LOOK_UNTOLD: Duration = Duration::from_secs(1);

/// How long a file that has just been written must stay as it is to be taken as whole: longer than
/// the steps of the clock that file systems stamp with (10 ms).
const SETTLE: Duration = Duration::from_millis(20);

/// How often that is tried.
const SETTLE_TIMES: u32 = 50;

/// How long a load waits for whoever has a file open for writing.
const CLOSE: Duration = Duration::from_secs(2);

/// Larger files are no settings.
const FILE_LIMIT: u64 = 4 << 20;

/// A folder with more files is none of settings.
const FOLDER_LIMIT: usize = 256;

/// What `--config` names: a file, or a folder of which each file is a layer.
///
/// Of a folder every file is read, in the order of the names, but those that are hidden (`.…`) and
/// what editors leave (`…~`, `#…#`, `….swp`, `….tmp`, `….bak`). A folder that Kubernetes mounts from a
/// `ConfigMap` or a Secret is read through its `..data`, so that a change of several files is seen
/// whole or not at all.
///
/// Replace a file by renaming another one over it where you can: that is whole at every moment. A
/// file that is written in place is read once its writer has closed it and it has stayed the same
/// for a moment. Changes are told by the system (inotify) and, where it does not tell, looked for
/// every 5 s.
///
/// A file may have 4 MiB and a folder 256 files.
pub struct FileSource(Arc<Inner>);

struct Inner {
    what: What,
    watch: FolderWatch,
    /// How things stood when they were last loaded, or last said to have changed.
    looked: Mutex<Option<Stamps>>,
    /// What can be read only once: a pipe, `--config <(…)`.
    once: OnceLock<Document>,
    /// What has been there, of files that need not be.
    known: Mutex<BTreeSet<PathBuf>>,
}

enum What {
    Path(PathBuf),
    /// `app.yaml` and `app.{environment}.yaml` of a folder, as far as they are there.
    Defaults {
        folder: PathBuf,
        environment: Option<String>,
    },
}

type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// What changes if a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl FileSource {
    /// The file, or the files of the folder, at this path. What it is, is looked at with each load.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::of(What::Path(path.into()))
    }

    /// The files that are read where none is named.
    pub(crate) fn defaults(folder: PathBuf, environment: Option<String>) -> Self {
        Self::of(What::Defaults { folder, environment })
    }

    fn of(what: What) -> Self {
        Self(Arc::new(Inner {
            what,
            watch: FolderWatch::new(),
            looked: Mutex::default(),
            once: OnceLock::new(),
            known: Mutex::default(),
        }))
    }
}

impl Source for FileSource {
    fn name(&self) -> String {
        match &self.0.what {
            What::Path(path) if path.is_dir() => format!("folder {}", path.display()),
            What::Path(path) => format!("file {}", path.display()),
            What::Defaults { folder, .. } => format!("folder {}", folder.display()),
        }
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        Box::pin(async {
            self.0.closed().await?;
            let inner = Arc::clone(&self.0);
            let files = blocking(move || inner.open()).await?;
            settle(files).await.map(Snapshot::of).map_err(Error::from)
        })
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            loop {
                let inner = Arc::clone(&self.0);
                let (is_told, changed) = match spawn_blocking(move || inner.look()).await {
                    Ok(looked) => looked,
                    Err(_gone) => std::future::pending().await,
                };
                // Only now is it seen: who stops waiting in between is told the next time.
                if let Some(stamps) = changed {
                    *lock(&self.0.looked) = Some(stamps);
                    return;
                }
                // An error says that it is time to look whatever is told.
                let look = if is_told { LOOK } else { LOOK_UNTOLD };
                timeout(look, self.0.watch.told()).await.ok();
            }
        })
    }
}

impl Inner {
    /// The files to read, by the name they go by and the path they are read at.
    fn files(&self) -> Result<Vec<(PathBuf, PathBuf)>, Invalid> {
        match &self.what {
            What::Path(path) => match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => files_of(path),
                Ok(_) => Ok(vec![(path.clone(), path.clone())]),
                Err(error) => Err(unreadable(path, &error)),
            },
            What::Defaults { folder, environment } => {
                let found = self.defaults(folder, environment.as_deref())?;
                Ok(found.into_iter().map(|path| (path.clone(), path)).collect())
            }
        }
    }

    fn defaults(&self, folder: &Path, environment: Option<&str>) -> Result<Vec<PathBuf>, Invalid> {
        let find = |name: &str| {
            ["yaml", "yml", "toml", "json"]
                .iter()
                .map(|ending| folder.join(format!("{name}.{ending}")))
                .find(|path| path.exists())
        };
        let base = find("app");
        let own = environment.and_then(|environment| find(&format!("app.{environment}")));
        if let (Some(_), None, Some(environment)) = (&base, &own, environment) {
            // A misspelt environment must not run with the settings of another.
            let what = format!(
                "{environment:?} picks {}, which is not there",
                folder.join(format!("app.{environment}.yaml")).display()
            );
            return Err(Invalid::whole("BIA_ENV", what));
        }
        let found: Vec<_> = base.into_iter().chain(own).collect();
        let mut known = lock(&self.known);
        let same = |a: &Path, b: &Path| a.file_stem() == b.file_stem();
        if let Some(gone) = known.iter().find(|it| !found.iter().any(|there| same(there, it))) {
            // Nobody means the defaults by removing a file under a service that runs.
            return Err(Invalid::whole(gone.display().to_string(), "is not there any more"));
        }
        known.extend(found.iter().cloned());
        Ok(found)
    }

    /// Waits until nobody writes to what is to be read.
    async fn closed(&self) -> Result<(), Error> {
        let until = Instant::now() + CLOSE;
        let looked = lock(&self.looked).clone().unwrap_or_default();
        while let Some(file) = self.written(&looked) {
            if Instant::now() > until {
                let what = "somebody has it open for writing: it is read once that is closed";
                return Err(Invalid::whole(file.display().to_string(), what).into());
            }
            sleep(SETTLE).await;
        }
        Ok(())
    }

    /// One of these files that somebody is writing to.
    fn written(&self, files: &Stamps) -> Option<PathBuf> {
        let is_written = |path: &Path| {
            let name = path.file_name();
            name.is_some_and(|name| self.watch.is_written(&folder_of(path).join(name)))
        };
        let written = files.iter().map(|(path, _)| path).find(|path| {
            // Who writes may go by the link or by what it leads to.
            is_written(path) || path.canonicalize().is_ok_and(|real| is_written(&real))
        });
        written.cloned()
    }

    /// Opens every file, so that what is read is one file each, whatever is put in its place.
    fn open(&self) -> Result<Vec<Opened>, Invalid> {
        // What changes from here on is a change.
        *lock(&self.looked) = Some(self.stamps());
        if let Some(document) = self.once.get() {
            return Ok(vec![Opened::Read(document.clone())]);
        }
        let mut opened = Vec::new();
        for (name, path) in self.files()? {
            let cannot = |error| unreadable(&name, &error);
            let mut file = File::open(&path).map_err(cannot)?;
            let metadata = file.metadata().map_err(cannot)?;
            let bytes = read(&mut file).map_err(cannot)?;
            let document = Document::new(name.display().to_string(), bytes);
            if metadata.is_file() {
                let (is_fresh, stamp) = (is_fresh(&metadata), Stamp::of(&metadata));
                opened.push(Opened::File { document, file, stamp, is_fresh });
            } else {
                opened.push(Opened::Read(self.once.get_or_init(|| document).clone()));
            }
        }
        Ok(opened)
    }

    fn stamps(&self) -> Stamps {
        let stamp = |path: PathBuf| {
            let stamp = fs::metadata(&path).ok().map(|metadata| Stamp::of(&metadata));
            (path, stamp)
        };
        match (&self.what, self.files()) {
            (_, Ok(files)) => files.into_iter().map(|(_, path)| stamp(path)).collect(),
            (What::Path(path), Err(_)) => vec![(path.clone(), None)],
            (What::Defaults { folder, .. }, Err(_)) => vec![(folder.clone(), None)],
        }
    }

    /// Whether the system tells of changes, and how things stand now if that is a change.
    fn look(&self) -> (bool, Option<Stamps>) {
        let is_told = self.watch.follow(&self.folders());
        let stamps = self.stamps();
        // What is being written is a change once it is closed; until then it is none that was seen.
        if lock(&self.looked).as_ref() == Some(&stamps) || self.written(&stamps).is_some() {
            return (is_told, None);
        }
        (is_told, Some(stamps))
    }

    /// The folders in which a change would be one of ours: also those that links lead to.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        let mut add = |path: &Path| {
            folders.insert(folder_of(path));
            if let Ok(real) = path.canonicalize() {
                folders.insert(folder_of(&real));
            }
        };
        match &self.what {
            What::Defaults { folder, .. } => add(&folder.join("app.yaml")),
            What::Path(path) if path.is_dir() => {
                folders.insert(path.clone());
            }
            What::Path(path) => add(path),
        }
        folders
    }
}

/// The files of a folder that are layers: by name, each as it is shown and where it is read.
fn files_of(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Invalid> {
    // Kubernetes puts a new version of all files in place by turning this link.
    let data = folder.join("..data");
    let real = fs::canonicalize(&data).unwrap_or_else(|_| folder.to_owned());
    let mut files = Vec::new();
    for entry in fs::read_dir(&real).map_err(|error| unreadable(folder, &error))? {
        let name = entry.map_err(|error| unreadable(folder, &error))?.file_name();
        let path = real.join(&name);
        if !is_left_over(&name) && fs::metadata(&path).is_ok_and(|it| it.is_file()) {
            files.push((folder.join(&name), path));
        }
    }
    if files.len() > FOLDER_LIMIT {
        let what = format!("has {} files: expected at most {FOLDER_LIMIT}", files.len());
        return Err(Invalid::whole(folder.display().to_string(), what));
    }
    files.sort();
    Ok(files)
}

/// What is hidden, and what editors leave for a moment or for ever.
fn is_left_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || [".swp", ".swx", ".tmp", ".bak"].iter().any(|ending| name.ends_with(ending))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

enum Opened {
    File { document: Document, file: File, stamp: Stamp, is_fresh: bool },
    Read(Document),
}

impl Opened {
    fn is_settled(&self) -> bool {
        !matches!(self, Self::File { is_fresh: true, .. })
    }

    /// Reads a file again that may still have been written to when it was read; one that is the same
    /// is settled.
    fn again(self) -> Result<Self, Invalid> {
        let Self::File { document, mut file, stamp, is_fresh: true } = self else {
            return Ok(self);
        };
        let mut reread = || {
            file.rewind()?;
            let bytes = read(&mut file)?;
            Ok((bytes, Stamp::of(&file.metadata()?)))
        };
        let (bytes, now) =
            reread().map_err(|error| unreadable(Path::new(&document.name), &error))?;
        let is_fresh = now != stamp || bytes != document.bytes;
        let document = Document { bytes, ..document };
        Ok(Self::File { document, file, stamp: now, is_fresh })
    }
}

/// Waits until what was read is whole: a file that is written in place is empty, then half there.
async fn settle(mut files: Vec<Opened>) -> Result<Vec<Document>, Invalid> {
    for _ in 0..SETTLE_TIMES {
        if files.iter().all(Opened::is_settled) {
            break;
        }
        sleep(SETTLE).await;
        files = blocking(move || files.into_iter().map(Opened::again).collect()).await?;
    }
    let documents = files.into_iter().map(|opened| match opened {
        Opened::File { document, is_fresh: true, .. } => Err(Invalid::whole(
            document.name,
            "is written to all the time: rename a whole one over it",
        )),
        Opened::File { document, .. } | Opened::Read(document) => Ok(document),
    });
    documents.collect()
}

/// Whether a file was written to so lately that somebody may still be at it.
fn is_fresh(metadata: &Metadata) -> bool {
    let age = metadata.modified().map(|at| SystemTime::now().duration_since(at));
    // A stamp of the future comes from another machine's clock.
    !matches!(age, Ok(Ok(age)) if age > Duration::from_secs(1))
}

fn read(file: &mut File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(io::Error::other(format!("it has more than {FILE_LIMIT} bytes")));
    }
    Ok(bytes.into())
}

fn unreadable(path: &Path, error: &io::Error) -> Invalid {
    Invalid::whole(path.display().to_string(), format!("cannot be read: {error}"))
}

async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Invalid> + Send + 'static,
) -> Result<T, Invalid> {
    match spawn_blocking(run).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Invalid::whole("files", format!("cannot be read: {error}"))),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileSource").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_that_the_system_does_not_tell_is_found_by_looking() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.yaml");
        fs::write(&file, "name: a").unwrap();
        let inner = Inner {
            what: What::Path(file.clone()),
            watch: FolderWatch::deaf(),
            looked: Mutex::default(),
            once: OnceLock::new(),
            known: Mutex::default(),
        };
        let source = FileSource(Arc::new(inner));
        let first = source.load().await.unwrap();
        let begun = Instant::now();
        assert!(
            timeout(Duration::from_secs(60), source.changed()).await.is_err(),
            "it is the same"
        );
        fs::write(folder.path().join("new"), "name: b").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        source.changed().await;
        assert!(begun.elapsed() <= Duration::from_secs(60) + LOOK, "{:?}", begun.elapsed());
        let second = source.load().await.unwrap();
        assert_ne!(first.revision, second.revision);
        assert_eq!(&second.documents[0].bytes[..], b"name: b");
    }

    #[tokio::test]
    async fn what_can_be_read_only_once_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.yaml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let writer = {
            let pipe = pipe.clone();
            spawn_blocking(move || fs::write(pipe, "name: a").unwrap())
        };
        let source = FileSource::new(&pipe);
        let first = source.load().await.unwrap();
        writer.await.unwrap();
        assert_eq!(&first.documents[0].bytes[..], b"name: a");
        assert_eq!(source.load().await.unwrap(), first, "nobody writes to it again");
    }
}
