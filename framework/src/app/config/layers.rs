use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::config::rollout::{STAGED, Stage};
use crate::config::trust::{Signed, Trust};
use crate::config::{Document, FileSource, Invalid, Snapshot, Source, Tree, Variables};

use super::super::flags::Flags;
use super::super::settings::RegistrySettings;
use super::settings::ConfigSettings;

/// Where the files are that are read if none is named.
const FOLDER: &str = "configs";

/// The section that says where the rest is.
const SECTION: &str = "config";

/// What settings are made of, later over earlier: sources, variables, flags.
pub(super) struct Layers {
    pub(super) sources: Vec<Box<dyn Source>>,
    /// How many of the sources are read before the section `config` is: files.
    files: usize,
    /// Whose files are taken.
    pub(super) trust: Trust,
    /// Whether this instance has the change that is being rolled out.
    pub(super) stage: Stage,
    pub(super) variables: Arc<Variables>,
    sets: Vec<String>,
}

/// What must be known before all sources are.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Bootstrap {
    pub(super) config: ConfigSettings,
    /// What `config.consul` does not say of its own.
    pub(super) registry: RegistrySettings,
    /// Whether the key is out of the reach of who can write files: then they must be signed too.
    #[serde(skip)]
    pub(super) is_key_apart: bool,
}

impl Layers {
    /// Files, variables and flags.
    pub(super) fn of_process(flags: &Flags, variables: &Arc<Variables>) -> Self {
        let trust = Trust::default();
        let sources = match flags.files.as_slice() {
            [] => default_files(variables, &trust).into_iter().collect(),
            files => files.iter().map(|file| files_of(file, &trust)).collect(),
        };
        Self { trust, ..Self::of(sources, flags.sets.clone(), Arc::clone(variables)) }
    }

    pub(super) fn of(
        sources: Vec<Box<dyn Source>>,
        sets: Vec<String>,
        variables: Arc<Variables>,
    ) -> Self {
        let (trust, stage) = (Trust::default(), Stage::new());
        Self { files: sources.len(), sources, trust, stage, variables, sets }
    }

    /// Reads from the files, variables and flags where the rest is; `files` is what they have.
    pub(super) fn bootstrap(&self, files: &[Snapshot]) -> Result<Bootstrap, Invalid> {
        let mut tree = self.merged(files)?;
        // What else refers to a value may find it in a source that is yet to be read.
        tree.resolve_section(SECTION, &self.variables)?;
        let mut sections = tree.take(&[SECTION]);
        if sections.origin("config.consul").is_some() {
            tree.resolve_section("registry", &self.variables)?;
            sections.add(tree.take(&["registry"]));
        }
        let (mut bootstrap, _): (Bootstrap, _) = sections.decode(&[])?;
        bootstrap.config.check().map_err(|invalid| located(invalid, &sections))?;
        bootstrap.is_key_apart = sections
            .origin("config.trust.key")
            .is_some_and(|origin| origin.starts_with("BIA_") || origin.starts_with("--set"));
        Ok(bootstrap)
    }

    /// Every layer in its order, placeholders as they are written.
    pub(super) fn merged<'a>(
        &self,
        snapshots: impl IntoIterator<Item = &'a Snapshot>,
    ) -> Result<Tree, Invalid> {
        let (mut tree, staged) = self.sources(snapshots)?;
        if staged.is_some() && staged == tree.staged() {
            tree.stage();
        }
        self.finished(tree)
    }

    /// The same with the change that is being rolled out, if that is not in force here: so that one
    /// that is wrong is refused by all before any has it.
    pub(super) fn staged<'a>(
        &self,
        snapshots: impl IntoIterator<Item = &'a Snapshot>,
    ) -> Result<Option<Tree>, Invalid> {
        let (mut tree, staged) = self.sources(snapshots)?;
        let Some(_) = tree.staged().filter(|id| staged.as_ref() != Some(id)) else {
            return Ok(None);
        };
        tree.stage();
        self.finished(tree).map(Some)
    }

    /// The layers that are sources, and the change that is to be in force.
    fn sources<'a>(
        &self,
        snapshots: impl IntoIterator<Item = &'a Snapshot>,
    ) -> Result<(Tree, Option<String>), Invalid> {
        let (mut tree, mut staged) = (Tree::new(), None);
        for (index, snapshot) in snapshots.into_iter().enumerate() {
            for document in &snapshot.documents {
                if document.name == STAGED {
                    let id = String::from_utf8_lossy(&document.bytes).into_owned();
                    staged = Some(id).filter(|id| !id.is_empty());
                    continue;
                }
                let layer = layer(document)?;
                if let Some(place) = layer.origin(SECTION).filter(|_| index >= self.files) {
                    let what = "is read before this source: set it in a file, a variable or a flag";
                    return Err(Invalid::new(SECTION, what).at(Some(place)));
                }
                tree.add(layer);
            }
        }
        Ok((tree, staged))
    }

    /// The sources with what stands over them.
    fn finished(&self, mut tree: Tree) -> Result<Tree, Invalid> {
        tree.add_variables(&self.variables);
        for set in &self.sets {
            tree.add_flag(set)?;
        }
        Ok(tree)
    }
}

fn layer(document: &Document) -> Result<Tree, Invalid> {
    let text = std::str::from_utf8(&document.bytes).map_err(|error| {
        let what = format!("is no text: byte {} is not UTF-8", error.valid_up_to());
        Invalid::whole(&document.name, what)
    })?;
    let mut layer = Tree::new();
    layer.add_file(Path::new(&document.name), text)?;
    Ok(layer)
}

/// The same, each fault with the place of the setting that it is about.
pub(super) fn located(invalid: Invalid, tree: &Tree) -> Invalid {
    let all = invalid.clone().into_all().into_iter().map(|fault| {
        let place = fault.place().is_none().then(|| tree.origin(fault.key()?)).flatten();
        match place.map(str::to_owned) {
            Some(place) => fault.at(Some(&place)),
            None => fault,
        }
    });
    Invalid::of(all).unwrap_or(invalid)
}

/// The file or the folder at a path, as its manifest says.
fn files_of(path: &Path, trust: &Trust) -> Box<dyn Source> {
    let source = FileSource::new(path);
    if path.is_dir() {
        return Box::new(Signed::new(source, trust.clone()));
    }
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    Box::new(Signed::files(source, trust.clone(), folder))
}

/// The files in `configs`, where the process was started, else beside the manifest of what
/// `cargo run` started.
fn default_files(variables: &Variables, trust: &Trust) -> Option<Box<dyn Source>> {
    let of_crate = variables.get("CARGO_MANIFEST_DIR").map(|it| Path::new(it).join(FOLDER));
    let mut folders = std::iter::once(PathBuf::from(FOLDER)).chain(of_crate);
    let folder = folders.find(|folder| folder.is_dir())?;
    let environment = variables.environment().map(str::to_owned);
    let source = FileSource::defaults(folder.clone(), environment);
    Some(Box::new(Signed::files(source, trust.clone(), &folder)))
}
