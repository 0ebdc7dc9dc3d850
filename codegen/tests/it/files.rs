//! Where files are found, and what is written.

use std::fs;
use std::time::{Duration, SystemTime};

use bia_codegen::{Compiler, Model};

use super::{Protos, text};

#[test]
fn imports_are_found_beside_the_file_by_its_package() {
    let protos = Protos::new(&[
        (
            "any/name/user/v1/user.proto",
            "syntax = \"proto3\";\npackage user.v1;\nimport \"shared/v1/id.proto\";\nmessage User { shared.v1.Id id = 1; }",
        ),
        (
            "any/name/shared/v1/id.proto",
            "syntax = \"proto3\";\npackage shared.v1;\nmessage Id { string id = 1; }",
        ),
    ]);
    let files = protos.generate(&["any/name/user/v1/user.proto"]).expect("found");
    assert!(text(&files, "user.v1.rs").contains("super::super::shared::v1::Id"));
}

#[test]
fn a_model_tells_which_files_were_read_and_which_of_them_need_no_copy() {
    let protos = Protos::new(&[
        (
            "user/v1/user.proto",
            "syntax = \"proto3\";\npackage user.v1;\nimport \"shared/v1/id.proto\";\nimport \"google/api/annotations.proto\";\nimport \"google/protobuf/empty.proto\";\nmessage User { shared.v1.Id id = 1; google.protobuf.Empty e = 2; }",
        ),
        (
            "shared/v1/id.proto",
            "syntax = \"proto3\";\npackage shared.v1;\nmessage Id { string id = 1; }",
        ),
    ]);
    let path = |name: &str| protos.path(name).canonicalize().expect("it is there");
    let model = Compiler::new().file(path("user/v1/user.proto")).model().expect("right");
    let read: Vec<_> = model
        .files()
        .map(|(name, file)| (name.to_owned(), file.canonicalize().expect("it is there")))
        .collect();
    let expected = ["shared/v1/id.proto", "user/v1/user.proto"];
    assert_eq!(read, expected.map(|name| (name.to_owned(), path(name))));
    assert!(Model::carries("google/api/annotations.proto"));
    assert!(Model::carries("google/protobuf/empty.proto"));
    assert!(!Model::carries("shared/v1/id.proto"));
}

#[test]
fn imports_are_found_below_a_folder_named_proto_when_the_package_tells_nothing() {
    let protos = Protos::new(&[
        (
            "proto/x/y.proto",
            "syntax = \"proto3\";\npackage user;\nimport \"z/id.proto\";\nmessage User { Id id = 1; }",
        ),
        ("proto/z/id.proto", "syntax = \"proto3\";\npackage user;\nmessage Id { string id = 1; }"),
    ]);
    assert!(protos.generate(&["proto/x/y.proto"]).is_ok());
}

#[test]
fn imports_are_found_in_folders_that_were_given_first() {
    let protos = Protos::new(&[
        (
            "one/a.proto",
            "syntax = \"proto3\";\npackage a;\nimport \"id.proto\";\nmessage A { Id id = 1; }",
        ),
        ("two/id.proto", "syntax = \"proto3\";\npackage a;\nmessage Id { string given = 1; }"),
        ("one/id.proto", "syntax = \"proto3\";\npackage a;\nmessage Id { string beside = 1; }"),
    ]);
    let compiler = || Compiler::new().file(protos.path("one/a.proto"));
    let files = compiler().include(protos.path("two")).generate().expect("found");
    assert!(text(&files, "a.rs").contains("pub given"));
    let files = compiler().generate().expect("found");
    assert!(text(&files, "a.rs").contains("pub beside"));
}

#[test]
fn a_proto_of_the_user_s_comes_before_the_one_that_is_carried() {
    let protos = Protos::new(&[
        (
            "a.proto",
            "syntax = \"proto3\";\npackage a;\nimport \"google/rpc/status.proto\";\nmessage A { google.rpc.Status s = 1; }",
        ),
        (
            "google/rpc/status.proto",
            "syntax = \"proto3\";\npackage google.rpc;\nmessage Status { string own = 1; }",
        ),
    ]);
    let files = protos.generate(&["a.proto"]).expect("found");
    assert!(text(&files, "google.rpc.rs").contains("pub own"));
}

#[test]
fn what_has_not_changed_is_not_written_again() {
    let protos = Protos::new(&[("a.proto", "syntax = \"proto3\";\npackage a;\nmessage A {}")]);
    let out = protos.path("out");
    let compile =
        || Compiler::new().file(protos.path("a.proto")).out_dir(&out).compile().expect("right");
    compile();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let code = fs::File::options().write(true).open(out.join("a.rs")).expect("it was written");
    code.set_modified(long_ago).expect("a time");
    compile();
    assert_eq!(code.metadata().and_then(|data| data.modified()).expect("a time"), long_ago);
}

#[test]
fn what_nothing_generates_any_more_is_removed_and_the_rest_is_left() {
    let service = |package: &str| {
        format!("syntax = \"proto3\";\npackage {package};\nmessage M {{}}\nservice S {{}}")
    };
    let protos = Protos::new(&[
        ("a.proto", &service("a")),
        ("b.proto", &service("b")),
        ("out/own.rs", "// Mine."),
        ("out/own.json", "{\n  \"openapi\": \"3.1.1\"\n}"),
    ]);
    let out = protos.path("out");
    let compile = |names: &[&str]| {
        let files = names.iter().map(|name| protos.path(name));
        Compiler::new().files(files).out_dir(&out).compile().expect("right");
    };
    let there = || {
        let entries = fs::read_dir(&out).expect("the folder is there");
        let mut names: Vec<_> = entries
            .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    compile(&["a.proto", "b.proto"]);
    let of_a = ["a.S.openapi.json", "a.bin", "a.rs"];
    let of_b = ["b.S.openapi.json", "b.bin", "b.rs"];
    let always = ["bia.rs", "openapi.json", "own.json", "own.rs"];
    assert_eq!(there(), [&of_a[..], &of_b, &always].concat());
    compile(&["a.proto"]);
    assert_eq!(there(), [&of_a[..], &always].concat());
}
