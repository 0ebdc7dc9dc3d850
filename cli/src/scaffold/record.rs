//! What was made, and how: what `bia upgrade` compares with.

use std::fs;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::error::{About as _, Error, Result};
use crate::paths::shown;

use super::{Files, Formatter, Framework, Service, Workspace, version};

/// `.bia/scaffold.json`: belongs to the project, and is kept with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The version of the command whose templates the files are of.
    pub(crate) version: String,
    /// What `--framework` said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) framework: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workspace: Option<Workspace>,
    pub(crate) services: Vec<Service>,
    /// Each file as it was made, before anybody changed it.
    pub(crate) files: Files,
}

impl Record {
    pub(crate) const PATH: &str = ".bia/scaffold.json";

    /// Of a project that has no files yet.
    pub(crate) fn new(
        workspace: Option<Workspace>,
        services: Vec<Service>,
        framework: Option<String>,
    ) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, framework, workspace, services, files: Files::new() }
    }

    /// The record of the project at `root`; none if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, is of a newer command, or names what lies outside of the project.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>> {
        let path = root.join(Self::PATH);
        let about = || format!("read {}", shown(&path));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).about(about),
        };
        let record: Self = serde_json::from_str(&text).map_err(|error| {
            Error::new(format!("cannot {}: {error}", about()))
                .with_hint("take it from the last commit; if a newer bia wrote it, use that one")
        })?;
        record.check_version(&path)?;
        record.check_places(&path)?;
        Ok(Some(record))
    }

    fn check_version(&self, path: &Path) -> Result<()> {
        const OWN: &str = env!("CARGO_PKG_VERSION");
        let (file, version) = (shown(path), &self.version);
        match version::order(version) {
            None => Err(Error::new(format!("`version` of {file} is `{version}`, which is none"))
                .with_hint("take the file from the last commit")),
            // Its templates are not known here: all they brought would be taken away again.
            there if there > version::order(OWN) => {
                let what = format!("{file} is of bia {version}, and this is the older {OWN}");
                Err(Error::new(what).with_hint(format!(
                    "use the command of that version: `cargo install bia-cli --version {version}`"
                )))
            }
            Some(_) => Ok(()),
        }
    }

    /// The record comes with whatever was cloned: it has a say within the project, and nowhere else.
    fn check_places(&self, path: &Path) -> Result<()> {
        let file = shown(path);
        if let Some(place) = self.files.keys().find(|it| !is_within(it)) {
            return Err(outside(&format!("`files` of {file}"), place));
        }
        // One that is a project by itself has no folder.
        let folders = self.services.iter().filter(|it| it.is_member());
        match folders.into_iter().find(|it| !is_within(&it.folder)) {
            Some(it) => Err(outside(&format!("the service {} in {file}", it.name), &it.folder)),
            None => Ok(()),
        }
    }

    /// What the templates of this command make of what was asked.
    ///
    /// # Errors
    ///
    /// The framework that was asked for is not there any more; a file would lie outside of the project.
    pub(crate) fn made(&self, framework: &Framework, formatter: &Formatter) -> Result<Files> {
        let mut files = Files::new();
        if let Some(workspace) = &self.workspace {
            files.extend(workspace.files(&self.services, framework)?);
        }
        for service in &self.services {
            let made = service.files(framework, formatter)?;
            // What it keeps is part of names of files.
            if let Some(place) = made.keys().find(|it| !is_within(it)) {
                let entry = format!("the service {} in {}", service.name, Self::PATH);
                return Err(outside(&entry, place));
            }
            files.extend(made);
        }
        Ok(files)
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// None that anybody has seen.
    pub(crate) fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).about(|| "write the record".to_owned())?;
        Ok(text + "\n")
    }
}

/// Whether a path leads to something below where it begins, whatever is there.
fn is_within(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn outside(entry: &str, place: &str) -> Error {
    Error::new(format!("{entry} names `{place}`, which is not within the project"))
        .with_hint("nothing was written: take the file from a commit that you trust, or remove it and go on by hand")
}
