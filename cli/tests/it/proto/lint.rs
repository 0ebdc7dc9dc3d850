use std::path::Path;

use serde_json::Value;

use crate::command::run;

use super::{folder, write};

const FAULTS: &str = "syntax = \"proto3\";\n\npackage shop;\n\nimport \"google/protobuf/empty.proto\";\n\n\
    message order_item {\n  string Sku = 1;\n}\n\nenum Color {\n  RED = 0;\n}\n";

/// Each a rule, and a text that breaks it and no other of its category.
const BROKEN: &[(&str, &str)] = &[
    ("FILE_LOWER_SNAKE_CASE", ""),
    ("PACKAGE_DIRECTORY_MATCH", "package b.v1;"),
    ("PACKAGE_VERSION_SUFFIX", "package a;"),
    ("PACKAGE_DEFINED", " "),
    ("PACKAGE_LOWER_SNAKE_CASE", "package a.B.v1;"),
    ("IMPORT_USED", "package a.v1; import \"google/protobuf/empty.proto\";"),
    ("IMPORT_NO_PUBLIC", "package a.v1; import public \"google/protobuf/empty.proto\";"),
    (
        "IMPORT_NO_WEAK",
        "package a.v1; import weak \"google/protobuf/empty.proto\"; message A { google.protobuf.Empty a = 1; }",
    ),
    (
        "CODE_GENERATES",
        "package a.v1; import \"bia/options.proto\"; message A { repeated string a = 1 [(bia.event_id) = true]; }",
    ),
    ("MESSAGE_PASCAL_CASE", "package a.v1; message a_b {}"),
    ("FIELD_LOWER_SNAKE_CASE", "package a.v1; message A { string aB = 1; }"),
    ("ONEOF_LOWER_SNAKE_CASE", "package a.v1; message A { oneof aB { string a = 1; } }"),
    ("ENUM_PASCAL_CASE", "package a.v1; enum a_b { A_B_UNSPECIFIED = 0; }"),
    ("ENUM_VALUE_UPPER_SNAKE_CASE", "package a.v1; enum A { A_UNSPECIFIED = 0; A_b = 1; }"),
    ("ENUM_VALUE_PREFIX", "package a.v1; enum A { A_UNSPECIFIED = 0; B = 1; }"),
    ("ENUM_ZERO_VALUE_SUFFIX", "package a.v1; enum A { A_NONE = 0; }"),
    (
        "ENUM_NO_ALLOW_ALIAS",
        "package a.v1; enum A { option allow_alias = true; A_UNSPECIFIED = 0; A_B = 1; A_C = 1; }",
    ),
    ("SERVICE_PASCAL_CASE", "package a.v1; service aService {}"),
    ("SERVICE_SUFFIX", "package a.v1; service A {}"),
    (
        "RPC_PASCAL_CASE",
        "package a.v1; service AService { rpc do_it(DoItRequest) returns (DoItResponse); } message DoItRequest {} message DoItResponse {}",
    ),
    (
        "RPC_REQUEST_STANDARD_NAME",
        "package a.v1; service AService { rpc Do(Thing) returns (DoResponse); } message Thing {} message DoResponse {}",
    ),
    (
        "RPC_RESPONSE_STANDARD_NAME",
        "package a.v1; service AService { rpc Do(DoRequest) returns (Thing); } message DoRequest {} message Thing {}",
    ),
    (
        "HTTP_GET_SAFE",
        "package a.v1; import \"google/api/annotations.proto\"; service AService { rpc Do(DoRequest) returns (DoResponse) { option (google.api.http) = {get: \"/v1/do\"}; } } message DoRequest {} message DoResponse {}",
    ),
    (
        "HTTP_RULES",
        "package a.v1; import \"google/api/annotations.proto\"; service AService { rpc Do(DoRequest) returns (DoResponse) { option (google.api.http) = {post: \"/v1/{nope}\"}; } } message DoRequest {} message DoResponse {}",
    ),
    (
        "METHOD_OPTIONS",
        "package a.v1; import \"bia/options.proto\"; service AService { rpc Do(DoRequest) returns (DoResponse) { option (bia.method) = {errors: \"NOPE\"}; } } message DoRequest {} message DoResponse {}",
    ),
    (
        "VALIDATION_RULES",
        "package a.v1; import \"buf/validate/validate.proto\"; message A { string a = 1 [(buf.validate.field).string = {min_len: 3, max_len: 2}]; }",
    ),
    ("RUST_NAMES", "package a.v1; message AB {} message Ab {}"),
    (
        "ERROR_CODE",
        "package a.v1; import \"bia/options.proto\"; enum AError { A_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}]; NOT_FOUND = 1; }",
    ),
    (
        "ERROR_REASON_UNIQUE",
        "package a.v1; import \"bia/options.proto\"; message A { enum AError { A_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 404}]; } } message B { enum BError { B_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 410}]; } }",
    ),
    ("COMPILES", "package a.v1; message A { Nope a = 1; }"),
    ("LINT_IGNORE", "package a.v1; // bia:lint:ignore IMPORT_USED there was one\n"),
    ("SYNTAX_SPECIFIED", "-package a.v1;"),
    (
        "FIELD_NOT_REQUIRED",
        "-syntax = \"proto2\"; package a.v1; message A { required string a = 1; }",
    ),
    (
        "ENUM_FIRST_VALUE_ZERO",
        "-syntax = \"proto2\"; package a.v1; enum A { A_B = 1; A_UNSPECIFIED = 0; }",
    ),
    (
        "STABLE_PACKAGE_NO_IMPORT_UNSTABLE",
        "package a.v1; import \"a/v1beta1/b.proto\"; message A { a.v1beta1.B b = 1; }",
    ),
    (
        "RPC_REQUEST_RESPONSE_UNIQUE",
        "package a.v1; service AService { rpc Do(DoRequest) returns (DoResponse); } service BService { rpc Do(DoRequest) returns (DoResponse); } message DoRequest {} message DoResponse {}",
    ),
    ("COMMENT_MESSAGE", "package a.v1; message A {}"),
    ("COMMENT_FIELD", "package a.v1; /* A. */ message A { string a = 1; }"),
    ("COMMENT_ENUM", "package a.v1; enum A { A_UNSPECIFIED = 0; }"),
    ("COMMENT_ENUM_VALUE", "package a.v1; /* A. */ enum A { A_UNSPECIFIED = 0; A_B = 1; }"),
    ("COMMENT_ONEOF", "package a.v1; /* A. */ message A { oneof a { /* B. */ string b = 1; } }"),
    ("COMMENT_SERVICE", "package a.v1; service AService {}"),
    (
        "COMMENT_RPC",
        "package a.v1; /* A. */ service AService { rpc Do(DoRequest) returns (DoResponse); } message DoRequest {} message DoResponse {}",
    ),
];

fn rules(ran: &crate::command::Ran) -> Vec<String> {
    let found: Value = serde_json::from_str(&ran.out).expect(&ran.err);
    let findings = found["findings"].as_array().expect("a list");
    findings.iter().map(|it| it["rule"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn each_rule_is_broken_by_what_it_is_there_for_and_left_out_by_a_comment() {
    let listed = run("/", &["proto", "lint", "--list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    for rule in listed.as_array().expect("a list") {
        let id = rule["rule"].as_str().expect("a text");
        let broken = BROKEN.iter().find(|(it, _)| *it == id).unwrap_or_else(|| panic!("{id}"));
        // What `bia explain` shows is what breaks it.
        let told = run("/", &["explain", id, "--json"]);
        let told: Value = serde_json::from_str(&told.out).expect("JSON");
        let of_lint = |it: &&Value| it["kind"] == "rule";
        let told = told["answers"].as_array().expect("a list").iter().find(of_lint).expect(id);
        let example = told["example"].as_str().expect("a text");
        let is_name = id == "FILE_LOWER_SNAKE_CASE";
        let text = format!("syntax = \"proto3\"; {}", broken.1);
        assert!(is_name || text.contains(example), "{id}: {example}");
    }
    let folder =
        folder(&[("a/v1beta1/b.proto", "syntax = \"proto3\"; package a.v1beta1; message B {}")]);
    for (rule, text) in BROKEN {
        let (path, text) = match *rule {
            "FILE_LOWER_SNAKE_CASE" => {
                ("a/v1/Upper.proto", "syntax = \"proto3\"; package a.v1;".to_owned())
            }
            _ => (
                "a/v1/a.proto",
                match text.strip_prefix('-') {
                    Some(whole) => whole.to_owned(),
                    None => format!("syntax = \"proto3\"; {text}"),
                },
            ),
        };
        write(folder.path(), path, &text);
        let uses = if rule.starts_with("COMMENT_") { *rule } else { "STANDARD,BIA" };
        let ran = run(folder.path(), &["proto", "lint", "--json", path, "--use", uses]);
        let mut found = rules(&ran);
        found.dedup();
        // A package that is called wrong is in the wrong folder, too.
        found.retain(|it| it == rule || it != "PACKAGE_DIRECTORY_MATCH");
        assert_eq!((ran.code, found), (1, vec![(*rule).to_owned()]), "{text}\n{}", ran.out);

        let ignored =
            format!("// bia:lint:ignore-file {rule},PACKAGE_DIRECTORY_MATCH because\n{text}");
        write(folder.path(), path, &ignored);
        let ran = run(folder.path(), &["proto", "lint", "--json", path, "--use", rule]);
        if *rule != "LINT_IGNORE" {
            assert_eq!((ran.code, rules(&ran)), (0, vec![]), "{rule}: {}", ran.out);
        }
        std::fs::remove_file(folder.path().join(path)).expect("removed");
    }
}

/// A proto of a package with a service that answers `GET /v1/items`.
fn items(package: &str) -> String {
    let service = "service ItemService { rpc ListItems(ListItemsRequest) returns (ListItemsResponse) {\n  option (google.api.http) = {get: \"/v1/items\"};\n  option idempotency_level = NO_SIDE_EFFECTS;\n} }";
    let messages = "message ListItemsRequest {}\nmessage ListItemsResponse {}";
    format!(
        "syntax = \"proto3\";\npackage {package};\nimport \"google/api/annotations.proto\";\n{service}\n{messages}\n"
    )
}

#[test]
fn paths_clash_only_where_one_process_answers_both() {
    let member = |folder: &Path, name: &str, protos: &str| {
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        write(folder, &format!("{name}/Cargo.toml"), &manifest);
        write(folder, &format!("{name}/src/main.rs"), "fn main() {}\n");
        let script = format!("fn main() {{ bia_codegen::compile(&[{protos}]).unwrap() }}\n");
        write(folder, &format!("{name}/build.rs"), &script);
    };
    let folder = folder(&[
        ("proto/shop/v1/shop.proto", &items("shop.v1")),
        ("proto/stock/v1/stock.proto", &items("stock.v1")),
    ]);
    let told = || {
        let ran = run(folder.path(), &["proto", "lint", "--json"]);
        let found: Value = serde_json::from_str(&ran.out).expect(&ran.err);
        let findings = found["findings"].as_array().expect("a list").iter();
        findings.map(|it| format!("{} {}", it["rule"], it["file"])).collect::<Vec<_>>()
    };
    let clash = |file: &str| vec![format!("\"HTTP_RULES\" \"{file}\"")];
    // Nobody says who answers them: each package is a service of its own.
    assert_eq!(told(), Vec::<String>::new());
    write(folder.path(), "proto/shop/v1/more.proto", &items("shop.v1").replace("Item", "More"));
    assert_eq!(told(), clash("proto/shop/v1/shop.proto"));
    std::fs::remove_file(folder.path().join("proto/shop/v1/more.proto")).expect("removed");
    // Two services of a workspace are two processes.
    write(folder.path(), "Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n");
    member(folder.path(), "a", "\"../proto/shop/v1/shop.proto\"");
    member(folder.path(), "b", "\"../proto/stock/v1/stock.proto\"");
    assert_eq!(told(), Vec::<String>::new());
    // One that compiles both may only call the other.
    member(
        folder.path(),
        "b",
        "\"../proto/stock/v1/stock.proto\", \"../proto/shop/v1/shop.proto\"",
    );
    assert_eq!(told(), Vec::<String>::new());
}

#[test]
fn findings_are_told_with_place_and_remedy() {
    let folder = folder(&[("proto/shop/shop.proto", FAULTS)]);
    let ran = run(folder.path(), &["proto", "lint"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for line in [
        "proto/shop/shop.proto:3:1: PACKAGE_VERSION_SUFFIX: the package shop does not end in a version\n",
        "  remedy: call it shop.v1, so that a v2 can stand beside it\n",
        "proto/shop/shop.proto:5:1: IMPORT_USED: nothing of google/protobuf/empty.proto is used\n",
        "proto/shop/shop.proto:7:1: MESSAGE_PASCAL_CASE: the message order_item is not called PascalCase\n",
        "  remedy: call it OrderItem, before anybody uses it\n",
        "proto/shop/shop.proto:8:3: FIELD_LOWER_SNAKE_CASE: the field Sku is not called lower_snake_case\n",
        "proto/shop/shop.proto:12:3: ENUM_VALUE_PREFIX: the value RED of the enum Color does not begin with COLOR_\n",
        "proto/shop/shop.proto:12:3: ENUM_ZERO_VALUE_SUFFIX: the value 0 of the enum Color is RED\n",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    assert!(ran.err.contains("rules are broken in 6 places of 1 file"), "{}", ran.err);
}

#[test]
fn comments_and_the_manifest_leave_rules_out() {
    let text = "syntax = \"proto3\";\n\npackage shop.v1;\n\nmessage Order {\n  // bia:lint:ignore FIELD_LOWER_SNAKE_CASE as it is called elsewhere\n  string Sku = 1;\n  string Count = 2;\n}\n";
    let manifest = "[workspace]\nmembers = []\n[workspace.metadata.bia.lint]\nexcept = [\"FIELD_LOWER_SNAKE_CASE\", \"LINT_IGNORE\"]\n";
    let folder = folder(&[("proto/shop/v1/shop.proto", text)]);
    let ran = run(folder.path(), &["proto", "lint"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("the field Count") && !ran.out.contains("the field Sku"),
        "{}",
        ran.out
    );
    write(folder.path(), "Cargo.toml", manifest);
    let ran = run(folder.path(), &["proto", "lint"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    write(folder.path(), "Cargo.toml", &manifest.replace("LINT_IGNORE", "NOPE"));
    let ran = run(folder.path(), &["proto", "lint"]);
    assert!(ran.code == 1 && ran.err.contains("names NOPE"), "{}", ran.err);
    let ran = run("/", &["proto", "lint", "--except", "NOPE"]);
    assert!(ran.code == 2 && ran.err.contains("no rule or category `NOPE`"), "{}", ran.err);
}

#[test]
fn a_file_that_is_not_protobuf_is_a_finding_and_a_missing_one_an_error() {
    let folder = folder(&[("a/v1/a.proto", "syntax = \"proto3\";\npackage a.v1;\nmessage A {\n")]);
    let ran = run(folder.path(), &["proto", "lint"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.starts_with("a/v1/a.proto:3:") && ran.out.contains(": COMPILES: "),
        "{}",
        ran.out
    );
    let ran = run(folder.path(), &["proto", "lint", "nowhere"]);
    assert!(ran.code == 1 && ran.err.contains("there is no file or folder nowhere"), "{}", ran.err);
    std::fs::remove_dir_all(folder.path().join("a")).expect("removed");
    let ran = run(folder.path(), &["proto", "lint"]);
    assert!(ran.err.contains("there is no .proto file in the current folder"), "{}", ran.err);
}

#[test]
fn the_protos_of_the_examples_break_no_rule() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ran = run(repository, &["proto", "lint", "examples/proto"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn the_list_fits_the_terminal() {
    let ran = run("/", &["proto", "lint", "--list"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    let ran = run("/", &["proto", "breaking", "--list"]);
    assert!(
        ran.code == 0 && ran.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        ran.out
    );
}
