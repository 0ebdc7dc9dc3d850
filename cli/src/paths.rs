//! How a path is told to a person, and what a person says with one.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The path as whoever is in the current folder would type it: relative where it lies below that, else
/// as it is.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir();
    below(path, here.as_deref().unwrap_or_else(|_gone| Path::new(""))).display().to_string()
}

/// The whole path of the proto that `option` names.
///
/// # Errors
///
/// There is no such file.
pub(crate) fn proto_file(path: &Path, option: &str) -> Result<PathBuf> {
    let why = match path.canonicalize() {
        Ok(whole) if whole.is_dir() => format!("{} is a folder, not a proto", shown(path)),
        Ok(whole) => return Ok(whole),
        Err(cause) => format!("cannot read {}: {cause}", shown(path)),
    };
    Err(Error::new(why).with_hint(format!(
        "`{option}` takes the path of a .proto file that defines a service, from the current folder"
    )))
}

fn below<'a>(path: &'a Path, here: &Path) -> &'a Path {
    match path.strip_prefix(here) {
        // The folder itself has no shorter name that says anything, and `/` is around everything.
        Ok(below) if !below.as_os_str().is_empty() && here.parent().is_some() => below,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_where_it_lies_below_the_current_folder() {
        for (path, here, expected) in [
            ("/a/b/c.rs", "/a", "b/c.rs"),
            ("/a/b/c.rs", "/a/b", "c.rs"),
            ("/a/bc/c.rs", "/a/b", "/a/bc/c.rs"),
            ("/a/b", "/a/b", "/a/b"),
            ("/a/b", "/", "/a/b"),
            ("src/main.rs", "/a/b", "src/main.rs"),
            ("../x", "/a/b", "../x"),
        ] {
            assert_eq!(below(Path::new(path), Path::new(here)), Path::new(expected));
        }
    }
}
