//! A registry for the processes of one machine: a folder of leases, one JSON file for each instance.
//!
//! Nothing runs but the services themselves. An instance writes its file anew every tenth of its
//! time to live; whoever watches reads the folder a few times a second. A lease ends when its file
//! is removed (the instance was released), when the process that wrote it is gone (at once, if the
//! reader can tell), or when it was not renewed for its time to live.
//!
//! Ages are measured on the clock that counts since the machine was started, which nobody sets, so
//! that a jump of the time of day ends no lease. Files that are no leases are named in the log once
//! and read over. A folder that was deleted is made again, and its instances with it.
//!
//! The folder is for processes of one user on one machine: it is made for its owner alone, and one
//! that belongs to somebody else or that others can write to is refused, because whoever can write
//! to it decides where calls go.

mod file;
mod folder;
mod lease;
mod list;
mod process;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::config::duration;
use crate::error::Result;
use crate::registry::{Discovery, Instance, Lease, Listed, Registrar, Watch, Watches};

use self::folder::Folder;

/// The settings of the local registry: `registry.local`.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct LocalSettings {
    /// The folder. Default: `bia` in the user's runtime directory, see [`LocalSettings::default_path`].
    ///
    /// Services find each other if they name the same one; tests give each run a folder of its own.
    pub path: Option<PathBuf>,
    /// How long a lease is good without being renewed, default 10 s, at least 100 ms. It is renewed
    /// ten times as often.
    ///
    /// Matters only if a process hangs or cannot be looked at from here (in a container of its own):
    /// one that was killed is missed at once. Shorter finds a hanging one sooner, and takes a
    /// machine under load for one that hangs.
    #[serde(with = "duration")]
    pub ttl: Duration,
    /// How often the folder is read while a service is watched, default 100 ms, at least 10 ms.
    ///
    /// Costs some 60 µs of one core each time and 20 µs more for each instance; a change is known
    /// this much later at most.
    #[serde(with = "duration")]
    pub poll: Duration,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self { path: None, ttl: Duration::from_secs(10), poll: Duration::from_millis(100) }
    }
}

impl LocalSettings {
    /// A folder, and the defaults.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// Replaces the time to live.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The folder that is used if none is set: `bia` in the runtime directory (`XDG_RUNTIME_DIR`,
    /// which the caller has read), or `/tmp/bia-UID` if there is none.
    #[must_use]
    pub fn default_path(runtime_dir: Option<&Path>) -> PathBuf {
        match runtime_dir.filter(|path| path.is_absolute()) {
            Some(path) => path.join("bia"),
            None => {
                let temporary = Path::new("/tmp");
                match folder::own_user(temporary) {
                    Ok(user) => temporary.join(format!("bia-{user}")),
                    Err(_) => temporary.join("bia"),
                }
            }
        }
    }
}

/// The registry in a folder. See the [module](self).
///
/// ```no_run
/// # async fn run() -> bia::Result<()> {
/// use bia::backend::local::{Local, LocalSettings};
/// use bia::registry::{Endpoint, Instance, Registrar};
///
/// let registry = Local::new(&LocalSettings::at("/run/user/1000/bia"))?;
/// let users = Instance::new("1", "users", "v1").with_endpoint("grpc://127.0.0.1:8000".parse()?);
/// let lease = registry.register(users).await?;
/// # lease.release().await
/// # }
/// ```
pub struct Local {
    folder: Arc<Folder>,
    ttl: Duration,
    poll: Duration,
    watches: Watches,
}

impl Local {
    /// Opens the folder, making it if need be, and removes what dead processes left in it.
    ///
    /// Touches the disk: some file operations, no wait.
    ///
    /// # Errors
    ///
    /// `LOCAL_REGISTRY_UNUSABLE` if the folder cannot be made or written to, belongs to another
    /// user, or can be written to by others.
    pub fn new(settings: &LocalSettings) -> Result<Self> {
        let path = settings.path.clone().unwrap_or_else(|| LocalSettings::default_path(None));
        let folder = Arc::new(Folder::open(path)?);
        folder.sweep();
        let ttl = settings.ttl.max(Duration::from_millis(100));
        let poll = settings.poll.max(Duration::from_millis(10));
        Ok(Self { folder, ttl, poll, watches: Watches::new() })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The names of all services that the folder has leases of, sorted.
    ///
    /// Touches the disk, as [`list`](Self::list) does: one small file for each instance.
    ///
    /// # Errors
    ///
    /// `LOCAL_REGISTRY_UNUSABLE` if the folder cannot be read, or is not ours alone any more.
    pub fn services(&self) -> Result<Vec<String>> {
        let all: BTreeSet<_> =
            list::all(&self.folder, None)?.into_iter().map(|it| it.instance.name).collect();
        Ok(all.into_iter().collect())
    }

    /// Who has a lease for `service`, sorted by id; one that its process renews no more has a fault.
    ///
    /// # Errors
    ///
    /// Those of [`services`](Self::services).
    pub fn list(&self, service: &str) -> Result<Vec<Listed>> {
        list::all(&self.folder, Some(service))
    }
}

impl Registrar for Local {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>> {
        Box::pin(lease::register(Arc::clone(&self.folder), self.ttl, instance))
    }

    fn describe(&self) -> String {
        format!("local folder {}", self.folder.path().display())
    }
}

impl Discovery for Local {
    fn watch(&self, service: &str) -> Watch {
        let (folder, poll) = (Arc::clone(&self.folder), self.poll);
        self.watches
            .watch(service, |publisher| watch::publish(folder, service.to_owned(), poll, publisher))
    }

    fn describe(&self) -> String {
        Registrar::describe(self)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("path", &self.folder.path())
            .field("watches", &self.watches)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
