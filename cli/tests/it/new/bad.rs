//! Bad input: a clear message, a hint, and nothing written or lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::{empty, good, text, tree};
use crate::command::{Ran, bia, run};

fn refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not in: {}", ran.err);
    }
}

#[test]
fn a_name_that_cannot_be_is_told_with_one_that_can() {
    let folder = empty();
    for (name, words) in [
        ("type", ["a word of Rust itself", "hint: say more of what it does"]),
        ("tokio", ["another `tokio`", "hint"]),
        ("7up", ["begins with a digit", "hint: put a word in front"]),
        ("UserService", ["small letters", "`user-service`"]),
        ("größe", ["small letters", "hint"]),
        ("..", ["does not end in a name", "hint"]),
        ("", ["it is empty", "hint: name it after what it does: `user-service`"]),
    ] {
        refused(&run(folder.path(), &["new", name]), 2, &words);
    }
    let long = "a".repeat(64);
    refused(&run(folder.path(), &["new", &long]), 2, &["too long", "63"]);
    refused(&run(folder.path(), &["new"]), 2, &["not said what to make", "bia new user-service"]);
    refused(
        &run(folder.path(), &["new", "user-service", "--resource", "result"]),
        2,
        &["another `result`", "hint"],
    );
    assert_eq!(tree(folder.path()), [""; 0]);
}

#[test]
fn a_service_to_begin_a_workspace_with_needs_one() {
    let folder = empty();
    let ran = run(folder.path(), &["new", "mall", "--service", "stock-service"]);
    let hint = "`bia new mall --workspace --service stock-service`";
    refused(&ran, 2, &["`--service` is what a workspace begins with", hint]);
    assert_eq!(tree(folder.path()), [""; 0]);
}

#[test]
fn a_file_in_the_way_of_a_folder_is_told_as_that() {
    let folder = empty();
    fs::write(folder.path().join("notes"), "mine").expect("a file");
    let ran = run(folder.path(), &["new", "notes/user-service"]);
    refused(&ran, 1, &["cannot make the folder notes/user-service: notes is a file", "hint"]);
    assert!(!ran.err.contains("there already") && !ran.err.contains("--force"), "{}", ran.err);
}

#[test]
fn what_is_around_a_new_service_is_called_what_it_is() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let ran = good(folder.path().join("user-service"), &["new", "order-service", "--dry-run"]);
    assert!(ran.err.contains("user-service is one service by itself"), "{}", ran.err);
    assert!(!ran.err.contains("workspace"), "{}", ran.err);
    good(folder.path(), &["new", "shop", "--workspace", "-q"]);
    let ran = good(folder.path().join("shop"), &["new", "order-service", "--dry-run"]);
    assert!(ran.err.contains("shop is a workspace: `bia add service`"), "{}", ran.err);
}

#[test]
fn a_folder_that_is_there_is_not_written_into_unless_it_is_forced() {
    let folder = empty();
    let own = folder.path().join("user-service/src/main.rs");
    fs::create_dir_all(own.parent().expect("a folder")).expect("a folder");
    fs::write(&own, "mine").expect("a file");
    let ran = run(folder.path(), &["new", "user-service"]);
    refused(&ran, 1, &["user-service is there already; nothing was written", "--force"]);
    assert_eq!(tree(folder.path()), ["user-service/src/main.rs"]);
    assert_eq!(text(&own), "mine");

    let dry = good(folder.path(), &["new", "user-service", "--dry-run"]);
    assert!(dry.err.contains("Would update user-service/src/main.rs"), "{}", dry.err);
    assert_eq!(text(&own), "mine");
    good(folder.path(), &["new", "user-service", "--force"]);
    assert!(text(&own).contains("fn main"));
}

#[test]
fn an_empty_folder_is_as_good_as_none() {
    let folder = empty();
    fs::create_dir(folder.path().join("user-service")).expect("a folder");
    good(folder.path(), &["new", "user-service", "-q"]);
}

#[test]
fn a_proto_with_errors_is_told_with_its_place_and_makes_nothing() {
    let folder = empty();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file");
    };
    write("wrong.proto", "syntax = \"proto3\";\npackage a.v1;\nmessage A { Nothing b = 1; }\n");
    write("no.proto", "syntax = \"proto3\";\npackage a.v1;\nmessage A {}\n");
    let from = |file: &str| run(folder.path(), &["new", "a-service", "--from", file]);
    refused(&from("wrong.proto"), 1, &["wrong.proto:3:", "Nothing"]);
    refused(&from("no.proto"), 1, &["defines no service", "hint"]);
    let takes = "hint: `--from` takes the path of a .proto file";
    refused(&from("missing.proto"), 1, &["cannot read missing.proto: ", takes]);
    refused(&from("."), 1, &[". is a folder, not a proto", takes]);
    write(
        "lost.proto",
        "syntax = \"proto3\";\npackage a.v1;\nimport \"b/b.proto\";\nservice A {}\n",
    );
    let ran = from("lost.proto");
    refused(
        &ran,
        1,
        &[
            "error: lost.proto:3:1: import 'b/b.proto' not found",
            "hint: imports are",
            "put it there",
        ],
    );
    assert!(!ran.err.contains("help:") && !ran.err.contains("crate's"), "{}", ran.err);
    assert_eq!(tree(folder.path()), ["lost.proto", "no.proto", "wrong.proto"]);
}

#[test]
fn a_framework_that_is_not_there_is_told() {
    let folder = empty();
    let ran = run(folder.path(), &["new", "user-service", "--framework", "nowhere"]);
    refused(&ran, 2, &["`nowhere` is neither a version nor a folder", "hint"]);
    let ran = run(folder.path(), &["new", "user-service", "--framework", "9.9.9"]);
    let remedy = "`cargo install bia-cli --version 9.9.9`";
    refused(&ran, 2, &["are for bia 0.1.0, which `9.9.9` is not", "--framework 0.1.0", remedy]);
    assert_eq!(tree(folder.path()), [""; 0]);
    good(folder.path(), &["new", "user-service", "--framework", "0.1.0", "-q"]);
    let manifest = text(folder.path().join("user-service/Cargo.toml"));
    assert!(
        manifest.contains("bia-codegen = { version = \"0.1.0\" }")
            || manifest.contains("bia-codegen = \"0.1.0\""),
        "{manifest}"
    );
}

#[test]
fn without_permission_it_says_so_and_leaves_nothing() {
    let folder = empty();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("a folder");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("it is mine");
    let place = locked.join("user-service").display().to_string();
    let ran: Ran = if fs::write(locked.join("probe"), "").is_ok() {
        // Root may write anywhere; somebody else runs it then.
        fs::remove_file(locked.join("probe")).expect("it is there");
        let Some(mut nobody) = as_nobody(folder.path()) else {
            eprintln!("SKIPPED without_permission_it_says_so_and_leaves_nothing: no setpriv");
            return;
        };
        nobody.args(["new", &place]).output().expect("it runs").into()
    } else {
        run(folder.path(), &["new", &place])
    };
    refused(&ran, 1, &["cannot make the folder", "locked/user-service: Permission denied", "hint"]);
    told_once(&ran);
    assert_eq!(tree(&locked), [""; 0]);
}

/// The place and the reason come once, and nothing of how files are written.
fn told_once(ran: &Ran) {
    assert!(!ran.err.contains(".bia-unfinished"), "{}", ran.err);
    assert_eq!(ran.err.matches("os error").count(), 1, "{}", ran.err);
}

/// The command as a user that owns nothing.
fn as_nobody(folder: &std::path::Path) -> Option<Command> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).ok()?;
    let copy = folder.join("bia");
    fs::copy(env!("CARGO_BIN_EXE_bia"), &copy).ok()?;
    let tried = Command::new("setpriv").arg("--version").output();
    tried.ok()?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
    command.current_dir(folder);
    Some(command)
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    const TEST: &str = "a_full_disk_leaves_what_was_there";
    let folder = empty();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&disk)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("SKIPPED {TEST}: a small file system cannot be mounted; it takes root");
        return;
    }
    let ran = run(&disk, &["new", "user-service"]);
    let left = tree(&disk);
    let unmounted = Command::new("umount").arg(&disk).status().expect("it runs");
    assert!(unmounted.success());
    refused(
        &ran,
        1,
        &["cannot write user-service/", "No space left", "hint: nothing was written: make room"],
    );
    told_once(&ran);
    assert_eq!(left, [""; 0]);
}

#[test]
fn ctrl_c_leaves_all_or_nothing() {
    // However far it is when it comes: the folder is there whole, or not at all.
    let folder = empty();
    let whole = {
        good(folder.path(), &["new", "whole", "-q"]);
        tree(&folder.path().join("whole")).len()
    };
    for round in 0..12_u64 {
        let name = format!("round-{}", char::from(b'a' + u8::try_from(round).expect("small")));
        let mut child = bia(folder.path()).args(["new", &name, "-q"]).spawn().expect("it runs");
        // sleeps: this is the person who presses Ctrl-C, each time at another moment
        let wait = std::time::Duration::from_millis(round * 15);
        let until = std::time::SystemTime::now() + wait;
        while std::time::SystemTime::now() < until {
            std::thread::yield_now();
        }
        // It may have ended by now.
        drop(Command::new("kill").args(["-INT", &child.id().to_string()]).output());
        child.wait().expect("it ends");
        let made = folder.path().join(&name);
        if made.exists() {
            assert_eq!(tree(&made).len(), whole, "{name} is not whole");
        }
        let left = fs::read_dir(folder.path()).expect("a folder").flatten();
        let strays: Vec<_> = left
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .filter(|it| it.starts_with('.'))
            .collect();
        assert_eq!(strays, [""; 0]);
    }
}
