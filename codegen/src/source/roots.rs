//! Finds the folders that imports are relative to, and the import name of each file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Problem};

use super::{OpenedFiles, scan, vendored};

/// The files that the user named, by import name, and where all others are looked for.
#[derive(Debug)]
pub(super) struct Named {
    /// Import name, and path unless this crate carries the file.
    pub(super) files: Vec<(String, Option<PathBuf>)>,
    pub(super) roots: Vec<PathBuf>,
}

/// Roots are the `includes`, then the folder that each file's package or place tells, then the
/// current folder, which in a build script is the crate's.
pub(super) fn find(files: &[PathBuf], includes: &[PathBuf]) -> Result<Named, Error> {
    if files.is_empty() {
        return Err(Error::new("no .proto file was named")
            .with_remedy("give at least one, as in compile(&[\"proto/user/v1/user.proto\"])"));
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for include in includes {
        if !include.is_dir() {
            let message = format!("the include folder {} does not exist", include.display());
            return Err(Error::new(message).with_remedy(relative_to()));
        }
        add(&mut roots, clean(include));
    }
    let mut named = Vec::new();
    for file in files {
        let path = clean(file);
        if path.is_file() {
            let root = root_of(&path, &roots);
            let name = import_name(&path, &root)
                .ok_or_else(|| Error::new(format!("{} is not a path in UTF-8", path.display())))?;
            add(&mut roots, root);
            named.push((name, Some(path)));
        } else {
            named.push((by_import_name(&path, &roots)?, None));
        }
    }
    add(&mut roots, PathBuf::from("."));
    Ok(Named { files: named, roots })
}

/// A file that is not where its path says may be meant by its import name.
fn by_import_name(path: &Path, roots: &[PathBuf]) -> Result<String, Error> {
    let name = import_name(path, Path::new("")).unwrap_or_default();
    if vendored::find(&name).is_some() || roots.iter().any(|root| root.join(&name).is_file()) {
        return Ok(name);
    }
    Err(Error::new(format!("cannot find {}", path.display())).with_remedy(relative_to()))
}

fn relative_to() -> String {
    let here = std::env::current_dir().map(|here| format!(", {}", here.display()));
    let here = here.unwrap_or_default();
    format!("paths are relative to the folder of the crate's Cargo.toml{here}")
}

/// The folder that imports of the file at `path` are relative to.
fn root_of(path: &Path, includes: &[PathBuf]) -> PathBuf {
    if let Some(include) = includes.iter().find(|include| import_name(path, include).is_some()) {
        return include.clone();
    }
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let by_package = fs::read_to_string(path)
        .ok()
        .and_then(|text| scan::scan(&text).package)
        .and_then(|package| above(folder, &package));
    let by_name = || {
        let named =
            |folder: &&Path| folder.file_name().is_some_and(|n| n == "proto" || n == "protos");
        folder.ancestors().find(named).map(Path::to_owned)
    };
    let root = by_package.or_else(by_name).unwrap_or_else(|| folder.to_owned());
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root }
}

/// The folder above those of a package: `proto` of `proto/user/v1` and `user.v1`.
fn above(folder: &Path, package: &str) -> Option<PathBuf> {
    let mut above = folder;
    for part in package.rsplit('.') {
        if above.file_name()? != part {
            return None;
        }
        above = above.parent()?;
    }
    Some(above.to_owned())
}

/// What a file is imported as by files of the same root: `user/v1/user.proto`.
fn import_name(path: &Path, root: &Path) -> Option<String> {
    let below = if root == Path::new(".") { path } else { path.strip_prefix(root).ok()? };
    let parts = below.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("/")).filter(|name| !name.is_empty())
}

/// Refuses a file that is hidden behind one of the same import name in an earlier root.
pub(super) fn check_shadow(
    name: &str,
    path: Option<&Path>,
    opened: &OpenedFiles,
) -> Result<(), Error> {
    let found = opened.get(name).and_then(|file| file.path.as_deref());
    match (path, found) {
        (Some(path), Some(found)) if path != found => {
            let message = format!("{} is hidden: {name} means {}", path.display(), found.display());
            Err(Problem::new(message)
                .remedy(
                    "rename one of the two, or say which folder comes first with Compiler::include",
                )
                .into())
        }
        _ => Ok(()),
    }
}

/// The path without `.` parts.
pub(super) fn clean(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

fn add(roots: &mut Vec<PathBuf>, root: PathBuf) {
    let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
    if !roots.contains(&root) {
        roots.push(root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_tells_the_root() {
        assert_eq!(above(Path::new("api/user/v1"), "user.v1"), Some(PathBuf::from("api")));
        assert_eq!(above(Path::new("../../x/user/v1"), "user.v1"), Some(PathBuf::from("../../x")));
        assert_eq!(above(Path::new("user/v1"), "user.v1"), Some(PathBuf::new()));
        assert_eq!(above(Path::new("api/users/v1"), "user.v1"), None);
        assert_eq!(above(Path::new("v1"), "user.v1"), None);
    }

    #[test]
    fn a_folder_named_proto_is_the_root_of_a_file_without_a_fitting_package() {
        assert_eq!(root_of(Path::new("a/proto/x/y.proto"), &[]), PathBuf::from("a/proto"));
        assert_eq!(root_of(Path::new("y.proto"), &[]), PathBuf::from("."));
        assert_eq!(root_of(Path::new("a/y.proto"), &[]), PathBuf::from("a"));
        assert_eq!(root_of(Path::new("a/b/y.proto"), &["a".into()]), PathBuf::from("a"));
    }

    #[test]
    fn import_names_have_no_dots_and_only_forward_slashes() {
        assert_eq!(clean(Path::new("./a/./b.proto")), PathBuf::from("a/b.proto"));
        assert_eq!(
            import_name(Path::new("a/b/c.proto"), Path::new("a")).as_deref(),
            Some("b/c.proto")
        );
        assert_eq!(import_name(Path::new("../c.proto"), Path::new(".")), None);
        assert_eq!(
            import_name(Path::new("../p/c.proto"), Path::new("../p")).as_deref(),
            Some("c.proto")
        );
    }
}
