//! Debian's packages: installed from the machine's own suite, or unpacked from another without touching the system.
//!
//! No host is written here: the archive's address and key ring are read from the machine's apt sources,
//! so a mirror or a proxy that is set up for apt is used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::{Cache, empty_folder, on_path};

const SOURCES: [&str; 2] = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Its presence with exit code 101 tells Debian's packages not to start what they install.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The archive that this machine installs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Archive {
    pub(super) address: String,
    pub(super) keyring: String,
}

/// Installs packages from the machine's own suite; starts no service.
///
/// # Errors
///
/// This is no Debian, we are not root, or apt says no.
pub(super) fn install(cache: &Cache, packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if on_path("apt-get").is_none() {
        return Err(Error::new(format!("this machine has no apt-get to install {list} with"))
            .with_hint("install the same programs with this machine's own package manager"));
    }
    if !is_root()? {
        return Err(Error::new(format!("only root may install {list}"))
            .with_hint(format!("run `sudo apt-get install {list}`, then this again")));
    }
    let _quiet = NoServices::begin()?;
    let apt = |verb: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-y", "-qq", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends"]);
        command.args(verb).env("DEBIAN_FRONTEND", "noninteractive");
        exec::logged(&mut command, &cache.log())
    };
    let mut install = vec!["install"];
    install.extend(&missing);
    // A new machine has no package lists yet, and an old one stale ones: fetch them only when needed.
    apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
}

/// Fetches `packages` of `suite`, their signatures checked, and unpacks them into `folder`, which is made anew.
///
/// The suite has its own lists and cache: nothing else can ever come from it, and apt's view of the
/// system stays what it is. Works without being root.
///
/// # Errors
///
/// This is no Debian, its sources cannot be read, the suite is not in the archive (any more), or a
/// package is not in the suite.
pub(super) fn unpack(cache: &Cache, suite: &str, packages: &[&str], folder: &Path) -> Result<()> {
    for tool in ["apt-get", "dpkg-deb"] {
        if on_path(tool).is_none() {
            return Err(Error::new(format!("this machine has no {tool}; it is not a Debian")));
        }
    }
    let isolated = Suite::open(cache, suite)?;
    let debs = cache.join(format!("tmp/debs-{suite}"));
    empty_folder(&debs)?;
    let fetch = || {
        let mut words = vec!["download"];
        words.extend(packages);
        exec::logged(isolated.apt_get().args(words).current_dir(&debs), &cache.log())
    };
    let update = || exec::logged(isolated.apt_get().arg("update"), &cache.log());
    if !isolated.has_lists() {
        update()?;
    }
    fetch().or_else(|_| update().and_then(|()| fetch()))?;
    empty_folder(folder)?;
    let about = || format!("read {}", debs.display());
    for deb in fs::read_dir(&debs).about(about)? {
        unpack_file(cache, &deb.about(about)?.path(), folder)?;
    }
    fs::remove_dir_all(&debs).about(|| format!("remove {}", debs.display()))
}

/// Unpacks one `.deb` file over `folder`; runs none of its scripts.
pub(super) fn unpack_file(cache: &Cache, deb: &Path, folder: &Path) -> Result<()> {
    exec::logged(Command::new("dpkg-deb").arg("-x").arg(deb).arg(folder), &cache.log())
}

pub(crate) fn is_root() -> Result<bool> {
    Ok(exec::output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn is_installed(package: &str) -> bool {
    exec::output(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_ok_and(|status| status.contains("ok installed"))
}

/// A suite with apt state of its own.
struct Suite {
    folder: PathBuf,
}

impl Suite {
    fn open(cache: &Cache, suite: &str) -> Result<Self> {
        let archive = archive()?;
        let folder = cache.join(format!("apt/{suite}"));
        for part in ["lists/partial", "cache/archives/partial"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).about(|| format!("make {}", part.display()))?;
        }
        let Archive { address, keyring } = archive;
        let list = folder.join("sources.list");
        fs::write(&list, format!("deb [signed-by={keyring}] {address} {suite} main\n"))
            .about(|| format!("write {}", list.display()))?;
        Ok(Self { folder })
    }

    fn has_lists(&self) -> bool {
        fs::read_dir(self.folder.join("lists")).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains("Packages"))
        })
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        for (key, file) in
            [("Etc::sourcelist", "sources.list"), ("State::lists", "lists"), ("Cache", "cache")]
        {
            command.arg("-o").arg(format!("Dir::{key}={}", self.folder.join(file).display()));
        }
        for option in [
            "Dir::Etc::sourceparts=/dev/null",
            "Dir::Etc::preferences=/dev/null",
            "Dir::Etc::preferencesparts=/dev/null",
            "Acquire::Languages=none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
            "Acquire::Retries=3",
            // Without this a suite that is gone is a warning and an empty list.
            "APT::Update::Error-Mode=any",
            "Acquire::AllowInsecureRepositories=false",
            "APT::Get::AllowUnauthenticated=false",
        ] {
            command.args(["-o", option]);
        }
        // As root, apt changes to a user that cannot write to a cache in root's home.
        if is_root().unwrap_or(false) {
            command.args(["-o", "APT::Sandbox::User=root"]);
        }
        command
    }
}

pub(super) fn archive() -> Result<Archive> {
    SOURCES
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| parse_sources(&text))
        .ok_or_else(|| {
            Error::new(format!("no Debian archive is named in {}", SOURCES.join(" or ")))
                .with_hint("on a machine that is not a Debian, install the program another way")
        })
}

/// The first archive that is not the one for security updates, of either format of apt's sources.
fn parse_sources(text: &str) -> Option<Archive> {
    if text.lines().any(|line| line.starts_with("URIs:")) {
        return text.split("\n\n").find_map(|stanza| {
            let field = |name: &str| {
                let mut lines = stanza.lines().filter(|line| !line.trim_start().starts_with('#'));
                lines.find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
            };
            let address = field("URIs:").filter(|address| !address.contains("security"))?;
            let keyring = field("Signed-By:").unwrap_or(KEYRING);
            Some(Archive { address: address.to_owned(), keyring: keyring.to_owned() })
        });
    }
    text.lines().filter(|line| line.starts_with("deb ")).find_map(|line| {
        let address = line.split_whitespace().find(|word| word.contains("://"))?;
        let keyring = line.split(['[', ' ', ']']).find_map(|word| word.strip_prefix("signed-by="));
        (!address.contains("security")).then(|| Archive {
            address: address.to_owned(),
            keyring: keyring.unwrap_or(KEYRING).to_owned(),
        })
    })
}

/// Keeps packages from starting services while it lives.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn begin() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let about = || format!("write {POLICY}");
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").about(about)?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)).about(about)?;
        Ok(Self { ours: true })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours && fs::remove_file(POLICY).is_err() {
            crate::ui::say(format_args!("warning: {POLICY} stays: remove it by hand"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Archive, KEYRING, parse_sources};

    fn archive(address: &str, keyring: &str) -> Option<Archive> {
        Some(Archive { address: address.to_owned(), keyring: keyring.to_owned() })
    }

    #[test]
    fn the_archive_is_read_from_both_formats_and_is_never_the_security_one() {
        let stanzas = "Types: deb\nURIs: http://mirror.test/debian-security\nSuites: x-security\n\n\
                       Types: deb\n# old\nURIs: http://mirror.test/debian\nSigned-By: /k.gpg\n";
        assert_eq!(parse_sources(stanzas), archive("http://mirror.test/debian", "/k.gpg"));

        let lines = "# deb http://no.test/ x main\ndeb http://m.test/debian-security x main\n\
                     deb [arch=amd64 signed-by=/k.gpg] http://m.test/debian bookworm main\n";
        assert_eq!(parse_sources(lines), archive("http://m.test/debian", "/k.gpg"));
        assert_eq!(
            parse_sources("deb http://m.test/d b main"),
            archive("http://m.test/d", KEYRING)
        );
        assert_eq!(parse_sources(""), None);
    }
}
