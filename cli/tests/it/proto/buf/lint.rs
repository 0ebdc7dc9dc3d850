use std::collections::BTreeSet;

use serde_json::Value;

use crate::command::run;
use crate::tools::tool;

use super::rules::{BREAKING, LINT};
use super::{EDITS, configure, text, told, verdicts, whole, write};

/// Files that break every rule that is judged alike, each rule on a line of its own where it can be.
const BAD: &[(&str, &str)] = &[
    (
        "shop/BadName.proto",
        "syntax = \"proto3\";\n\npackage shop.B;\n\nimport public \"google/protobuf/empty.proto\";\n\
         import \"google/protobuf/duration.proto\";\n\nmessage order_item {\n  string Sku = 1;\n  oneof Which {\n    \
         string which = 2;\n  }\n  enum color {\n    COLOR_RED = 0;\n    COLOR_green = 1;\n  }\n}\n\nservice shop {\n  \
         rpc get_order(\n    Thing\n  ) returns (Reply);\n}\n\nmessage Thing {}\n\nmessage Reply {\n  Thing thing = 1;\n}\n",
    ),
    (
        "old.proto",
        "message Old {\n  required string a = 1;\n  optional Kind kind = 2;\n}\n\nenum Kind {\n  KIND_A = 1;\n  KIND_UNSPECIFIED = 0;\n}\n\n\
         // Two names.\nenum Alias {\n  option allow_alias = true;\n  ALIAS_UNSPECIFIED = 0;\n  ALIAS_A = 1;\n  ALIAS_B = 1;\n}\n",
    ),
    ("beta/v1beta1/b.proto", "syntax = \"proto3\";\n\npackage beta.v1beta1;\n\nmessage B {}\n"),
    (
        "stable/v1/s.proto",
        "syntax = \"proto3\";\n\npackage stable.v1;\n\nimport \"beta/v1beta1/b.proto\";\n\nmessage S {\n  beta.v1beta1.B b = 1;\n}\n",
    ),
];

/// What is found of one rule, in a file, on a line.
type Found = BTreeSet<(String, String, u64)>;

#[test]
fn rules_that_buf_has_too_are_broken_at_the_same_places() {
    let test = "rules_that_buf_has_too_are_broken_at_the_same_places";
    let Some(buf) = tool("buf", test) else { return };
    let folder = tempfile::TempDir::new().expect("a folder");
    for (path, text) in BAD {
        write(folder.path(), &format!("bad/{path}"), text);
    }
    let uses = "lint: {use: [STANDARD, COMMENTS, STABLE_PACKAGE_NO_IMPORT_UNSTABLE]}";
    configure(folder.path(), "bad", uses);
    let line = |it: &Value, name: &str| it[name].as_u64().unwrap_or(1);
    let findings = told(&buf, folder.path(), &["lint"]);
    let is_bad = |it: &&Value| text(it, "path").starts_with("bad/");
    let theirs = findings.iter().filter(is_bad);
    let theirs: Found =
        theirs.map(|it| (text(it, "type"), text(it, "path"), line(it, "start_line"))).collect();
    let uses = ["proto", "lint", "bad", "--use", "STANDARD,COMMENTS", "--json"];
    let ran = run(folder.path(), &uses);
    let ours: Value = serde_json::from_str(&ran.out).expect(&ran.err);
    let ours = ours["findings"].as_array().expect("a list").iter();
    let ours: Found =
        ours.map(|it| (text(it, "rule"), text(it, "file"), line(it, "line"))).collect();

    let all = told(&buf, folder.path(), &["config", "ls-lint-rules", "--version", "v2"]);
    let listed = run("/", &["proto", "lint", "--list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    let has = |id: &str| listed.as_array().expect("a list").iter().any(|it| it["rule"] == *id);
    let (mut unshown, mut apart) = (Vec::new(), Vec::new());
    for rule in all.iter().map(|rule| text(rule, "id")) {
        let Some(differs) = LINT.iter().find(|it| it.id == rule) else {
            assert!(has(&rule), "nothing is told of {rule}");
            let of = |found: &Found| -> Found {
                found.iter().filter(|it| it.0 == rule).cloned().collect()
            };
            if of(&ours) != of(&theirs) {
                apart.push(format!("ours {:?}\nbuf  {:?}", of(&ours), of(&theirs)));
            }
            if of(&theirs).is_empty() {
                unshown.push(rule);
            }
            continue;
        };
        assert!(!differs.but.is_empty() || !differs.here.is_empty(), "{rule}");
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
    assert!(unshown.is_empty(), "nothing breaks {unshown:?}");
}

#[test]
fn every_rule_of_buf_is_told_with_what_it_is_here() {
    let test = "every_rule_of_buf_is_told_with_what_it_is_here";
    let Some(buf) = tool("buf", test) else { return };
    let folder = tempfile::TempDir::new().expect("a folder");
    let all = told(&buf, folder.path(), &["config", "ls-breaking-rules", "--version", "v2"]);
    let all: BTreeSet<String> = all.iter().map(|rule| text(rule, "id")).collect();
    let told: BTreeSet<String> = BREAKING.iter().map(|it| it.id.to_owned()).collect();
    assert_eq!(told, all);
    let mut wrong = Vec::new();
    let edits = EDITS.iter().filter(|(name, ..)| *name != super::breaking::UNREADABLE);
    let edits: Vec<_> = edits.map(|(_, old, new, _)| (whole(old), whole(new))).collect();
    for ((old, new), verdict) in edits.iter().zip(verdicts(&buf, &edits)) {
        for rule in BREAKING.iter().filter(|it| verdict.buf.contains(it.id)) {
            let is_found = verdict.ours.iter().any(|(_, id)| rule.here.contains(&id.as_str()));
            if !rule.here.is_empty() && !is_found {
                wrong.push(format!("{}\n{old}\n{new}\n{:?}", rule.id, verdict.ours));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
