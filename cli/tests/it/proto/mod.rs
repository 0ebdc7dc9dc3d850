//! `bia proto`: what people see of it.
#![expect(clippy::expect_used, reason = "helpers of a test")]

mod add;
mod breaking;
mod buf;
mod format;
mod lint;
mod running;

use std::path::Path;

use tempfile::TempDir;

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

pub(crate) fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
    std::fs::write(path, text).expect("written");
}

pub(crate) fn read(folder: &Path, path: &str) -> String {
    std::fs::read_to_string(folder.join(path)).expect(path)
}
