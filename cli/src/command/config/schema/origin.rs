//! Where a schema is had: a file, or the service's own program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use tokio::process::Command;
use tokio::time::timeout;

use crate::error::{About as _, Error, Result};
use crate::project;

use super::super::local::Local;

/// Where a service keeps the schema of its settings.
const FILE: &str = "settings.schema.json";
/// The flag by which a program prints it.
const FLAG: &str = "--config-schema";
/// How long a program may take to print what it has in it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a schema is had.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Origin {
    File(PathBuf),
    /// The service's program, as it was built last; `newer` is a source of its settings that was
    /// changed since.
    Program {
        path: PathBuf,
        folder: PathBuf,
        newer: Option<PathBuf>,
    },
}

impl Origin {
    /// The one of a service: its file, else its program; none if there is neither.
    pub(in super::super) fn of(service: &Local) -> Option<Self> {
        let file = service.folder.join(FILE);
        if file.is_file() {
            return Some(Self::File(file));
        }
        let path = service.program.clone()?;
        let newer = newer(&service.folder.join("src"), modified(&path)?);
        Some(Self::Program { path, folder: service.folder.clone(), newer })
    }

    /// What may have been changed since it was made.
    pub(in super::super) fn newer(&self) -> Option<&Path> {
        match self {
            Self::File(_) => None,
            Self::Program { newer, .. } => newer.as_deref(),
        }
    }

    /// How it is made anew.
    pub(super) fn anew(&self) -> String {
        match self {
            Self::File(path) => format!("make it anew: `cargo run -- {FLAG} > {}`", shown(path)),
            Self::Program { .. } => "build the service anew: `cargo build`".to_owned(),
        }
    }

    /// The schema itself.
    ///
    /// # Errors
    ///
    /// The file cannot be read; the program does not print one.
    pub(super) async fn text(&self) -> Result<String> {
        let (path, folder) = match self {
            Self::File(path) => {
                let about = || format!("read the schema {}", shown(path));
                return std::fs::read_to_string(path).about(about);
            }
            Self::Program { path, folder, .. } => (path, folder),
        };
        let mut command = Command::new(path);
        command.arg(FLAG).current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await;
        let late = |_| Error::new(format!("it did not end within {} s", PATIENCE.as_secs()));
        let output = output.map_err(late).and_then(|it| it.about(|| "run it".to_owned()));
        output.and_then(printed).map_err(|error| {
            Error::new(format!("{self} prints no schema: {error}")).with_hint(
                "build it anew (`cargo build`), or say with --schema FILE what may be set",
            )
        })
    }
}

/// What it printed, if all went well.
fn printed(output: Output) -> Result<String> {
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let last = told.trim().lines().next_back().unwrap_or_default();
        return Err(Error::new(format!("it ended with {}: {last}", output.status)));
    }
    String::from_utf8(output.stdout).about(|| "read what it prints".to_owned())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&shown(path)),
            Self::Program { path, .. } => write!(f, "{} {FLAG}", shown(path)),
        }
    }
}

/// A path as it is shortest from here.
pub(in super::super) fn shown(path: &Path) -> String {
    let here = project::here().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// A source below a folder that says what can be set, and was changed after `built`.
fn newer(folder: &Path, built: SystemTime) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // What cannot be read here, cargo tells of.
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && modified(&path).is_some_and(|at| at > built)
                && std::fs::read_to_string(&path).is_ok_and(|text| text.contains("Deserialize"))
            {
                return Some(path);
            }
        }
    }
    None
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|it| it.modified()).ok()
}
