//! What builds images without a daemon, and what their bases are made with. No test needs it, so that only who
//! builds images waits for it.

use std::process::Command;

use super::debian;
use super::parts::Part;
use crate::exec;
use crate::root::on_path;

pub(crate) const BUILDER: Part = Part {
    name: "buildah",
    what: "buildah and debootstrap, from the machine's Debian",
    binaries: &[],
    is_optional: false,
    check: |_| {
        on_path("debootstrap")?;
        let text = exec::output(Command::new(on_path("buildah")?).arg("--version")).ok()?;
        text.split_whitespace().nth(2).map(str::to_owned)
    },
    get: |cache| debian::install(cache, &["buildah", "debootstrap"]),
};

/// A minimal Debian of the suite `suite` in `folder`, from the archive that this machine installs from.
///
/// # Errors
///
/// We are not root, no archive is named, or it lacks the suite.
pub(crate) fn debootstrap(
    cache: &crate::root::Cache,
    suite: &str,
    folder: &std::path::Path,
) -> crate::error::Result<()> {
    let archive = debian::archive()?;
    let mut command = Command::new("debootstrap");
    command.arg("--variant=minbase").arg(format!("--keyring={}", archive.keyring));
    command.arg(suite).arg(folder).arg(&archive.address);
    exec::logged(&mut command, &cache.log())
}
