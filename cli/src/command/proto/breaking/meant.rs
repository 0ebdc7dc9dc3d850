//! What of the other state is held against here: what is judged now, and what would have been then.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bia_codegen::parse;
use prost_reflect::FileDescriptor;

use crate::error::Result;
use crate::project::{BuildScript, Project, here};
use crate::protofile::{Wanted, walk};
use crate::shell::Shell;

use super::git::{Repository, Revision, tidy};
use super::{Part, Side};

/// The files of a revision, from the root of the repository: those that are judged now, and those that
/// the same call would have judged then.
pub(super) fn before(
    repository: &Repository,
    revision: &Revision,
    paths: &[PathBuf],
    wanted: &Wanted,
) -> Result<BTreeSet<PathBuf>> {
    let mut then = match paths {
        [] => {
            let below = below(revision, &inside(repository, &[PathBuf::from(".")]));
            if below.is_empty() { compiled(repository, revision)? } else { below }
        }
        paths => below(revision, &inside(repository, paths)),
    };
    // A build script of then may not be understood, or not have named them yet.
    let now: BTreeSet<PathBuf> = inside(repository, &wanted.files).into_iter().collect();
    then.extend(revision.files.iter().filter(|file| now.contains(*file)).cloned());
    Ok(then)
}

fn inside(repository: &Repository, paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter_map(|path| repository.inside(path)).collect()
}

/// What was in folders, but for what nobody keeps protos of their own in.
fn below(revision: &Revision, scopes: &[PathBuf]) -> BTreeSet<PathBuf> {
    let is_own = |below: &Path| {
        !below.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.starts_with('.') || name == "target" || name == "node_modules"
        })
    };
    let is_meant =
        |file: &&PathBuf| scopes.iter().any(|scope| file.strip_prefix(scope).is_ok_and(is_own));
    revision.files.iter().filter(is_meant).cloned().collect()
}

/// What the build scripts around and below the current folder named then.
fn compiled(repository: &Repository, revision: &Revision) -> Result<BTreeSet<PathBuf>> {
    let here = here()?;
    // Above the project there are other projects.
    let root = Project::find(&here).map_or_else(|_| here.clone(), |project| project.root);
    let (Some(root), Some(here)) = (repository.inside(&root), repository.inside(&here)) else {
        return Ok(BTreeSet::new());
    };
    let mut files = BTreeSet::new();
    for script in &revision.scripts {
        let folder = script.parent().unwrap_or_else(|| Path::new(""));
        if !folder.starts_with(&root) || !(here.starts_with(folder) || folder.starts_with(&here)) {
            continue;
        }
        // One that cannot be read named nothing that is known of here.
        let text = std::fs::read_to_string(revision.folder.path().join(script));
        let named = BuildScript::of_text(&text.unwrap_or_default()).files;
        files.extend(named.iter().filter_map(|file| tidy(&folder.join(file))));
    }
    files.retain(|file| revision.files.contains(file));
    Ok(files)
}

/// The packages of all protos of the project but for those in `place`.
fn elsewhere(wanted: &Wanted, place: Option<&Path>) -> BTreeSet<String> {
    let place = place.and_then(|it| it.canonicalize().ok());
    let here = here().unwrap_or_default();
    let root = Project::find(&here).map_or(here, |project| project.root);
    let all = walk(&root).unwrap_or_default().into_iter();
    let outside = all.filter(|file| place.as_ref().is_none_or(|place| !file.starts_with(place)));
    // What a build script names is the project's own, wherever it lies.
    let files: BTreeSet<PathBuf> =
        outside.chain(wanted.compiled.iter().flatten().cloned()).collect();
    let package = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).ok()?;
        Some(parse(&file.display().to_string(), &text).ok()?.package().to_owned())
    };
    files.iter().filter_map(package).collect()
}

/// What `old`, which is had as `name`, says of the packages that are judged here. Others that it holds
/// are not gone if the project has them elsewhere, outside of `place` where `old` lies; those that are
/// nowhere any more are. If it holds none of them it is compared as it is.
pub(super) fn limited(
    mut old: Side,
    (new, wanted): (&Side, &Wanted),
    name: &str,
    place: Option<&Path>,
    shell: &Shell,
) -> Side {
    let files = new.parts.iter().flat_map(Part::files);
    let packages: BTreeSet<String> = files.map(|it| it.package_name().to_owned()).collect();
    let is_judged = |part: &Part, file: &FileDescriptor| {
        // The package of a file may be what changed.
        packages.contains(file.package_name())
            || new.file(part, file.name()).is_some_and(|(of, it)| of.names.contains(it.name()))
    };
    let elsewhere = elsewhere(wanted, place);
    let mut others = BTreeSet::new();
    let limits: Vec<BTreeSet<String>> = old
        .parts
        .iter()
        .map(|part| {
            let (judged, left): (Vec<_>, Vec<_>) = part.files().partition(|file| {
                is_judged(part, file) || !elsewhere.contains(file.package_name())
            });
            others.extend(left.iter().map(|file| file.package_name().to_owned()));
            judged.iter().map(|file| file.name().to_owned()).collect()
        })
        .collect();
    if others.is_empty() || limits.iter().all(BTreeSet::is_empty) {
        return old;
    }
    let others = others.into_iter().collect::<Vec<_>>().join(", ");
    shell.status("Passed over", format!("{others} of {name}, which is here and is not judged"));
    for (part, names) in old.parts.iter_mut().zip(limits) {
        part.names = names;
    }
    old
}
