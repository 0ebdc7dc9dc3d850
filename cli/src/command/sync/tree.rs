//! The Rust files of a crate.

use std::path::{Path, PathBuf};

use crate::error::{About as _, Result};
use crate::paths::shown;
use crate::project::Member;
use crate::shell::Shell;
use crate::splice::{Crate, Path as ModulePath, Source, refused};

/// A crate's own text.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) own: Crate,
}

/// A file, and which module it is.
pub(crate) struct File {
    pub(crate) module: ModulePath,
    pub(crate) source: Source,
}

impl Tree {
    /// Reads all files below the crate's `src`.
    ///
    /// A file that is no Rust and speaks of none of `needed` is passed over, with a warning: it may be
    /// none of the crate's.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is no Rust and speaks of something of `needed`.
    pub(crate) fn read(member: &Member, needed: &[String], shell: &Shell) -> Result<Self> {
        let mut tree = Self { files: Vec::new(), own: Crate::new(&member.name) };
        for root in roots(member) {
            let mut paths = Vec::new();
            gather(&root, &mut paths)?;
            paths.sort();
            for path in paths {
                if tree.files.iter().any(|file| file.source.path == path) {
                    continue;
                }
                let bytes = std::fs::read(&path).about(|| format!("read {}", shown(&path)))?;
                match parse(&path, bytes) {
                    Ok(source) => {
                        let module = module(&root, &path);
                        tree.own.add(&module, &source.syntax);
                        tree.files.push(File { module, source });
                    }
                    Err((told, text)) if needed.iter().any(|name| text.contains(name)) => {
                        return Err(refused(told));
                    }
                    Err((told, _)) => shell.warn(format_args!("{told}; the file is passed over")),
                }
            }
        }
        Ok(tree)
    }
}

/// The file, or what is wrong and where, with the text as far as it is one.
fn parse(path: &Path, bytes: Vec<u8>) -> Result<Source, (String, String)> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let told = format!("{} is not UTF-8", shown(path));
        (told, String::from_utf8_lossy(error.as_bytes()).into_owned())
    })?;
    Source::parse(path, text.clone()).map_err(|broken| (broken.to_string(), text))
}

/// The folders that modules are below.
fn roots(member: &Member) -> Vec<PathBuf> {
    let mut roots = vec![member.folder.join("src")];
    for (_, main) in &member.programs {
        if let Some(folder) =
            main.parent().filter(|it| !roots.iter().any(|root| it.starts_with(root)))
        {
            roots.push(folder.to_owned());
        }
    }
    roots.retain(|root| root.is_dir());
    roots
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let about = || format!("read the folder {}", shown(folder));
    for entry in std::fs::read_dir(folder).about(about)? {
        let entry = entry.about(about)?;
        let path = entry.path();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') || name == "target" {
            continue;
        }
        // Not through links: they may lead in a circle.
        if entry.file_type().about(about)?.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|it| it == "rs") && path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

/// `src/rules/user.rs` is `rules::user`; what a program or a library begins with is the crate itself.
fn module(root: &Path, path: &Path) -> ModulePath {
    let below = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let mut parts: Vec<String> =
        below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.first().is_some_and(|it| it == "bin") {
        // A program of its own: src/bin/NAME.rs, src/bin/NAME/….
        parts.drain(..parts.len().min(2));
    }
    let is_file_of_folder = |name: &String| name == "mod" || name == "main" || name == "lib";
    if parts.last().is_some_and(is_file_of_folder) {
        parts.pop();
    }
    parts
}
