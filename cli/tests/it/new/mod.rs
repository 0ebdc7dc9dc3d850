//! From nothing to a service: what is made, that it works, and that nothing is lost on the way.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod add;
mod bad;
mod built;
mod choices;
mod golden;
mod postgres;
mod running;
mod upgrade;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::{Ran, run};

/// A folder with nothing in it.
fn empty() -> TempDir {
    TempDir::new().expect("a folder")
}

/// Runs `bia` in `folder`, where it must go well.
fn good(folder: impl AsRef<Path>, arguments: &[&str]) -> Ran {
    let ran = run(&folder, arguments);
    assert_eq!(ran.code, 0, "bia {}: {}", arguments.join(" "), ran.err);
    ran
}

fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("the workspace").canonicalize().expect("it is there")
}

/// All files below `folder`, by their paths below it, in order.
fn tree(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), files);
            } else {
                files.push(name);
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, "", &mut files);
    files.sort();
    files
}

fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
