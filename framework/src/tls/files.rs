use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::sleep;

use crate::error::{Error, Result};

/// How often the files are read again. They are some KiB, and whoever renews a certificate does so
/// long before it ends; watches of the system do not tell of every way in which files are replaced.
const LOOK: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(2) };

/// A file, under the setting that names it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) setting: String,
    pub(crate) path: PathBuf,
}

/// Something that is made of files, and made anew when they change. Cloning is cheap; all clones are
/// one.
///
/// What cannot be used changes nothing: what was made last stays, and the log says so, once. Files
/// that are being replaced one after the other do not fit together for a moment, which is not told.
#[derive(Debug)]
pub(crate) struct FromFiles<T>(Arc<Inner<T>>);

/// From what is in the files, in their order.
type Make<T> = dyn Fn(&[Vec<u8>]) -> Result<T> + Send + Sync;

struct Inner<T> {
    files: Vec<Named>,
    make: Box<Make<T>>,
    made: ArcSwap<T>,
    seen: Mutex<Seen>,
}

/// What was found in the files.
#[derive(Default)]
struct Seen {
    /// Of what was last made something of: the bytes would be a private key kept longer than needed.
    used: u64,
    /// What could not be used the last time, and whether that was told.
    refused: Option<(String, bool)>,
}

impl<T: Send + Sync + 'static> FromFiles<T> {
    /// Reads the files and makes the first. `make` gets what is in them, in their order.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or nothing can be made of them.
    pub(crate) fn new(
        files: Vec<Named>,
        make: impl Fn(&[Vec<u8>]) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let read = |file: &Named| std::fs::read(&file.path).map_err(|error| unread(file, error));
        let contents = files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let made = ArcSwap::from_pointee(make(&contents)?);
        let seen = Mutex::new(Seen { used: digest(&contents), refused: None });
        Ok(Self(Arc::new(Inner { files, make: Box::new(make), made, seen })))
    }

    /// What is in force now.
    pub(crate) fn get(&self) -> Arc<T> {
        self.0.made.load_full()
    }

    /// Looks after the files for as long as it is polled.
    pub(crate) async fn follow(&self) {
        if self.0.files.is_empty() {
            return std::future::pending().await;
        }
        loop {
            sleep(LOOK).await;
            self.look().await;
        }
    }

    async fn look(&self) {
        let contents = self.read().await;
        let Some(told) = self.take(contents) else { return };
        let files: Vec<_> = self.0.files.iter().map(|file| file.path.display()).collect();
        match told {
            Told::Renewed => tracing::info!(?files, "certificates were renewed"),
            Told::Refused(error) => tracing::error!(
                ?files,
                error = &error as &dyn std::error::Error,
                "certificates refused: those in force stay"
            ),
        }
    }

    async fn read(&self) -> Result<Vec<Vec<u8>>> {
        let mut contents = Vec::with_capacity(self.0.files.len());
        for file in &self.0.files {
            let read = tokio::fs::read(&file.path).await;
            contents.push(read.map_err(|error| unread(file, error))?);
        }
        Ok(contents)
    }

    /// Takes over what was read, and says what is to be told of it.
    fn take(&self, contents: Result<Vec<Vec<u8>>>) -> Option<Told> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let made = contents.and_then(|contents| {
            let digest = digest(&contents);
            if digest == seen.used {
                return Ok(None);
            }
            (self.0.make)(&contents).map(|made| Some((made, digest)))
        });
        match made {
            Ok(made) => {
                seen.refused = None;
                let (made, digest) = made?;
                seen.used = digest;
                self.0.made.store(Arc::new(made));
                Some(Told::Renewed)
            }
            Err(error) => {
                let why = format!("{error:#}");
                let again = seen.refused.take().filter(|(before, _)| *before == why);
                let tell = again.as_ref().is_some_and(|(_, told)| !told);
                seen.refused = Some((why, again.is_some()));
                tell.then_some(Told::Refused(error))
            }
        }
    }
}

enum Told {
    Renewed,
    Refused(Error),
}

fn unread(file: &Named, error: io::Error) -> Error {
    let Named { setting, path } = file;
    Error::bad_request("TLS_INVALID", format!("cannot read {setting} {}", path.display()))
        .with_source(error)
}

/// Tells contents apart; nobody is kept out by it.
fn digest(contents: &[Vec<u8>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

impl<T> Clone for FromFiles<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> std::fmt::Debug for Inner<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FromFiles").field("files", &self.files).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(folder: &std::path::Path) -> Vec<Named> {
        ["a", "b"]
            .map(|name| Named { setting: format!("test.{name}"), path: folder.join(name) })
            .into()
    }

    /// Both files hold the same number.
    fn same(contents: &[Vec<u8>]) -> Result<u8> {
        match contents {
            [a, b] if a == b => Ok(a[0]),
            _ => Err(Error::bad_request("TLS_INVALID", "they do not fit together")),
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_changes_nothing_and_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, number: u8| std::fs::write(folder.path().join(name), [number]);
        write("a", 1).unwrap();
        write("b", 1).unwrap();
        let made = FromFiles::new(numbers(folder.path()), same).unwrap();
        let looks = async || made.take(made.read().await);
        assert!(looks().await.is_none());

        write("a", 2).unwrap();
        assert!(looks().await.is_none(), "it may be half done");
        assert!(matches!(looks().await, Some(Told::Refused(_))));
        assert!(looks().await.is_none(), "it was told");
        assert_eq!(*made.get(), 1);

        std::fs::remove_file(folder.path().join("b")).unwrap();
        looks().await;
        let Some(Told::Refused(error)) = looks().await else { panic!("not told") };
        assert!(error.message().starts_with("cannot read test.b /"), "{error}");

        write("b", 2).unwrap();
        assert!(matches!(looks().await, Some(Told::Renewed)));
        assert_eq!(*made.get(), 2);
        assert!(looks().await.is_none());
    }

    #[test]
    fn a_file_that_is_missing_at_the_start_is_named_with_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let error = FromFiles::new(numbers(folder.path()), same).unwrap_err();
        assert!(error.message().starts_with("cannot read test.a /"), "{error}");
    }
}
