//! A workspace: what is around its services.

use serde::{Deserialize, Serialize};

use crate::error::Result;

use super::words::Words;
use super::{Files, Framework, Service, manifest, template};

/// Files that a service which is a project by itself has, and else the workspace.
const SHARED: [&str; 3] = [".gitignore", "clippy.toml", "rustfmt.toml"];

/// A workspace as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) name: String,
}

impl Workspace {
    /// All files that `bia upgrade` looks after and that are no service's.
    ///
    /// # Errors
    ///
    /// A template is wrong, which a test rules out.
    pub(crate) fn files(&self, services: &[Service], framework: &Framework) -> Result<Files> {
        let mut words = Words::default();
        words.add("sample-workspace", &self.name);
        let mut files = Files::new();
        for (path, text) in template::of("workspace") {
            files.insert(path.to_owned(), words.apply(text));
        }
        for path in SHARED {
            files.insert(path.to_owned(), template::file(&format!("service/{path}")).to_owned());
        }
        // Each service keeps its data in its own folder.
        if let Some(text) = files.get_mut(".gitignore") {
            *text = text.replace("\n/data/", "\n/data/\n/services/*/data/");
        }
        if let Some(text) = files.get_mut("Cargo.toml") {
            let members: Vec<String> = services.iter().map(|it| it.folder.clone()).collect();
            *text = manifest::workspace(text, &members, framework)?;
        }
        Ok(files)
    }
}
