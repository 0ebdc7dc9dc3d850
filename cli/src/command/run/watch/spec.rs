//! Which files matter, and what a change of one means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use notify::RecursiveMode;

use crate::project::{Member, Project};

use super::super::plan::Service;

/// What a change of a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something is to be built.
    Code,
    /// The same, and what is to be watched may be another.
    Layout,
    /// The settings of a service, by its place in the plan.
    Settings(usize),
}

/// Folders of the crate that code is made of.
const SOURCES: [&str; 3] = ["src", "proto", "migrations"];

/// Files and folders that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Spec {
    trees: BTreeSet<PathBuf>,
    layout: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
    settings: Vec<(PathBuf, usize)>,
}

impl Spec {
    /// Sources, protos, migrations and manifests of the services and of every crate beside them that
    /// they are built with; and their settings.
    pub(in super::super) fn of(project: &Project, services: &[Service]) -> Self {
        let mut spec = Self::default();
        let mut open: Vec<PathBuf> = services.iter().map(|it| it.folder.clone()).collect();
        let mut seen = BTreeSet::new();
        while let Some(folder) = open.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            spec.add_crate(&folder);
            if let Some(member) = project.members.iter().find(|it| it.folder == folder) {
                spec.add_protos(member);
                open.extend(member.neighbours.iter().cloned());
            }
        }
        for (index, service) in services.iter().enumerate() {
            spec.add_settings(service.folder.join("configs"), index);
        }
        spec.add_layout(project.root.join("Cargo.toml"));
        spec.files.insert(project.root.join("Cargo.lock"));
        spec
    }

    fn add_crate(&mut self, folder: &Path) {
        for name in SOURCES {
            self.add_tree(folder.join(name));
        }
        self.add_layout(folder.join("Cargo.toml"));
        self.add_layout(folder.join("build.rs"));
    }

    /// What its build script names, and what lies beside that: it may be imported.
    fn add_protos(&mut self, member: &Member) {
        // One that makes no code of protos, or says in a way of its own of which.
        let Ok(script) = member.build_script() else { return };
        let folders = script.files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        for folder in folders.chain(script.includes) {
            if let Ok(folder) = member.folder.join(folder).canonicalize() {
                self.add_tree(folder);
            }
        }
    }

    pub(super) fn add_tree(&mut self, folder: PathBuf) {
        self.trees.insert(folder);
    }

    pub(super) fn add_layout(&mut self, file: PathBuf) {
        self.layout.insert(file);
    }

    pub(super) fn add_settings(&mut self, folder: PathBuf, service: usize) {
        self.settings.push((folder, service));
    }

    /// What has to be listened to. A file is listened to by its folder, because editors put another
    /// in its place; and so is the folder of a folder, which may not be there yet.
    pub(super) fn folders(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        let mut folders = BTreeMap::new();
        let settings = self.settings.iter().map(|(folder, _)| folder);
        let all = self.trees.iter().chain(&self.layout).chain(&self.files).chain(settings.clone());
        for parent in all.filter_map(|path| path.parent()) {
            folders.insert(parent.to_owned(), RecursiveMode::NonRecursive);
        }
        for folder in self.trees.iter().chain(settings) {
            folders.insert(folder.clone(), RecursiveMode::Recursive);
        }
        folders
    }

    /// What a change of `path` means; none if it matters to nobody.
    pub(super) fn kind(&self, path: &Path) -> Option<Kind> {
        if path.file_name().is_some_and(|name| is_passing(&name.to_string_lossy())) {
            return None;
        }
        if self.layout.contains(path) {
            return Some(Kind::Layout);
        }
        if self.files.contains(path) {
            return Some(Kind::Code);
        }
        if let Some((_, service)) = self.settings.iter().find(|(it, _)| path.starts_with(it)) {
            return Some(Kind::Settings(*service));
        }
        self.trees.iter().any(|tree| path.starts_with(tree)).then_some(Kind::Code)
    }
}

/// Whether a file is one that an editor makes for a moment.
fn is_passing(name: &str) -> bool {
    name.starts_with('.')
        || name.starts_with('#')
        || name.ends_with('~')
        || name.ends_with("___")
        || name == "4913"
        || [".swp", ".swx", ".tmp", ".bak", ".orig"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_services_are_built_of_matters_and_nothing_else() {
        let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the workspace");
        let folder = project.root.join("examples/user-service");
        let service = Service {
            name: "user-service".to_owned(),
            program: "user-service".to_owned(),
            folder: folder.clone(),
            is_bia: true,
        };
        let spec = Spec::of(&project, &[service]);
        let kind = |path: &str| spec.kind(&project.root.join(path));
        let table = [
            ("examples/user-service/src/service/mod.rs", Some(Kind::Code)),
            ("examples/user-service/src/service/.mod.rs.swp", None),
            ("examples/user-service/src/main.rs~", None),
            ("examples/user-service/src/4913", None),
            ("examples/user-service/migrations/0002_more.sql", Some(Kind::Code)),
            ("examples/proto/user/v1/user.proto", Some(Kind::Code)),
            ("examples/user-service/build.rs", Some(Kind::Layout)),
            ("examples/user-service/Cargo.toml", Some(Kind::Layout)),
            ("Cargo.toml", Some(Kind::Layout)),
            ("Cargo.lock", Some(Kind::Code)),
            ("framework/src/lib.rs", Some(Kind::Code)),
            ("codegen/src/lib.rs", Some(Kind::Code)),
            ("examples/user-service/configs/app.yaml", Some(Kind::Settings(0))),
            ("examples/user-service/README.md", None),
            ("examples/user-service/data/users.db", None),
            ("examples/order-service/src/main.rs", None),
            ("target/debug/user-service", None),
            ("xtask/src/main.rs", None),
        ];
        for (path, expected) in table {
            assert_eq!(kind(path), expected, "{path}");
        }
        let folders = spec.folders();
        assert_eq!(folders.get(&folder), Some(&RecursiveMode::NonRecursive));
        assert_eq!(folders.get(&folder.join("src")), Some(&RecursiveMode::Recursive));
        assert!(!folders.contains_key(&project.root.join("target")));
    }
}
