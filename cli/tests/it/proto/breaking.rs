use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::run;

use super::{folder, write};

const OLD: &str = "syntax = \"proto3\";\n\npackage shop.v1;\n\nmessage Order {\n  string sku = 1;\n  int32 count = 2;\n}\n";

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .output()
        .expect("git is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = folder(files);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-qm", "first"]);
    folder
}

#[test]
fn a_change_since_a_revision_is_told_with_its_place_and_remedy() {
    let folder = repository(&[
        ("proto/shop/v1/shop.proto", OLD),
        ("proto/shop/v1/gone.proto", "syntax = \"proto3\";\npackage shop.v1;\nmessage Gone {}\n"),
    ]);
    let ran = run(folder.path(), &["proto", "breaking", "--against", "main"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("Compatible with main: 2 files compared"), "{}", ran.err);

    let new = OLD.replace("  int32 count = 2;\n", "").replace("string sku", "\n  int64 sku");
    write(folder.path(), "proto/shop/v1/shop.proto", &new);
    std::fs::remove_file(folder.path().join("proto/shop/v1/gone.proto")).expect("removed");
    // From below, too, and by a hash.
    for (at, path, against) in
        [("", "proto/shop/v1/shop.proto", "main"), ("proto/shop", "v1/shop.proto", "HEAD")]
    {
        let ran = run(folder.path().join(at), &["proto", "breaking", "--against", against]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        for line in [
            format!("{path}:7:3: shop.v1.Order.sku: string → int64\n"),
            "  WIRE_FIELD_TYPE: a field has a type that is written in another way; ".to_owned(),
            format!(
                "{against}:proto/shop/v1/shop.proto:7:3: shop.v1.Order.count (gone): count = 2\n"
            ),
            "  remedy: reserve it: `reserved 3;`\n".to_owned(),
            format!("{against}:proto/shop/v1/gone.proto:3:1: shop.v1.Gone (gone)\n"),
        ] {
            assert!(ran.out.contains(&line), "{line}\n{}", ran.out);
        }
        let counts = format!("7 changes break who goes by {against}: 2 WIRE, 2 JSON, 3 SOURCE");
        assert!(ran.err.contains(&counts), "{}", ran.err);
    }
}

#[test]
fn categories_and_kinds_are_chosen_and_scripts_read_json() {
    let folder = repository(&[("proto/shop/v1/shop.proto", OLD)]);
    write(folder.path(), "proto/shop/v1/shop.proto", &OLD.replace("sku", "item"));
    let found = |more: &[&str]| -> (i32, Value) {
        let arguments = [&["proto", "breaking", "--against", "main", "--json"], more].concat();
        let ran = run(folder.path(), &arguments);
        (ran.code, serde_json::from_str(&ran.out).expect(&ran.err))
    };
    let (code, all) = found(&[]);
    assert_eq!((code, &all["breaking"], &all["against"]), (1, &2.into(), &"main".into()));
    let first = &all["findings"][0];
    assert_eq!(first["id"], "JSON_FIELD_NAME");
    assert_eq!(first["category"], "JSON");
    assert_eq!(first["level"], "breaks");
    assert_eq!(first["subject"], "shop.v1.Order.item");
    assert_eq!((&first["from"], &first["to"]), (&"sku".into(), &"item".into()));
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&"proto/shop/v1/shop.proto".into(), &6.into(), &3.into())
    );
    assert_eq!(first["side"], "new");
    assert_eq!(found(&["--only", "wire,http"]).0, 0);
    assert_eq!(found(&["--only", "JSON"]).1["breaking"], 1);
    assert_eq!(found(&["--except", "JSON,SOURCE_FIELD_NAME"]).0, 0);
    let ran = run(folder.path(), &["proto", "breaking", "--against", "main", "--except", "NOPE"]);
    assert!(
        ran.code == 2 && ran.err.contains("no category or kind of change `NOPE`"),
        "{}",
        ran.err
    );
    assert_eq!(run(folder.path(), &["proto", "breaking"]).code, 2);
}

#[test]
fn folders_files_and_descriptor_sets_are_compared_with() {
    let old = folder(&[
        ("old/shop/v1/shop.proto", OLD),
        ("new/shop/v1/shop.proto", &OLD.replace("int32", "bool")),
    ]);
    for against in ["old", "old/shop/v1/shop.proto", "path:old"] {
        let ran = run(
            old.path(),
            &["proto", "breaking", "new", "--against", against, "--only", "WIRE,JSON"],
        );
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.out.starts_with("new/shop/v1/shop.proto:7:3: shop.v1.Order.count: int32 → bool\n"),
            "{}",
            ran.out
        );
    }
    let pool = bia_codegen_pool(&old.path().join("old/shop/v1/shop.proto"));
    std::fs::write(old.path().join("old.bin"), pool).expect("written");
    let ran = run(old.path(), &["proto", "breaking", "new", "--against", "old.bin"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    write(old.path(), "wrong.bin", "not a set");
    let ran = run(old.path(), &["proto", "breaking", "new", "--against", "wrong.bin"]);
    assert!(
        ran.code == 1
            && ran.err.contains("wrong.bin is no descriptor set")
            && ran.err.contains("--include_imports"),
        "{}",
        ran.err
    );
}

fn bia_codegen_pool(file: &Path) -> Vec<u8> {
    bia_codegen::Compiler::new().file(file).descriptors().expect("it is right").encode_to_vec()
}

#[test]
fn what_cannot_be_compared_is_told_with_what_to_do() {
    let bare = folder(&[("proto/shop/v1/shop.proto", OLD)]);
    let local = ["--registry-path", "leases"];
    let against = |folder: &Path, against: &str| {
        let arguments = ["proto", "breaking", "--against", against];
        run(folder, &[&arguments[..], &local].concat())
    };
    let ran = against(bare.path(), "main");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("`main` is no file or folder, no revision, since the current folder is in no git repository, and no service"), "{}", ran.err);
    let ran = against(bare.path(), "git:main");
    assert!(ran.err.contains("the current folder is in no git repository"), "{}", ran.err);
    let ran = against(bare.path(), "grpc://127.0.0.1:1");
    assert!(ran.code == 1 && ran.err.contains("127.0.0.1:1"), "{}", ran.err);

    let folder = repository(&[("proto/shop/v1/shop.proto", &OLD.replace("string", "strong"))]);
    let ran = against(folder.path(), "v9");
    assert!(
        ran.err.contains("`v9` is no file or folder, no revision of this git repository"),
        "{}",
        ran.err
    );
    let ran = against(folder.path(), "git:v9");
    assert!(ran.err.contains("there is no revision `v9`"), "{}", ran.err);
    let ran = against(folder.path(), "main");
    assert!(ran.err.contains("proto/shop/v1/shop.proto:6:3"), "{}", ran.err);
    write(folder.path(), "proto/shop/v1/shop.proto", OLD);
    let ran = against(folder.path(), "main");
    assert!(
        ran.err.contains("cannot read the protos of main: main:proto/shop/v1/shop.proto:6:3"),
        "{}",
        ran.err
    );
    let ran = run(folder.path(), &["proto", "breaking", "no.proto", "--against", "main"]);
    assert!(ran.err.contains("there is no file or folder no.proto"), "{}", ran.err);
}

/// A workspace whose services share a folder of protos, each with one of them.
fn workspace() -> tempfile::TempDir {
    let of = |package: &str| OLD.replace("shop.v1", package);
    let manifest = "[package]\nname = \"NAME\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let script =
        "fn main() {\n    bia_codegen::compile(&[\"../../proto/NAME/v1/NAME.proto\"]);\n}\n";
    let mut files = vec![
        ("Cargo.toml".to_owned(), "[workspace]\nmembers = [\"services/*\"]\n".to_owned()),
        ("proto/shop/v1/gone.proto".to_owned(), of("shop.v1").replace("Order", "Gone")),
    ];
    for name in ["shop", "user"] {
        files.push((format!("proto/{name}/v1/{name}.proto"), of(&format!("{name}.v1"))));
        let member = |file: &str| format!("services/{name}/{file}");
        files.push((member("Cargo.toml"), manifest.replace("NAME", name)));
        files.push((member("build.rs"), script.replace("NAME", name)));
        files.push((member("src/main.rs"), "fn main() {}\n".to_owned()));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repository(&files)
}

#[test]
fn in_the_folder_of_a_service_nothing_of_its_neighbours_counts_as_gone() {
    let folder = workspace();
    let at = folder.path().join("services/shop");
    let judge = |against: &str| run(&at, &["proto", "breaking", "--against", against]);
    let ran = judge("HEAD");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("Compatible with HEAD: 1 file compared"), "{}", ran.err);
    // Of its own package, though, all counts.
    let ran = judge("path:../../proto");
    assert!(ran.out.contains("shop.v1.Gone (gone)"), "{}", ran.out);
    assert!(!ran.out.contains("user.v1"), "{}", ran.out);
    assert!(ran.err.contains("Passed over user.v1 of ../../proto"), "{}", ran.err);
}

#[test]
fn a_package_that_is_nowhere_any_more_is_gone_from_a_folder_too() {
    let of = |package: &str| OLD.replace("shop.v1", package);
    let folder = folder(&[
        ("old/shop/v1/shop.proto", OLD),
        ("old/user/v1/user.proto", &of("user.v1")),
        ("new/shop/v1/shop.proto", OLD),
    ]);
    let breaking = ["proto", "breaking", "new", "--against"];
    for against in ["old", "path:old"] {
        let ran = run(folder.path(), &[&breaking[..], &[against]].concat());
        assert_eq!(ran.code, 1, "{}", ran.err);
        let gone = "old/user/v1/user.proto:5:1: user.v1.Order (gone)";
        assert!(ran.out.contains(gone) && !ran.err.contains("Passed over"), "{ran:?}");
    }
    // One that lies beside what is judged is still there.
    write(folder.path(), "more/user/v1/user.proto", &of("user.v1"));
    let ran = run(folder.path(), &[&breaking[..], &["old"]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("Passed over user.v1 of old"), "{}", ran.err);
}

#[test]
fn what_the_build_script_of_the_old_revision_named_is_gone_if_it_is_no_more() {
    let folder = workspace();
    let at = folder.path().join("services/shop");
    std::fs::remove_file(folder.path().join("proto/shop/v1/shop.proto")).expect("removed");
    let script = std::fs::read_to_string(at.join("build.rs")).expect("a file");
    write(&at, "build.rs", &script.replace("shop.proto", "gone.proto"));
    let ran = run(&at, &["proto", "breaking", "--against", "HEAD"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.out.contains("HEAD:proto/shop/v1/shop.proto:5:1: shop.v1.Order (gone)"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("user.v1") && !ran.out.contains("Gone"), "{}", ran.out);
}

#[test]
fn another_package_breaks_whoever_goes_by_any_of_its_names() {
    let service = "service S { rpc Get(Order) returns (Order); }\n";
    let of = |package: &str| OLD.replace("shop.v1", package) + service;
    let folder = folder(&[
        ("old/shop/v1/shop.proto", &of("shop.v1")),
        ("new/shop/v1/shop.proto", &of("shop.v2")),
    ]);
    let judge = |more: &[&str]| {
        let breaking = ["proto", "breaking", "new", "--against", "old"];
        run(folder.path(), &[&breaking[..], more].concat())
    };
    for (category, told) in [
        ("WIRE", "WIRE_PACKAGE"),
        ("JSON", "JSON_PACKAGE"),
        ("HTTP", "POST /shop.v1.S/Get"),
        ("SOURCE", "SOURCE_PACKAGE"),
    ] {
        let ran = judge(&["--only", category]);
        assert_eq!(ran.code, 1, "{category}: {}", ran.err);
        assert!(ran.out.contains(told), "{category}: {}", ran.out);
        // Nothing is left that could be found.
        let ran = judge(&["--only", category, "--except", category]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("leave nothing to judge"), "{}", ran.err);
        assert!(ran.err.contains("hint: leave out of --except"), "{}", ran.err);
    }
}
