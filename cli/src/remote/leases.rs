//! The folder of the local registry, for those who only look into it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bia::backend::local::{Local, LocalSettings};
use bia::backend::memory::Memory;
use bia::registry::{Discovery, Listed, Watch};

/// A folder that is opened once it is there: to open it is to make it, and whoever looks writes nothing.
#[derive(Debug)]
pub(crate) struct Leases {
    path: PathBuf,
    open: OnceLock<Local>,
}

impl Leases {
    /// # Errors
    ///
    /// It is there, and is none that services would use.
    pub(super) fn at(path: PathBuf) -> bia::Result<Self> {
        let leases = Self { path, open: OnceLock::new() };
        leases.open()?;
        Ok(leases)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// None while nobody has made it.
    fn open(&self) -> bia::Result<Option<&Local>> {
        if self.open.get().is_none() && self.path.exists() {
            let local = Local::new(&LocalSettings::at(&self.path))?;
            self.open.get_or_init(|| local);
        }
        Ok(self.open.get())
    }

    pub(super) fn services(&self) -> bia::Result<Vec<String>> {
        self.open()?.map_or_else(|| Ok(Vec::new()), Local::services)
    }

    pub(super) fn list(&self, service: &str) -> bia::Result<Vec<Listed>> {
        self.open()?.map_or_else(|| Ok(Vec::new()), |local| local.list(service))
    }
}

impl Discovery for Leases {
    fn watch(&self, service: &str) -> Watch {
        match self.open() {
            Ok(Some(local)) => local.watch(service),
            // As one in which nobody is: who was found in it was found once it was there.
            Ok(None) | Err(_) => Memory::new().watch(service),
        }
    }

    fn describe(&self) -> String {
        format!("local folder {}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use bia::registry::{Instance, Registrar as _};

    use super::*;

    #[tokio::test]
    async fn whoever_looks_makes_no_folder_and_sees_who_is_in_it_once_a_service_has() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("bia");
        let leases = Leases::at(path.clone()).expect("it is to be made");
        assert_eq!(leases.services().expect("it is asked"), [""; 0]);
        assert_eq!(leases.list("users").expect("it is asked").len(), 0);
        drop(leases.watch("users"));
        assert!(!path.exists());
        let local = Local::new(&LocalSettings::at(&path)).expect("a registry");
        let lease = local.register(Instance::new("1", "users", "v1")).await.expect("a lease");
        assert_eq!(leases.services().expect("it is asked"), ["users"]);
        assert_eq!(leases.list("users").expect("it is asked").len(), 1);
        assert_eq!(leases.describe(), Discovery::describe(&local));
        lease.release().await.expect("released");
    }
}
