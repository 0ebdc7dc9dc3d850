//! Which `.proto` files are meant, and what their imports are relative to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use bia_codegen::Compiler;

use crate::error::{About as _, Error, Result};
use crate::project::{self, Project};

use super::{Kind, tokens};

/// Folders in which nobody keeps protos of their own.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// The files that a command works on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Without repetition, as the user can open them.
    pub(crate) files: Vec<PathBuf>,
    /// Folders in which imports are looked for, beside those that the files tell.
    pub(crate) includes: Vec<PathBuf>,
    /// What each build script around here compiles, by whole paths.
    pub(crate) compiled: Vec<BTreeSet<PathBuf>>,
}

/// Files whose imports are relative to one folder: they are compiled together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<PathBuf>,
    /// Where imports are looked for, the root first.
    pub(crate) includes: Vec<PathBuf>,
}

impl Wanted {
    /// The files of `paths`, each a file or a folder to look through. Without any: all below the
    /// current folder, or else those that the `build.rs` of the service here compiles.
    ///
    /// # Errors
    ///
    /// A path that is not there, or no file at all.
    pub(crate) fn find(paths: &[PathBuf], includes: &[PathBuf]) -> Result<Self> {
        if let Some(folder) = includes.iter().find(|folder| !folder.is_dir()) {
            return Err(Error::new(format!("there is no folder {}", folder.display())));
        }
        let mut wanted = Self::without_imports(paths)?;
        wanted.includes = includes.to_vec();
        wanted.add_project(false);
        Ok(wanted)
    }

    /// The same files, for those who do not look at what they import.
    ///
    /// # Errors
    ///
    /// A path that is not there, or no file at all.
    pub(crate) fn without_imports(paths: &[PathBuf]) -> Result<Self> {
        let mut wanted = Self::default();
        for path in paths {
            if path.is_dir() {
                wanted.add(walk(path)?);
            } else if path.is_file() {
                wanted.add([path.clone()]);
            } else {
                return Err(Error::new(format!("there is no file or folder {}", path.display()))
                    .with_hint("paths are relative to the current folder"));
            }
        }
        if paths.is_empty() {
            wanted.add(walk(Path::new("."))?);
            if wanted.files.is_empty() {
                wanted.add_project(true);
            }
        }
        if wanted.files.is_empty() {
            let place = match paths {
                [] => "the current folder".to_owned(),
                paths => {
                    paths.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(", ")
                }
            };
            return Err(Error::new(format!("there is no .proto file in {place}")).with_hint(
                "name files or folders, or make one: bia proto add proto/shop/v1/shop.proto",
            ));
        }
        Ok(wanted)
    }

    fn add(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        for file in files {
            let file: PathBuf = file.components().filter(|it| *it != Component::CurDir).collect();
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
    }

    /// Takes over the folders of imports that the build scripts here name, and their files if
    /// `with_files`. What cannot be read there is somebody else's to tell.
    fn add_project(&mut self, with_files: bool) {
        let Ok(here) = project::here() else { return };
        if !here.ancestors().any(|it| it.join("Cargo.toml").is_file()) {
            return;
        }
        let Ok(project) = Project::find(&here) else { return };
        for member in &project.members {
            let Ok(script) = member.build_script() else { continue };
            let near = |path: &PathBuf| relative(&member.folder.join(path), &here);
            let includes = script.includes.iter().map(near).filter(|folder| folder.is_dir());
            self.includes.extend(includes);
            let whole = |path: &PathBuf| member.folder.join(path).canonicalize().ok();
            self.compiled.push(script.files.iter().filter_map(whole).collect());
            let is_here = here.starts_with(&member.folder) || member.folder.starts_with(&here);
            if with_files && is_here {
                let files: Vec<PathBuf> =
                    script.files.iter().map(near).filter(|file| file.is_file()).collect();
                self.add(files);
            }
        }
    }

    /// The files by what their imports are relative to.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub(crate) fn groups(&self) -> Result<Vec<Group>> {
        let mut by_root = BTreeMap::<PathBuf, Vec<PathBuf>>::new();
        for file in &self.files {
            by_root.entry(root_of(file, &read(file)?)).or_default().push(file.clone());
        }
        let roots: Vec<PathBuf> = by_root.keys().cloned().collect();
        let groups = by_root.into_iter().map(|(root, files)| {
            let includes = once([&root].into_iter().chain(&self.includes).chain(&roots));
            Group { root, files, includes }
        });
        Ok(groups.collect())
    }

    /// The files by what becomes code together, for one process: those of a build script; of those that
    /// none names, those of a package. A file may be in several.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub(crate) fn processes(&self) -> Result<Vec<Compiler>> {
        let mut files = Vec::new();
        for file in &self.files {
            let text = read(file)?;
            let root = root_of(file, &text);
            let whole = file.canonicalize().unwrap_or_else(|_| file.clone());
            files.push((file, whole, root, package(&text).unwrap_or_default()));
        }
        let mut together: Vec<Vec<_>> = self
            .compiled
            .iter()
            .map(|named| files.iter().filter(|(_, whole, ..)| named.contains(whole)).collect())
            .collect();
        let is_left = |whole: &PathBuf| !self.compiled.iter().any(|named| named.contains(whole));
        let mut packages = BTreeMap::<(&PathBuf, &str), Vec<_>>::new();
        for file in files.iter().filter(|(_, whole, ..)| is_left(whole)) {
            packages.entry((&file.2, &file.3)).or_default().push(file);
        }
        together.extend(packages.into_values());
        let roots: BTreeSet<&PathBuf> = files.iter().map(|(_, _, root, _)| root).collect();
        let compilers = together.into_iter().filter(|files| !files.is_empty()).map(|together| {
            let first = together.iter().map(|(_, _, root, _)| root);
            let includes = once(first.chain(&self.includes).chain(roots.iter().copied()));
            let compiler = Compiler::new().files(together.iter().map(|(file, ..)| file));
            includes.iter().fold(compiler, Compiler::include)
        });
        Ok(compilers.collect())
    }
}

/// Each of `folders` once, in their order.
fn once<'a>(folders: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let mut once = Vec::new();
    for folder in folders {
        if !once.contains(folder) {
            once.push(folder.clone());
        }
    }
    once
}

impl Group {
    /// What reads its files.
    pub(crate) fn compiler(&self) -> Compiler {
        let compiler = Compiler::new().files(&self.files);
        self.includes.iter().fold(compiler, Compiler::include)
    }

    /// The import names of its files.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.files.iter().filter_map(|file| import_name(file, &self.root)).collect()
    }

    /// The file of an import name as the user can open it; the name itself if it is none of the user's.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let tidy = |path: PathBuf| -> PathBuf {
            path.components().filter(|it| *it != Component::CurDir).collect()
        };
        let mut there = self.includes.iter().map(|folder| tidy(folder.join(name)));
        there.find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
    }
}

/// Every `.proto` file below `folder`, in the order of their names; hidden folders, and those that
/// hold what was built, are not looked into.
pub(crate) fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        let about = || format!("look through {}", folder.display());
        for entry in fs::read_dir(&folder).about(about)? {
            let entry = entry.about(about)?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let kind = entry.file_type().about(about)?;
            if kind.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                    left.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "proto") && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The text of a file.
///
/// # Errors
///
/// It cannot be read, or is not UTF-8: says where.
pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).about(|| format!("read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::new(format!(
            "{}:{line}:{column}: the file is not UTF-8 from here on",
            path.display()
        ))
    })
}

/// What imports of the file at `path` are relative to: `proto` of `proto/user/v1/user.proto`, whose
/// package is `user.v1`; else the folder called `proto` or `protos` around it, else its own.
pub(crate) fn root_of(path: &Path, text: &str) -> PathBuf {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let by_package = package(text).and_then(|package| above(folder, &package));
    let by_name = || {
        let is_named =
            |it: &&Path| it.file_name().is_some_and(|it| it == "proto" || it == "protos");
        folder.ancestors().find(is_named).map(Path::to_owned)
    };
    let root = by_package.or_else(by_name).unwrap_or_else(|| folder.to_owned());
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root }
}

/// What is behind `package`, as the text has it.
fn package(text: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut name: Option<String> = None;
    let mut is_start = true;
    for token in tokens(text) {
        match (token.kind, token.text) {
            (Kind::Space | Kind::LineComment | Kind::BlockComment, _) => continue,
            (_, ";") if depth == 0 && name.is_some() => return name,
            (_, "{") => depth += 1,
            (_, "}") => depth = depth.saturating_sub(1),
            (_, "package") if depth == 0 && is_start => name = Some(String::new()),
            (_, part) => {
                if let Some(name) = &mut name {
                    name.push_str(part);
                }
            }
        }
        is_start = matches!(token.text, ";" | "}");
    }
    None
}

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

/// What a file is imported as by files below `root`.
pub(crate) fn import_name(path: &Path, root: &Path) -> Option<String> {
    let below = if root == Path::new(".") { path } else { path.strip_prefix(root).ok()? };
    let parts = below.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("/")).filter(|name| !name.is_empty())
}

/// `path` as seen from `here`, without links and `..` in between.
fn relative(path: &Path, here: &Path) -> PathBuf {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let common = whole.components().zip(here.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().skip(common).map(|_| Component::ParentDir);
    up.chain(whole.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_or_a_folder_called_proto_tells_what_imports_are_relative_to() {
        let of = |path: &str, text: &str| root_of(Path::new(path), text);
        let text = "// package no;\nsyntax = \"proto3\";\npackage user . v1;\nmessage package {}";
        assert_eq!(of("api/user/v1/user.proto", text), PathBuf::from("api"));
        assert_eq!(of("user/v1/user.proto", text), PathBuf::from("."));
        assert_eq!(of("a/proto/x/user.proto", text), PathBuf::from("a/proto"));
        assert_eq!(of("a/x/user.proto", "message package {}"), PathBuf::from("a/x"));
    }

    #[test]
    fn a_path_is_told_as_seen_from_here() {
        let here = Path::new("/a/b/c");
        assert_eq!(relative(Path::new("/a/x/y.proto"), here), PathBuf::from("../../x/y.proto"));
        assert_eq!(relative(Path::new("/a/b/c/y.proto"), here), PathBuf::from("y.proto"));
    }
}
