//! `bia upgrade`: from an older template to this one.

use std::fs;
use std::path::Path;

use super::{empty, good, text};
use crate::command::run;

/// Has it that `path` was made with `new` in the place of `old`, by an older template.
fn made_differently(root: &Path, path: &str, old: &str, new: &str) {
    let file = root.join(path);
    let now = text(&file);
    assert!(now.contains(old), "{path} has no `{old}`: {now}");
    fs::write(&file, now.replacen(old, new, 1)).expect("a file");
    record(root, |files| {
        let then = now.replacen(old, new, 1);
        files.insert(path.to_owned(), then.into());
    });
}

fn record(root: &Path, change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
    whole_record(root, |whole| {
        whole["version"] = "0.0.9".into();
        change(whole["files"].as_object_mut().expect("files"));
    });
}

fn whole_record(root: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = root.join(".bia/scaffold.json");
    let mut whole: serde_json::Value = serde_json::from_str(&text(&path)).expect("JSON");
    change(&mut whole);
    fs::write(&path, whole.to_string()).expect("a file");
}

fn edit(root: &Path, path: &str, from: &str, to: &str) {
    let file = root.join(path);
    let now = text(&file);
    assert!(now.contains(from), "{path} has no `{from}`");
    fs::write(&file, now.replacen(from, to, 1)).expect("a file");
}

#[test]
fn a_project_of_this_version_has_nothing_to_change() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    let files = || [".bia/scaffold.json", "Cargo.lock"].map(|file| text(root.join(file)));
    let before = files();
    let ran = good(root.join("src"), &["upgrade"]);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("Unchanged the project is as bia"), "{}", ran.err);
    assert_eq!(files(), before);
}

#[test]
fn without_rustfmt_nothing_is_brought_out_of_its_form() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    let main = || text(root.join("src/main.rs"));
    let before = main();
    let mut upgrade = crate::command::bia(&root);
    upgrade.arg("upgrade").env("PATH", folder.path());
    let ran = crate::command::Ran::from(upgrade.output().expect("it runs"));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("rustup component add rustfmt"), "{}", ran.err);
    assert_eq!(main(), before);
}

#[test]
fn an_older_project_gets_what_is_new_and_keeps_what_is_the_user_s() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    let newest = text(root.join("README.md"));
    let readme = |it: &str| it.contains("cargo run -- --print-config");
    // Only the template changed it.
    made_differently(&root, "README.md", "cargo run -- --print-config", "cargo run -- --show");
    // Both did, in different places.
    made_differently(&root, "src/main.rs", "What the service is made of.", "The app.");
    edit(&root, "src/main.rs", "mod data;", "// mine\nmod data;");
    // The user deleted it, and the template changed it.
    made_differently(&root, "clippy.toml", "allow-panic-in-tests", "allow-panics");
    fs::remove_file(root.join("clippy.toml")).expect("it is there");
    // Only the user changed it.
    edit(&root, "configs/app.yaml", "timeout: 5s", "timeout: 7s");
    // It came with a later template, and it went.
    record(&root, |files| {
        files.remove("rustfmt.toml");
        files.insert("old.toml".to_owned(), "old".into());
        files.insert("older.toml".to_owned(), "older".into());
    });
    fs::remove_file(root.join("rustfmt.toml")).expect("it is there");
    fs::write(root.join("old.toml"), "old").expect("a file");
    fs::write(root.join("older.toml"), "changed").expect("a file");

    let before = text(root.join("README.md"));
    let dry = good(&root, &["upgrade", "--dry-run"]);
    assert!(dry.err.contains("Merged src/main.rs"), "{}", dry.err);
    assert_eq!(text(root.join("README.md")), before);

    let ran = good(&root, &["upgrade"]);
    for line in [
        "Updated README.md",
        "Merged src/main.rs",
        "Deleted clippy.toml, by you",
        "Yours configs/app.yaml",
        "New rustfmt.toml",
        "Dropped old.toml",
        "Kept older.toml",
    ] {
        assert!(ran.err.contains(line), "`{line}` is not in: {}", ran.err);
    }
    assert_eq!(text(root.join("README.md")), newest);
    assert!(readme(&newest));
    let main = text(root.join("src/main.rs"));
    assert!(main.contains("// mine\n") && main.contains("What the service is made of."), "{main}");
    assert!(!root.join("clippy.toml").exists() && !root.join("old.toml").exists());
    assert!(text(root.join("configs/app.yaml")).contains("timeout: 7s"));
    assert!(root.join("rustfmt.toml").is_file());
    assert_eq!(text(root.join("older.toml")), "changed");

    // What was settled is settled.
    let again = good(&root, &["upgrade"]);
    assert!(!again.err.contains("Updated") && !again.err.contains("New"), "{}", again.err);
}

#[test]
fn where_both_changed_the_same_lines_both_are_shown_and_the_code_is_1() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    made_differently(&root, "src/main.rs", "What the service is made of.", "The app.");
    edit(&root, "src/main.rs", "The app.", "My own app.");

    let before = text(root.join("src/main.rs"));
    let dry = run(&root, &["upgrade", "--dry-run"]);
    assert_eq!(dry.code, 1, "{}", dry.err);
    assert_eq!(text(root.join("src/main.rs")), before);

    let ran = run(&root, &["upgrade"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("Conflict src/main.rs"), "{}", ran.err);
    assert!(ran.err.contains("hint: settle what is between"), "{}", ran.err);
    let main = text(root.join("src/main.rs"));
    for part in ["<<<<<<<", "My own app.", "=======", "What the service is made of.", ">>>>>>>"] {
        assert!(main.contains(part), "{main}");
    }

    // As long as nobody has settled it, it is not as it should be.
    let ran = run(&root, &["upgrade"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("src/main.rs still has both sides"), "{}", ran.err);
    assert!(ran.err.contains("settle what is between"), "{}", ran.err);
    assert_eq!(text(root.join("src/main.rs")), main);
}

#[test]
fn the_framework_can_be_changed_with_the_templates() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    good(&root, &["upgrade", "--framework", "0.1.0"]);
    let manifest = text(root.join("Cargo.toml"));
    assert!(manifest.contains("bia = { version = \"0.1.0\""), "{manifest}");
    // And stays so.
    good(&root, &["upgrade"]);
    assert_eq!(text(root.join("Cargo.toml")), manifest);
}

#[test]
fn a_project_that_others_made_is_told() {
    let folder = empty();
    let ran = run(folder.path(), &["upgrade"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("no project that bia made") && ran.err.contains("hint"),
        "{}",
        ran.err
    );
}

#[test]
fn a_record_has_no_say_outside_of_the_project() {
    let folder = empty();
    let victim = folder.path().join("victim.txt");
    fs::write(&victim, "mine").expect("a file");
    good(folder.path(), &["new", "shop", "--workspace", "-q"]);
    let root = folder.path().join("shop");
    good(&root, &["add", "service", "user-service", "-q"]);
    let good_record = text(root.join(".bia/scaffold.json"));
    let files = |place: String| {
        move |it: &mut serde_json::Value| it["files"][place.as_str()] = "mine".into()
    };
    let service = |key: &'static str, value: String| {
        move |it: &mut serde_json::Value| it["services"][0][key] = value.into()
    };
    let absolute = victim.display().to_string();
    let evil = folder.path().join("evil");
    type Edit = Box<dyn FnOnce(&mut serde_json::Value)>;
    let edits: [(String, Edit); 6] = [
        ("../victim.txt".to_owned(), Box::new(files("../victim.txt".to_owned()))),
        ("configs/../../victim.txt".into(), Box::new(files("configs/../../victim.txt".into()))),
        (absolute.clone(), Box::new(files(absolute))),
        ("../evil".to_owned(), Box::new(service("folder", "../evil".to_owned()))),
        (evil.display().to_string(), Box::new(service("folder", evil.display().to_string()))),
        ("../../../../evil".to_owned(), Box::new(service("resource", "../../../../evil".into()))),
    ];
    for (place, edit) in edits {
        fs::write(root.join(".bia/scaffold.json"), &good_record).expect("a file");
        whole_record(&root, edit);
        let before = text(root.join(".bia/scaffold.json"));
        let ran = run(&root, &["upgrade"]);
        assert_eq!(ran.code, 1, "{place}: {}", ran.err);
        for part in [".bia/scaffold.json", place.as_str(), "not within the project", "hint: "] {
            assert!(ran.err.contains(part), "`{part}` is not in: {}", ran.err);
        }
        assert_eq!(text(&victim), "mine");
        assert!(!evil.exists(), "{place}");
        assert_eq!(text(root.join(".bia/scaffold.json")), before);
    }
}

#[test]
fn what_a_link_leads_to_outside_of_the_project_stays_as_it_is() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let root = folder.path().join("user-service");
    made_differently(&root, "configs/app.yaml", "timeout: 5s", "timeout: 7s");
    let outside = folder.path().join("outside");
    fs::rename(root.join("configs"), &outside).expect("it is there");
    std::os::unix::fs::symlink(&outside, root.join("configs")).expect("a link");
    let record = text(root.join(".bia/scaffold.json"));
    let ran = run(&root, &["upgrade"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("configs/app.yaml leads out of the project"), "{}", ran.err);
    assert!(ran.err.contains("hint: nothing was written"), "{}", ran.err);
    assert!(text(outside.join("app.yaml")).contains("timeout: 7s"));
    assert_eq!(text(root.join(".bia/scaffold.json")), record);
}

#[test]
fn a_record_of_a_newer_command_or_of_none_is_left_to_that_one() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "-q"]);
    let root = folder.path().join("shop");
    for (version, told, remedy) in [
        ("9.0.0", "is of bia 9.0.0", "`cargo install bia-cli --version 9.0.0`"),
        ("banana", "`banana`, which is none", "from the last commit"),
    ] {
        whole_record(&root, |it| it["version"] = version.into());
        let before = text(root.join(".bia/scaffold.json"));
        for arguments in [&["upgrade"][..], &["add", "service", "user-service"]] {
            let ran = run(&root, arguments);
            assert_eq!(ran.code, 1, "{}", ran.err);
            assert!(ran.err.contains(told) && ran.err.contains(remedy), "{}", ran.err);
            assert_eq!(text(root.join(".bia/scaffold.json")), before);
            assert!(!root.join("services/user-service").exists());
        }
    }
}
