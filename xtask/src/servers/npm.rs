//! npm's packages: a folder of them, as a lock file names them.

use std::path::Path;
use std::process::Command;

use super::debian;
use crate::error::Result;
use crate::exec;
use crate::root::{Cache, empty_folder, on_path, write};

/// Fills `folder`, which is made anew, with what `lock` names; every file is checked against its hash.
///
/// No package's script is run: what is fetched is what is used.
///
/// # Errors
///
/// There is no npm and none can be installed, or a package is not served (any more).
pub(super) fn install(cache: &Cache, manifest: &str, lock: &str, folder: &Path) -> Result<()> {
    if on_path("npm").is_none() {
        debian::install(cache, &["nodejs", "npm"])?;
    }
    empty_folder(folder)?;
    write(&folder.join("package.json"), manifest)?;
    write(&folder.join("package-lock.json"), lock)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    exec::logged(npm.current_dir(folder), &cache.log())
}
