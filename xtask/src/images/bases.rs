//! What stands for the images of others: no registry of images is asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::builder::Builder;
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::{Cache, empty_folder, repository};
use crate::servers::debootstrap;

/// The Debian that the images of Rust, distroless and Debian itself are of.
const SUITE: &str = "bookworm";
/// Where a build finds this machine's Rust, and what its cargo has fetched.
const RUST: &str = "/usr/local/rustup/toolchains/here";
const CRATES: &str = "/crates";

/// What compiles: the compiler of this machine, where Rust's image has what it has. Offline, because crates
/// come from the cache that is filled below.
const COMPILES: &str = "\
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev ca-certificates
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo CARGO_NET_OFFLINE=true \\
    PATH=/usr/local/rustup/toolchains/here/bin:/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
";

/// What distroless is: the libraries of C and of gcc, certificates, a user, and no program at all.
const HOLDS_LITTLE: &str = "\
RUN mkdir -p /base/etc/ssl/certs /base/proc /base/dev /base/sys \\
    && mkdir -m 1777 /base/tmp \\
    && cp /etc/ssl/certs/ca-certificates.crt /base/etc/ssl/certs/ \\
    && echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > /base/etc/passwd \\
    && dpkg -L libc6 libgcc-s1 | grep '/lib.*\\.so\\.' | xargs cp --parents -t /base
FROM scratch
COPY --from=files /base /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
";

/// What every build finds of this machine, read only.
pub(super) fn volumes() -> Result<Vec<String>> {
    let told =
        exec::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(repository()))?;
    let home = cargo_home()?;
    let mut volumes = vec![
        format!("{}:{RUST}:ro", told.trim()),
        format!("{}:{CRATES}:ro", home.join("registry").display()),
    ];
    // Where crates come from another place than usual, their cache is called by that place.
    let settings = home.join("config.toml");
    if settings.is_file() {
        volumes.push(format!("{}:/usr/local/cargo/config.toml:ro", settings.display()));
    }
    Ok(volumes)
}

/// Makes the images that a Dockerfile begins with, under the names that it has for them: Debian's,
/// Rust's, and the one that has next to nothing.
pub(super) fn make(builder: &Builder, cache: &Cache, names: &Names) -> Result<()> {
    let debian = debian(cache)?;
    builder.make(&names.debian, "FROM scratch\nADD debian.tar /\nCMD [\"bash\"]\n", &debian)?;
    builder.make(&names.rust, &format!("FROM {}\n{COMPILES}", names.debian), &debian)?;
    let little = format!("FROM {} AS files\n{HOLDS_LITTLE}", names.rust);
    builder.make(&names.distroless, &little, &debian)
}

/// How Dockerfiles call the images that they begin with.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) rust: String,
    pub(super) debian: String,
    pub(super) distroless: String,
}

/// Fills the cache that the builds mount at `/usr/local/cargo/registry`, as the first build with a network would.
pub(super) fn fill(builder: &Builder, names: &Names, context: &Path) -> Result<()> {
    let copy = format!("cp -R {CRATES}/index {CRATES}/cache /usr/local/cargo/registry/");
    let mount = "--mount=type=cache,id=cargo-registry,target=/usr/local/cargo/registry";
    let dockerfile = format!("FROM {}\nRUN {mount},sharing=locked {copy}\n", names.rust);
    builder.make("filled", &dockerfile, context)
}

/// The folder with `debian.tar`, which is kept: it takes a minute to make.
fn debian(cache: &Cache) -> Result<PathBuf> {
    let kept = cache.join("opt/images");
    let archive = kept.join("debian.tar");
    if archive.is_file() {
        return Ok(kept);
    }
    let folder = cache.join("tmp/debian");
    empty_folder(&folder)?;
    debootstrap(cache, SUITE, &folder)?;
    empty_folder(&kept)?;
    let fresh = kept.join("debian.tar.part");
    let mut pack = Command::new("tar");
    pack.arg("-C").arg(&folder).arg("-cf").arg(&fresh);
    // Devices and processes are those of whoever runs it; packages and lists would only be copied along.
    pack.args(["--one-file-system", "--exclude=./dev/*", "--exclude=./proc/*"]);
    pack.args(["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*", "."]);
    exec::logged(&mut pack, &cache.log())?;
    std::fs::rename(&fresh, &archive).about(|| format!("write {}", archive.display()))?;
    std::fs::remove_dir_all(&folder).about(|| format!("remove {}", folder.display()))?;
    Ok(kept)
}

fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    named.or_else(usual).ok_or_else(|| {
        Error::new("cargo has no place for what it fetches").with_hint("set CARGO_HOME, or HOME")
    })
}
