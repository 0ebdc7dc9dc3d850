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
fn a_rule_of_protos_is_told_with_reason_example_remedy_and_how_to_leave_it_out() {
    let ran = run("/", &["explain", "http-rules"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "HTTP_RULES  a rule of bia proto lint\n",
        "category    BIA\n",
        "why         ",
        "broken by   option (google.api.http) = {post: \"/v1/{nope}\"};",
        "what to do  change the path",
        "// bia:lint:ignore HTTP_RULES",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    // By the name that buf has for it, too.
    let ran = run("/", &["explain", "FIELD_SAME_TYPE"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "FIELD_SAME_TYPE  of buf",
        "WIRE_FIELD_TYPE  a change of bia proto breaking\n",
        "category    WIRE\n",
        "who breaks  what one side sends, the other reads wrong or not at all",
        "before      string sku = 1;\n  after       int32 sku = 1;",
        "bia proto breaking --except WIRE_FIELD_TYPE",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
}

#[test]
fn a_number_that_says_nothing_is_told_with_those_that_do() {
    for (number, hint) in [
        ("200", "an HTTP status below 400 is no failure"),
        ("599", "no such status"),
        (
            "99999",
            "codes of gRPC (0 to 16), statuses of HTTP (400 to 599) and exit codes (0, 1, 2, 78",
        ),
        ("4711", "codes of gRPC (0 to 16)"),
    ] {
        let ran = run("/", &["explain", number]);
        assert!(ran.code == 1 && ran.err.contains(hint), "{number}: {}", ran.err);
    }
}

#[test]
fn the_reference_has_every_rule_that_there_is() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/reasons.md");
    let page = std::fs::read_to_string(page).expect("the page");
    for (command, name) in [("lint", "rule"), ("breaking", "id")] {
        let listed = run("/", &["proto", command, "--list", "--json"]);
        let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
        for rule in listed.as_array().expect("a list") {
            let heading = format!("### `{}`\n", rule[name].as_str().expect("a text"));
            assert!(page.contains(&heading), "{heading}");
        }
    }
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
