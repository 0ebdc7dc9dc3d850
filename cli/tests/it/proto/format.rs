use std::io::Write as _;
use std::process::Stdio;

use crate::command::{Ran, bia, run};

use super::{folder, read};

const MESSY: &str = "syntax=\"proto3\";package a.v1; // here\nmessage A{string a=1;}\n";
const TIDY: &str =
    "syntax = \"proto3\";\n\npackage a.v1; // here\n\nmessage A {\n  string a = 1;\n}\n";

#[test]
fn protos_are_formatted_and_those_that_are_stay_untouched() {
    let folder =
        folder(&[("a/v1/a.proto", MESSY), ("a/v1/b.proto", TIDY), ("target/c.proto", "no proto")]);
    let ran = run(folder.path(), &["proto", "format"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(
        ran.err.contains("Updated a/v1/a.proto") && !ran.err.contains("b.proto"),
        "{}",
        ran.err
    );
    assert_eq!(read(folder.path(), "a/v1/a.proto"), TIDY);
    let ran = run(folder.path(), &["proto", "format"]);
    assert!(ran.err.contains("Formatted 2 files, nothing to change"), "{}", ran.err);
}

#[test]
fn a_check_names_files_and_writes_nothing() {
    let folder = folder(&[("a/v1/a.proto", MESSY), ("a/v1/b.proto", TIDY)]);
    let ran = run(folder.path(), &["proto", "format", "--check", "a"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "a/v1/a.proto\n"), "{}", ran.err);
    assert!(ran.err.contains("1 file is not formatted"), "{}", ran.err);
    let ran = run(folder.path(), &["proto", "format", "--diff", "a"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("-message A{string a=1;}\n") && ran.out.contains("+  string a = 1;"),
        "{}",
        ran.out
    );
    assert_eq!(read(folder.path(), "a/v1/a.proto"), MESSY);
}

#[test]
fn of_files_with_a_fault_none_is_written() {
    let folder =
        folder(&[("a/v1/a.proto", MESSY), ("a/v1/b.proto", "syntax = \"proto3\";\nmessage B {\n")]);
    let ran = run(folder.path(), &["proto", "format"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("hint: something is still open")
            && ran.err.contains("a/v1/b.proto:2:")
            && ran.err.contains("nothing was written"),
        "{}",
        ran.err
    );
    assert_eq!(read(folder.path(), "a/v1/a.proto"), MESSY);
    let ran = run(folder.path(), &["proto", "format", "no.proto"]);
    assert!(
        ran.code == 1 && ran.err.contains("there is no file or folder no.proto"),
        "{}",
        ran.err
    );
    std::fs::write(folder.path().join("a/v1/b.proto"), b"// \xff\n").expect("written");
    let ran = run(folder.path(), &["proto", "format"]);
    assert!(ran.err.contains("a/v1/b.proto:1:4: the file is not UTF-8"), "{}", ran.err);
}

#[test]
fn an_editor_formats_through_stdin() {
    let mut child = bia("/")
        .args(["proto", "format", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("piped").write_all(MESSY.as_bytes()).expect("written");
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, TIDY, ""));
}
