//! What builds images without a daemon, and what their bases are made with. No test needs it, so that only who
//! builds images waits for it.

use std::path::Path;
use std::process::Command;

use super::debian;
use super::parts::Part;
use crate::error::Result;
use crate::exec;
use crate::root::{Cache, on_path};

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
/// We are not root, no archive is named, it lacks the suite, or takes longer than 15 minutes.
pub(crate) fn debootstrap(cache: &Cache, suite: &str, folder: &Path) -> Result<()> {
    let archive = debian::archive()?;
    // It ends when we do, and a mirror that hangs ends it too.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "timeout", "--kill-after=10", "900", "debootstrap"]);
    command.arg("--variant=minbase").arg(format!("--keyring={}", archive.keyring));
    command.arg(suite).arg(folder).arg(&archive.address);
    exec::logged(&mut command, &cache.log())
}
