//! The build: what cargo is asked, and what it says came of it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::process::Command;

use super::plan::Service;
use super::shim;

/// Tells one program from another at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let file = std::fs::metadata(path).ok()?;
        let (inode, size) = (file.ino(), file.size());
        Some(Self { inode, size, seconds: file.mtime(), nanos: file.mtime_nsec() })
    }

    #[cfg(test)]
    pub(super) fn numbered(number: u64) -> Self {
        Self { inode: number, size: 0, seconds: 0, nanos: 0 }
    }
}

/// A program that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What cargo is asked: all services at once, so that they share what they share; what cannot be built
/// keeps nobody else from being. What is wrong comes as people read it, what was built as JSON.
pub(super) fn command(root: &Path, services: &[Service], how: How) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = shim::command(cargo);
    command.args(["build", "--keep-going", "--message-format=json-render-diagnostics"]);
    for service in services {
        // A name alone may be that of something that services are built with, too.
        command.arg("--package");
        command.arg(format!("path+file://{}#{}", service.folder.display(), service.name));
    }
    if how.release {
        command.arg("--release");
    }
    if how.quiet {
        command.arg("--quiet");
    }
    command.args(["--color", if how.colour { "always" } else { "never" }]);
    // What cargo tells a program that it runs is not for the next cargo.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command.current_dir(root);
    command
}

#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) release: bool,
    pub(super) quiet: bool,
    pub(super) colour: bool,
}

#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    target: Target,
}

#[derive(Debug, Default, Deserialize)]
struct Target {
    name: String,
}

/// The service whose program a line of cargo's tells of, and where that is.
pub(super) fn built(line: &str, services: &[Service]) -> Option<(usize, PathBuf)> {
    let message: Message = serde_json::from_str(line).ok()?;
    if message.reason != "compiler-artifact" {
        return None;
    }
    let executable = message.executable?;
    let index = services.iter().position(|it| {
        it.program == message.target.name
            && Some(it.folder.as_path()) == message.manifest_path.parent()
    })?;
    Some((index, executable))
}

impl Program {
    pub(super) fn at(path: PathBuf) -> Option<Self> {
        let stamp = Stamp::of(&path)?;
        Some(Self { path, stamp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_service_is_where_cargo_says() {
        let service = |name: &str| Service {
            name: name.to_owned(),
            program: name.to_owned(),
            folder: PathBuf::from("/w").join(name),
            is_bia: true,
        };
        let services = [service("a"), service("b")];
        let line = r#"{"reason":"compiler-artifact","package_id":"x","manifest_path":"/w/b/Cargo.toml",
            "target":{"kind":["bin"],"name":"b"},"fresh":true,"executable":"/t/debug/b"}"#;
        assert_eq!(built(line, &services), Some((1, PathBuf::from("/t/debug/b"))));
        for other in [
            &line.replace("/w/b/", "/w/c/"),
            &line.replace(r#""/t/debug/b""#, "null"),
            r#"{"reason":"build-finished","success":true}"#,
            "warning: not JSON",
        ] {
            assert_eq!(built(other, &services), None, "{other}");
        }
    }
}
