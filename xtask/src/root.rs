//! Where things lie: the repository, and the cache of what is installed.

use std::path::{Path, PathBuf};

use crate::error::{About as _, Error, Result};

/// The repository's top folder.
pub(crate) fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// A file that cargo built, under its target folder.
pub(crate) fn target(path: &str) -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    repository().join(named.unwrap_or_else(|| PathBuf::from("target"))).join(path)
}

/// The folder of installed servers: `$BIA_CACHE`, else `~/.cache/bia`.
///
/// It may be deleted at any time; `cargo xtask servers install` fills it again.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens the cache and makes its folders.
    ///
    /// # Errors
    ///
    /// Neither `BIA_CACHE` nor `HOME` is set, or a folder cannot be made.
    pub(crate) fn open() -> Result<Self> {
        let root = match (std::env::var_os("BIA_CACHE"), std::env::var_os("HOME")) {
            (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
            (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".cache/bia"),
            _ => {
                return Err(Error::new("there is no place for the cache")
                    .with_hint("set BIA_CACHE to a folder, or HOME"));
            }
        };
        Self::at(&root)
    }

    /// The same in a folder that is named here.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).about(|| format!("resolve {}", root.display()))?;
        for folder in ["bin", "opt", "run", "tmp"] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).about(|| format!("make {}", folder.display()))?;
        }
        Ok(Self { root })
    }

    pub(crate) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// What the installer's commands printed, appended run after run.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("install.log")
    }

    /// Where the binary `name` lies when it is installed.
    pub(crate) fn bin(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// The binary `name`: the one that [`variable`] names, else the cache's, else the first one on `PATH`.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let named = std::env::var_os(variable(name)).map(PathBuf::from);
        let candidates = [named, Some(self.bin(name)), on_path(name)];
        candidates.into_iter().flatten().find(|file| file.is_file())
    }

    /// Makes `target` known as the binary `name`.
    pub(crate) fn link(&self, target: &Path, name: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let about = || format!("link {} to {}", self.bin(name).display(), target.display());
        if !target.is_file() {
            return Err(Error::new(format!("{} is not there", target.display())));
        }
        std::fs::set_permissions(target, std::fs::Permissions::from_mode(0o755)).about(about)?;
        // A new link beside the old one, then renamed over it: a test that runs meanwhile finds one or the other.
        let fresh = self.join("tmp").join(format!("{name}.{}", std::process::id()));
        if fresh.symlink_metadata().is_ok() {
            std::fs::remove_file(&fresh).about(about)?;
        }
        std::os::unix::fs::symlink(target, &fresh).about(about)?;
        std::fs::rename(&fresh, self.bin(name)).about(about)
    }

    /// Makes a shell script that ends in `script` known as the binary `name`.
    pub(crate) fn launch(&self, name: &str, script: &str) -> Result<()> {
        let launcher = self.join(format!("opt/{name}.sh"));
        write(&launcher, format!("#!/bin/sh\n{script}\n"))?;
        self.link(&launcher, name)
    }
}

/// The variable that names the binary `name` to the tests: `BIA_PY_GRPC_BIN` for `py-grpc`.
pub(crate) fn variable(name: &str) -> String {
    format!("BIA_{}_BIN", name.to_uppercase().replace('-', "_"))
}

/// The first file called `name` in the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Makes `folder` anew and empty.
pub(crate) fn empty_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).about(|| format!("empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).about(|| format!("make {}", folder.display()))
}

/// Writes a file; the message of a failure names it.
pub(crate) fn write(file: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    std::fs::write(file, text).about(|| format!("write {}", file.display()))
}
