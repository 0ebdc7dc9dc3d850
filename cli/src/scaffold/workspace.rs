//! A workspace: what is around its services.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;

use super::words::Words;
use super::{Database, Faces, Files, Framework, Registry, Service, manifest, template};

/// Files that a service which is a project by itself has, and else the workspace.
const SHARED: [&str; 3] = [".gitignore", "clippy.toml", "rustfmt.toml"];

/// A workspace as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) name: String,
    /// What a service that joins it is made with, where nothing else is said.
    #[serde(default, skip_serializing_if = "Defaults::is_empty")]
    pub(crate) defaults: Defaults,
}

/// The choices of a service that were made for all of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Defaults {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registry: Option<Registry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<Database>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) faces: Option<Faces>,
}

impl Defaults {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// As they are typed; nothing if there are none.
impl fmt::Display for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            self.registry.map(|it| format!("--registry {it}")),
            self.database.map(|it| format!("--database {it}")),
            self.faces.map(|it| format!("--faces {it}")),
        ];
        f.write_str(&all.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
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
