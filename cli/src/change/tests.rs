use std::fs;

use tempfile::TempDir;

use super::*;
use crate::cli::{Colour, Talk};

fn shell() -> Shell {
    Shell::new(&Talk { quiet: true, color: Colour::Never })
}

/// All files below a folder with what they say.
fn tree(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                files.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_file_that_would_be_lost_is_told_and_nothing_is_written() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("b"), "mine").expect("a file");
    let changes = || {
        let mut changes = Changes::below(folder.path());
        changes.write("a/new", "one");
        changes.write("b", "two");
        changes
    };
    let error = changes().apply(Manner::Careful, &shell()).expect_err("it is there");
    assert!(error.to_string().contains("/b is there already"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--force")));
    assert_eq!(tree(folder.path()), [("b".to_owned(), "mine".to_owned())]);

    changes().apply(Manner::DryRun, &shell()).expect("nothing is lost by telling");
    assert_eq!(tree(folder.path()), [("b".to_owned(), "mine".to_owned())]);

    changes().apply(Manner::Force, &shell()).expect("it was asked for");
    let now = [("a/new".to_owned(), "one".to_owned()), ("b".to_owned(), "two".to_owned())];
    assert_eq!(tree(folder.path()), now);
    // Again, it is all there.
    changes().apply(Manner::Careful, &shell()).expect("it says the same");
}

#[test]
fn an_edit_of_what_has_changed_since_is_refused() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("a"), "later").expect("a file");
    let mut changes = Changes::below(folder.path());
    changes.edit("a", "earlier", "mine");
    let error = changes.apply(Manner::Force, &shell()).expect_err("it has changed");
    assert!(error.to_string().contains("changed since it was read"), "{error}");
    assert_eq!(tree(folder.path()), [("a".to_owned(), "later".to_owned())]);
}

#[test]
fn what_cannot_be_written_leaves_all_as_it_was() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("a"), "before").expect("a file");
    fs::create_dir(folder.path().join("z")).expect("a folder");
    fs::write(folder.path().join("z/in the way"), "").expect("a file");
    let mut changes = Changes::below(folder.path());
    changes.edit("a", "before", "after");
    changes.write("m/n/new", "new");
    // No folder can be where a file is.
    changes.write("z/in the way/x", "never");
    changes.apply(Manner::Careful, &shell()).expect_err("it cannot be");
    let now = [("a".to_owned(), "before".to_owned()), ("z/in the way".to_owned(), String::new())];
    assert_eq!(tree(folder.path()), now);
    assert!(!folder.path().join("m").exists(), "the folder that was made is gone again");
}

#[test]
fn a_new_folder_comes_whole_or_not_at_all() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().join("deep/er/service");
    let mut changes = Changes::below(&root);
    changes.write("src/main.rs", "fn main() {}");
    changes.write_program(".ci/run", "#!/bin/sh");
    changes.apply(Manner::Careful, &shell()).expect("there is room");
    let mode = fs::metadata(root.join(".ci/run")).expect("it is there").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o755);
    assert_eq!(tree(folder.path()).len(), 2);

    let mut changes = Changes::below(folder.path().join("other/service"));
    changes.write("a", "");
    changes.write("a/b", "never");
    changes.apply(Manner::Careful, &shell()).expect_err("it cannot be");
    assert!(!folder.path().join("other").exists());
}
