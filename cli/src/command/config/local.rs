//! What the project at hand knows of a service's settings: its files, its schema.

use std::path::{Path, PathBuf};

use bia::backend::consul::{ConsulSettings, ConsulSourceSettings};
use bia::config::trust::TrustSettings;
use bia::config::{Tree, Variables};
use serde::Deserialize;

use crate::error::{About as _, Error, Result};
use crate::project::Project;

/// Its folder of settings, and the files that are read of it.
const FOLDER: &str = "configs";
const ENDINGS: [&str; 4] = ["yaml", "yml", "toml", "json"];

/// A service of the project at hand.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) name: String,
    /// Where its `Cargo.toml` is.
    pub(super) folder: PathBuf,
    /// Its program, if it was built.
    pub(super) program: Option<PathBuf>,
    tree: Tree,
}

/// The sections that say where settings come from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sections {
    config: Config,
    registry: Registry,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    consul: ConsulSourceSettings,
    trust: TrustSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registry {
    consul: ConsulSettings,
}

impl Local {
    /// The service of this name, or that of the current folder, with its files and variables read.
    pub(super) fn find(name: Option<&str>, variables: &Variables) -> Result<Self> {
        let project = Project::here()?;
        let member = project.service(name)?;
        let mut local = Self {
            name: member.name.clone(),
            folder: member.folder.clone(),
            program: member.program().and_then(|program| project.built(program)),
            tree: Tree::new(),
        };
        for path in local.files(variables) {
            local.add(&path)?;
        }
        local.tree.add_variables(variables);
        // Only what is asked for here must have a value: the rest may be of another machine.
        drop(local.tree.resolve(variables));
        Ok(local)
    }

    /// The files of its settings, in the order in which they are read.
    pub(super) fn files(&self, variables: &Variables) -> Vec<PathBuf> {
        let environment = variables.environment().map(|it| format!("app.{it}"));
        let names = std::iter::once("app".to_owned()).chain(environment);
        let all = names.flat_map(|name| ENDINGS.map(|ending| format!("{name}.{ending}")));
        all.map(|name| self.configs().join(name)).filter(|path| path.is_file()).collect()
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).about(|| format!("read {}", path.display()))?;
        self.tree.add_file(path, &text).map_err(|it| Error::new(it.to_string()))
    }

    /// The folder of its settings.
    pub(super) fn configs(&self) -> PathBuf {
        self.folder.join(FOLDER)
    }

    /// Where its settings come from, and whom it trusts.
    pub(super) fn consul(
        &self,
        variables: &Variables,
    ) -> Result<(ConsulSourceSettings, ConsulSettings, TrustSettings)> {
        let mut tree = self.tree.clone().take(&["config", "registry"]);
        let wrong =
            |it: bia::config::Invalid| Error::new(format!("the settings of {}: {it}", self.name));
        // What could not be resolved above is told if it is one of these.
        let relevant = |key: &str| {
            ["config.consul", "config.trust", "registry.consul"]
                .iter()
                .any(|it| key.starts_with(it))
        };
        if let Err(invalid) = tree.resolve(variables) {
            let faults = invalid.into_all().into_iter();
            let faults = faults.filter(|it| it.key().is_some_and(relevant));
            if let Some(invalid) = bia::config::Invalid::of(faults) {
                return Err(wrong(invalid));
            }
        }
        let (sections, _) = tree.decode::<Sections>(&[]).map_err(wrong)?;
        let mut trust = sections.config.trust;
        // A path is meant from where the service is started.
        let file = self.folder.join(trust.key.trim());
        if trust.is_set() && file.is_file() {
            trust.key = file.display().to_string();
        }
        Ok((sections.config.consul, sections.registry.consul, trust))
    }
}
