//! What the settings around the current folder say of the registry.

use std::path::{Path, PathBuf};

use bia::app::RegistrySettings;
use bia::config::{Tree, Variables};
use serde::Deserialize;

use crate::error::{About as _, Error, Result};
use crate::project::Project;

/// Where a service keeps its settings, and the endings they are written with, as it looks for them.
const FOLDER: &str = "configs";
const ENDINGS: [&str; 4] = ["yaml", "yml", "toml", "json"];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sections {
    registry: RegistrySettings,
}

/// What services that are started at `here` take for their registry: the one of the folder, else all of
/// the workspace, each that has settings; else what the variables say alone.
///
/// # Errors
///
/// In the place of those whose settings cannot be read.
pub(super) fn registries_around(
    here: &Path,
    variables: &Variables,
) -> Vec<Result<RegistrySettings>> {
    // Beyond the project it is somebody else's.
    let mut within = here.ancestors();
    let root = here.ancestors().filter(|it| it.join("Cargo.toml").is_file()).last();
    let own = within.find_map(|folder| {
        let is_beyond = root.is_none_or(|root| !folder.starts_with(root)) && folder != here;
        (!is_beyond && has_settings(folder)).then(|| folder.to_owned())
    });
    let folders = match own {
        Some(folder) => vec![folder],
        None => root.map(services_below).unwrap_or_default(),
    };
    match folders.as_slice() {
        [] => vec![read(None, variables)],
        folders => folders.iter().map(|folder| read(Some(folder), variables)).collect(),
    }
}

fn has_settings(folder: &Path) -> bool {
    ENDINGS.iter().any(|ending| folder.join(FOLDER).join(format!("app.{ending}")).is_file())
}

/// The folders of a workspace's services that have settings; none if cargo cannot tell.
fn services_below(root: &Path) -> Vec<PathBuf> {
    let Ok(project) = Project::find(root) else { return Vec::new() };
    let folders = project.services().map(|service| service.folder.clone());
    folders.filter(|folder| has_settings(folder)).collect()
}

/// The registry of the files in a folder, with the variables over them.
fn read(folder: Option<&Path>, variables: &Variables) -> Result<RegistrySettings> {
    let mut tree = Tree::new();
    let environment = variables.environment().map(|environment| format!("app.{environment}"));
    for name in std::iter::once("app".to_owned()).chain(environment) {
        for ending in ENDINGS {
            let Some(folder) = folder else { continue };
            let path = folder.join(FOLDER).join(format!("{name}.{ending}"));
            if path.is_file() {
                let text =
                    std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
                tree.add_file(&path, &text).map_err(|invalid| wrong(&invalid))?;
            }
        }
    }
    tree.add_variables(variables);
    let mut whole = tree.clone();
    // What another section refers to may be set only where the service runs.
    let mut sections = match whole.resolve(variables) {
        Ok(()) => whole,
        Err(_) => tree,
    };
    let mut sections = sections.take(&["registry"]);
    sections.resolve(variables).map_err(|invalid| wrong(&invalid))?;
    let (sections, _) = sections.decode::<Sections>(&[]).map_err(|invalid| wrong(&invalid))?;
    Ok(sections.registry)
}

fn wrong(invalid: &bia::config::Invalid) -> Error {
    Error::new(format!("cannot tell the registry from the settings here: {invalid}"))
        .with_hint("correct them, or say where services are with --registry")
}
