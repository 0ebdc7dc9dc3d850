//! What is compared with what: a revision, files, a descriptor set, or a service that runs.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use prost_reflect::DescriptorPool;

use crate::error::{About as _, Error, Result};
use crate::protofile::{Wanted, walk};
use crate::remote::{Place, connect, reflect};
use crate::runtime;
use crate::shell::Shell;

use super::git::Repository;
use super::{Arguments, Part, Side, meant};

/// The state that `against` means, and that of here.
pub(super) fn sides(
    against: &str,
    arguments: &Arguments,
    wanted: &Wanted,
    shell: &Shell,
) -> Result<(Side, Side)> {
    let (kind, name) = match against.split_once(':') {
        Some((kind @ ("git" | "path" | "service"), name)) => (kind, name),
        _ => ("", against),
    };
    let is_path = kind == "path" || (kind.is_empty() && Path::new(name).exists());
    if is_path && !name.contains("://") {
        let new = here(wanted, |_| None)?;
        let (path, old) = (Path::new(name), of_path(Path::new(name), wanted)?);
        return Ok((meant::limited(old, (&new, wanted), name, Some(path), shell), new));
    }
    let repository = match kind {
        "service" => None,
        _ if name.contains("://") => None,
        _ => Repository::find()?,
    };
    if kind == "git" && repository.is_none() {
        return Err(Error::new("the current folder is in no git repository")
            .with_hint("go to where the protos are, or name a folder or a service"));
    }
    if let Some(repository) = &repository {
        if repository.has(name)? {
            return of_revision(repository, name, arguments, wanted);
        }
        if kind == "git" {
            return Err(no_revision(name));
        }
    }
    let old = of_service(name, arguments, shell).map_err(|error| {
        if kind == "service" || name.contains("://") {
            return error;
        }
        let git = match &repository {
            Some(_) => "no revision of this git repository",
            None => "no revision, since the current folder is in no git repository",
        };
        let hint = "fetch the revision (git fetch --tags), or name a folder, a descriptor set, or a \
                    service that runs: grpc://127.0.0.1:8000";
        Error::new(format!("`{name}` is no file or folder, {git}, and no service: {error}"))
            .with_hint(hint)
    })?;
    let new = here(wanted, |_| None)?;
    Ok((meant::limited(old, (&new, wanted), name, None, shell), new))
}

fn no_revision(name: &str) -> Error {
    Error::new(format!("there is no revision `{name}` in this git repository"))
        .with_hint("`git branch -a` and `git tag` list what there is; a shallow clone needs git fetch --unshallow")
}

/// The protos as they are; `root` says what a root is called in the other state.
fn here(wanted: &Wanted, root: impl Fn(&Path) -> Option<PathBuf>) -> Result<Side> {
    let mut parts = Vec::new();
    for group in wanted.groups()? {
        let mut part = Part::read(&group, str::to_owned)?;
        part.root = root(&group.root);
        parts.push(part);
    }
    Ok(Side { parts })
}

fn of_path(path: &Path, wanted: &Wanted) -> Result<Side> {
    let is_proto = path.extension().is_some_and(|ending| ending == "proto");
    if path.is_dir() || is_proto {
        let files = if is_proto { vec![path.to_owned()] } else { walk(path)? };
        if files.is_empty() {
            return Err(Error::new(format!("there is no .proto file in {}", path.display())));
        }
        let old = Wanted { files, includes: wanted.includes.clone(), ..Wanted::default() };
        return here(&old, |_| None);
    }
    let bytes = std::fs::read(path).about(|| format!("read {}", path.display()))?;
    let pool = DescriptorPool::decode(bytes.as_slice()).map_err(|error| {
        Error::new(format!("{} is no descriptor set: {error}", path.display())).with_hint(
            "make one with imports: protoc --include_imports --descriptor_set_out=FILE, or buf build -o FILE",
        )
    })?;
    Ok(Side { parts: vec![Part::of_pool(pool, &path.display().to_string())] })
}

fn of_revision(
    repository: &Repository,
    name: &str,
    arguments: &Arguments,
    wanted: &Wanted,
) -> Result<(Side, Side)> {
    let revision = repository.revision(name)?;
    let folder = revision.folder.path();
    let files = meant::before(repository, &revision, &arguments.paths, wanted)?;
    let files = files.iter().map(|file| folder.join(file)).collect();
    let includes = wanted.includes.iter().map(|include| {
        let there = repository.inside(include).map(|inside| folder.join(inside));
        there.filter(|folder| folder.is_dir()).unwrap_or_else(|| include.clone())
    });
    let old = Wanted { files, includes: includes.collect(), ..Wanted::default() };
    let show = |path: &str| {
        let inside = Path::new(path).strip_prefix(folder);
        inside.map_or_else(|_| path.to_owned(), |path| format!("{name}:{}", path.display()))
    };
    let mut parts = Vec::new();
    for group in old.groups()? {
        let mut part = Part::read(&group, show).map_err(|error| {
            let folder = format!("{}/", folder.display());
            Error::new(format!(
                "cannot read the protos of {name}: {}",
                error.to_string().replace(&folder, &format!("{name}:"))
            ))
            .with_hint("a revision before the fault, or --only what is right, can be compared")
        })?;
        part.root = group.root.strip_prefix(folder).ok().map(Path::to_owned);
        parts.push(part);
    }
    let new = here(wanted, |root| repository.inside(root))?;
    Ok((Side { parts }, new))
}

fn of_service(name: &str, arguments: &Arguments, shell: &Shell) -> Result<Side> {
    let place = Place::from_str(name)?;
    let reflection = runtime::block_on(async {
        let (whereabouts, dial) = (&arguments.whereabouts, &arguments.dial);
        let connection = connect(&place, whereabouts, dial, shell).await?;
        let told = reflect(&connection.channel, &dial.metadata()).await?;
        connection.tell_of_lane(dial, &place, shell);
        Ok(told)
    })?;
    if !reflection.untold.is_empty() {
        return Err(Error::new(format!(
            "{name} does not tell all of itself: nothing of {}",
            reflection.untold.join(", ")
        )));
    }
    Ok(Side { parts: vec![Part::of_pool(reflection.pool, name)] })
}
