//! What lies around where the command is run: the workspace, its crates, their protos.

mod build_script;
mod member;
mod ports;
mod settings;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::{About as _, Error, Result};

pub(crate) use build_script::BuildScript;
pub(crate) use member::Member;
pub(crate) use ports::Listening;
pub(crate) use settings::{is_of_framework, settings};

/// A workspace, or a crate that is one by itself.
#[derive(Debug)]
pub(crate) struct Project {
    /// Where its `Cargo.toml` and `Cargo.lock` are.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Its crates, in the order of their names.
    pub(crate) members: Vec<Member>,
}

/// The part of `cargo metadata` that is read here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    edition: String,
    #[serde(default)]
    rust_version: Option<String>,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// What it is called here, if that is something else.
    #[serde(default)]
    rename: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Project {
    /// The project that `folder` lies in.
    ///
    /// # Errors
    ///
    /// It lies in none, or cargo cannot read it.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize().about(|| format!("find {}", folder.display()))?;
        if !folder.ancestors().any(|it| it.join("Cargo.toml").is_file()) {
            return Err(Error::new(format!("{} is in no Rust project", folder.display()))
                .with_hint("go to the folder of a service, or make one with `bia new NAME`"));
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let output = cargo.current_dir(&folder).output().map_err(|cause| {
            Error::new(format!("cannot run cargo: {cause}"))
                .with_hint("Rust is needed: https://rustup.rs has it")
        })?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            let told = told.trim().trim_start_matches("error: ");
            return Err(Error::new(format!("cargo cannot read the project: {told}")));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .about(|| "read what cargo tells of the project".to_owned())?;
        let mut members: Vec<Member> = metadata.packages.into_iter().map(Member::new).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, members })
    }

    /// The project that the current folder lies in.
    ///
    /// # Errors
    ///
    /// Those of [`find`](Self::find).
    pub(crate) fn here() -> Result<Self> {
        Self::find(&here()?)
    }

    /// Its crates that are services: they have a program, and make code of protos for Bia.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_service())
    }

    /// The service whose folder `folder` lies in, unless that is the whole project.
    pub(crate) fn around(&self, folder: &Path) -> Option<&Member> {
        self.services()
            .filter(|it| folder.starts_with(&it.folder) && folder != self.root)
            .max_by_key(|it| it.folder.as_os_str().len())
    }

    /// A program of one of its crates, if it was built: the newer one of debug and release.
    pub(crate) fn built(&self, program: &str) -> Option<PathBuf> {
        let all = ["debug", "release"].map(|profile| self.target.join(profile).join(program));
        let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|it| it.modified()).ok();
        all.into_iter().filter(|path| path.is_file()).max_by_key(modified)
    }

    /// The service of this name; without one, that of the current folder, or the only one there is.
    ///
    /// # Errors
    ///
    /// There is none of the name, or there are several and nobody said which.
    pub(crate) fn service(&self, name: Option<&str>) -> Result<&Member> {
        let all: Vec<&Member> = self.services().collect();
        let list = || all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(name) = name {
            return all.iter().find(|it| it.name == name).copied().ok_or_else(|| {
                let error = Error::new(format!("there is no service `{name}` here"));
                if all.is_empty() {
                    error
                } else {
                    error.with_hint(format!("there are: {}", list()))
                }
            });
        }
        let here = here()?;
        if let Some(around) = all.iter().find(|it| here.starts_with(&it.folder)) {
            return Ok(around);
        }
        match all.as_slice() {
            [only] => Ok(only),
            [] => Err(Error::new(format!("{} has no service", self.root.display()))
                .with_hint("make one with `bia new NAME`; a service depends on bia, and its build.rs calls bia_codegen")),
            _ => Err(Error::usage("there are several services here, and it is not said which")
                .with_hint(format!("name one of: {}", list()))),
        }
    }
}

/// The current folder.
pub(crate) fn here() -> Result<PathBuf> {
    std::env::current_dir()
        .and_then(|folder| folder.canonicalize())
        .about(|| "find the current folder".to_owned())
}
