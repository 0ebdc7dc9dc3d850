use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::run;
use crate::tools::tool;

use super::{EDITS, configure, whole, write};

/// What buf reads in the protos below `folder`, without comments and places.
fn image(buf: &Path, folder: &Path) -> Value {
    let mut build = Command::new(buf);
    build.current_dir(folder).args(["build", "--exclude-source-info", "-o", "-#format=json"]);
    let output = build.env("HOME", folder).output().expect("buf runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn what_is_formatted_says_the_same_to_buf_and_stays_as_it_is() {
    let test = "what_is_formatted_says_the_same_to_buf_and_stays_as_it_is";
    let Some(buf) = tool("buf", test) else { return };
    let folder = tempfile::TempDir::new().expect("a folder");
    configure(folder.path(), "edits", "");
    let edits = EDITS.iter().filter(|(name, ..)| *name != super::breaking::UNREADABLE);
    for (index, (_, old, new, _)) in edits.enumerate() {
        for (side, text) in [("old", old), ("new", new)] {
            let text = whole(text).replace("package t.", &format!("package {side}{index}."));
            write(folder.path(), &format!("edits/{side}{index}/v1/t.proto"), &text);
        }
    }
    let said = image(&buf, folder.path());
    let formatted = run(folder.path(), &["proto", "format"]);
    assert_eq!(formatted.code, 0, "{}", formatted.err);
    assert!(formatted.err.contains("Updated edits/old0/v1/t.proto"), "{}", formatted.err);
    assert!(image(&buf, folder.path()) == said, "a formatted proto says something else");
    let again = run(folder.path(), &["proto", "format", "--check"]);
    assert_eq!(again.code, 0, "{}", again.out);

    // And the other way round: what buf has formatted, we read as it was.
    let mut theirs = Command::new(&buf);
    theirs.current_dir(folder.path()).args(["format", "-w"]).env("HOME", folder.path());
    assert!(theirs.status().expect("buf runs").success());
    let formatted = run(folder.path(), &["proto", "format"]);
    assert_eq!(formatted.code, 0, "{}", formatted.err);
    assert!(image(&buf, folder.path()) == said, "a proto of buf's form says something else");
    let again = run(folder.path(), &["proto", "format", "--check"]);
    assert_eq!(again.code, 0, "{}", again.out);
}
