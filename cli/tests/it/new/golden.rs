//! What is made, to the letter: in `tests/golden`, one file whole and the others by how they differ.
//!
//! After a change to a template: `BIA_GOLDEN=write cargo nextest run -p bia-cli golden`, and read the
//! difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::{empty, good, repository, text, tree};

/// What is made anew each time, and tells nothing to who reads it.
const UNREAD: [&str; 2] = ["Cargo.lock", ".bia/scaffold.json"];

fn made(arguments: &[&[&str]]) -> BTreeMap<String, String> {
    let folder = empty();
    let [first, more @ ..] = arguments else { panic!("nothing is made") };
    let new = [&["new"], *first].concat();
    good(folder.path(), &new);
    let name = tree(folder.path()).first().and_then(|it| it.split('/').next()).map(str::to_owned);
    let root = folder.path().join(name.expect("something was made"));
    for add in more {
        good(&root, &[&["add"], *add].concat());
    }
    let here = repository().display().to_string();
    let read = |path: String| {
        let text = text(root.join(&path)).replace(&here, "{checkout}");
        let text = if UNREAD.contains(&path.as_str()) { String::new() } else { text };
        (path, text)
    };
    tree(&root).into_iter().map(read).collect()
}

fn whole(files: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (path, text) in files {
        write!(out, "==== {path}\n{text}").expect("a string");
    }
    out
}

/// How `files` differ from `from`; a file that is as there is only named. Those of a service in a
/// workspace differ from those of one by itself.
fn difference(from: &BTreeMap<String, String>, files: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (path, text) in files {
        let alone = path.strip_prefix("services/").and_then(|path| path.split_once('/'));
        match from.get(path).or_else(|| from.get(alone?.1)) {
            Some(there) if there == text => writeln!(out, "==== {path}: the same"),
            Some(there) => {
                let patch = diffy::create_patch(there, text).to_string();
                let lines = patch.lines().skip(2).collect::<Vec<_>>().join("\n");
                writeln!(out, "==== {path}: differs\n{lines}")
            }
            None => writeln!(out, "==== {path}: new\n{text}"),
        }
        .expect("a string");
    }
    for path in from.keys().filter(|path| !files.contains_key(*path)) {
        writeln!(out, "==== {path}: not there").expect("a string");
    }
    out
}

fn check(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BIA_GOLDEN").is_some_and(|it| it == "write") {
        std::fs::write(&path, now).expect("it can be written");
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    let patch = diffy::create_patch(&then, now);
    assert!(
        then == now,
        "{name} is not what is made now; if it should be: BIA_GOLDEN=write\n{patch}"
    );
}

fn default() -> BTreeMap<String, String> {
    made(&[&["user-service"]])
}

#[test]
fn a_service_is_made_to_the_letter() {
    check("service.txt", &whole(&default()));
}

#[test]
fn each_choice_changes_what_it_says_and_nothing_else() {
    let from = default();
    for (name, arguments) in [
        (
            "grpc-none.txt",
            &[
                "user-service",
                "--faces",
                "grpc",
                "--database",
                "none",
                "--registry",
                "none",
                "--port",
                "9000",
            ][..],
        ),
        (
            "postgres-consul.txt",
            &["user-service", "--database", "postgres", "--registry", "consul"],
        ),
    ] {
        check(name, &difference(&from, &made(&[arguments])));
    }
}

#[test]
fn what_is_kept_can_have_a_name_of_its_own() {
    let files = made(&[&["warehouse", "--resource", "storage-box"]]);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert!(names.contains(&"src/data/storage_boxes.rs"), "{names:?}");
    assert!(names.contains(&"proto/warehouse/v1/warehouse.proto"), "{names:?}");
    let all = whole(&files);
    for word in ["gadget", "Gadget", "GADGET", "sample", "Sample", "// @", "//|", "# @", "-- @"] {
        assert!(!all.contains(word), "{word} is left in\n{all}");
    }
    assert!(all.contains("rpc CreateStorageBox(CreateStorageBoxRequest) returns (StorageBox)"));
    assert!(all.contains("get: \"/v1/storage_boxes/{id}\""));
}

#[test]
fn a_definition_makes_a_service_of_methods_to_be_written() {
    let proto = repository().join("examples/proto/user/v1/user.proto");
    let proto_text = text(&proto);
    let mut files = made(&[&["user-service", "--from", &proto.display().to_string()]]);
    let copied = files.insert("proto/user/v1/user.proto".to_owned(), String::new());
    assert_eq!(copied, Some(proto_text));
    check("from.txt", &difference(&default(), &files));
}

#[test]
fn a_workspace_has_protos_and_services_and_each_its_ports() {
    let mut files = made(&[
        &["shop", "--workspace", "--service", "user-service"],
        &["service", "order-service"],
    ]);
    // It is as the other, but for its name.
    files.retain(|path, _| {
        !path.starts_with("services/order-service/src/") && !path.starts_with("proto/order/")
    });
    check("workspace.txt", &difference(&default(), &files));
}

#[test]
fn the_lock_file_is_what_cargo_would_write() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    good(folder.path(), &["new", "shop", "--workspace", "--service", "stock-service", "-q"]);
    let shop = folder.path().join("shop");
    good(&shop, &["add", "service", "mail-service", "--database", "postgres", "-q"]);
    good(&shop, &["add", "job", "tidy-up", "--service", "mail-service", "-q"]);
    for root in [folder.path().join("user-service"), shop] {
        let mut cargo = std::process::Command::new("cargo");
        cargo.args(["metadata", "--locked", "--offline", "--format-version", "1"]);
        let output = cargo.current_dir(&root).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", root.display());
    }
}
