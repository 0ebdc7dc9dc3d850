//! What was made, and how: what `bia upgrade` compares with.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{About as _, Error, Result};
use crate::paths::shown;

use super::{Files, Formatter, Framework, Service, Workspace};

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
    /// It cannot be read, or is of a newer command.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>> {
        let path = root.join(Self::PATH);
        let about = || format!("read {}", shown(&path));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).about(about),
        };
        let record = serde_json::from_str(&text).map_err(|error| {
            Error::new(format!("cannot {}: {error}", about()))
                .with_hint("take it from the last commit; if a newer bia wrote it, use that one")
        })?;
        Ok(Some(record))
    }

    /// What the templates of this command make of what was asked.
    ///
    /// # Errors
    ///
    /// The framework that was asked for is not there any more.
    pub(crate) fn made(&self, framework: &Framework, formatter: &Formatter) -> Result<Files> {
        let mut files = Files::new();
        if let Some(workspace) = &self.workspace {
            files.extend(workspace.files(&self.services, framework)?);
        }
        for service in &self.services {
            files.extend(service.files(framework, formatter)?);
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
