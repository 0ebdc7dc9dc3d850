//! `bia explain`: reasons of the framework and of protos, codes of gRPC, exit codes.

use std::path::Path;

use serde_json::Value;

use crate::command::run;

fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[test]
fn a_reason_of_the_framework_is_told_anywhere() {
    let ran = run("/", &["explain", "node_not_found"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in ["NODE_NOT_FOUND", "HTTP 503, gRPC UNAVAILABLE", "what to do", "bia services"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
}

#[test]
fn an_error_of_a_proto_is_told_as_the_proto_tells_it() {
    let ran = run(examples().join("user-service"), &["explain", "USER_EMAIL_TAKEN", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    let answer = &told["answers"][0];
    assert_eq!(answer["kind"], "error");
    assert_eq!(answer["of"], "user.v1.UserError");
    assert_eq!(answer["codes"][0]["http"], 409);
    assert_eq!(answer["codes"][0]["grpc"], "ALREADY_EXISTS");
    assert_eq!(answer["means"], "Another user has the address.");
    assert_eq!(answer["message"], "another user has the address {email}");
    let methods = answer["methods"].as_array().expect("methods");
    assert!(methods.contains(&"user.v1.UserService/CreateUser".into()), "{methods:?}");
}

#[test]
fn codes_are_told_by_name_and_by_number() {
    assert!(run("/", &["explain", "14"]).out.contains("UNAVAILABLE (14)"));
    assert!(run("/", &["explain", "unavailable"]).out.contains("a code of gRPC"));
    assert!(run("/", &["explain", "78"]).out.contains("settings of a service are wrong"));
    assert!(run("/", &["explain", "404"]).out.contains("PATH_UNKNOWN"));
}

#[test]
fn a_name_that_nobody_knows_is_told_with_the_nearest() {
    let ran = run(examples(), &["explain", "USER_NOTFOUND"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("did you mean USER_NOT_FOUND"), "{}", ran.err);
    let ran = run("/", &["explain", "COFFEE"]);
    assert!(ran.err.contains("--list"), "{}", ran.err);
    assert_eq!(run("/", &["explain"]).code, 2);
}

#[test]
fn every_reason_is_listed_those_of_the_project_first() {
    let ran = run(examples(), &["explain", "--list", "--json"]);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    let all = told["answers"].as_array().expect("answers");
    assert_eq!(all[0]["kind"], "error");
    assert!(all.iter().any(|it| it["name"] == "USER_SUSPENDED"));
    assert!(all.iter().any(|it| it["name"] == "VALIDATOR" && it["of"] == "framework"));
    let ran = run("/", &["explain", "--list"]);
    assert!(ran.out.starts_with("REASON"), "{}", ran.out);
    assert!(!ran.out.contains('…'), "nothing is cut where no terminal is: {}", ran.out);
}

#[test]
fn the_page_of_the_reference_is_what_the_catalogue_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/reasons.md");
    let written = std::fs::read_to_string(page).expect("the page");
    let ran = run("/", &["explain", "--markdown"]);
    assert!(ran.out == written, "docs/src/reference/reasons.md is stale: run `cargo xtask gen`");
}
