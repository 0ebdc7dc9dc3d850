use std::collections::BTreeSet;
use std::path::Path;

use prost_reflect::prost::Message as _;

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::example::EXAMPLES;
use crate::command::proto::breaking::side::{Part, Side};
use crate::protofile::Wanted;

use super::{Finding, compare};

use matrix::whole;

mod matrix;

fn side(text: &str) -> Side {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("t/v1/t.proto");
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
    std::fs::write(&file, whole(text)).expect("written");
    let wanted = Wanted { files: vec![file], ..Wanted::default() };
    let parts = wanted.groups().expect("read").into_iter().map(|group| {
        let mut part = Part::read(&group, |path| {
            let below = Path::new(path).strip_prefix(folder.path());
            below.map_or_else(|_| path.to_owned(), |path| path.display().to_string())
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", whole(text)));
        part.root = None;
        part
    });
    Side { parts: parts.collect() }
}

fn findings(old: &str, new: &str) -> Vec<Finding> {
    compare(&side(old), &side(new))
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    let ids: BTreeSet<&str> = findings.iter().map(|it| it.change.id).collect();
    ids.into_iter().collect()
}

#[test]
fn every_edit_of_the_matrix_is_judged_as_it_must_be_and_no_edit_breaks_nobody() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, old, new, expected) in matrix::EDITS {
        let (was, is) = (side(old), side(new));
        assert_eq!((compare(&was, &was), compare(&is, &is)), (vec![], vec![]), "{name}");
        let found = ids(&compare(&was, &is));
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let expected: Vec<&str> = expected.into_iter().collect();
        if found != expected {
            wrong.push(format!("{name}\n  expected {expected:?}\n  found    {found:?}"));
        }
        seen.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(matrix::EDITS.len() >= 60, "{}", matrix::EDITS.len());
    let unseen: Vec<&str> =
        change::ALL.iter().map(|it| it.id).filter(|id| !seen.contains(id)).collect();
    assert!(unseen.is_empty(), "no edit shows {unseen:?}");
}

/// The file that an example is of.
fn around(example: &str, is_old_syntax: bool) -> String {
    let types =
        "message A { string id = 1; string name = 2; B b = 3; } message B { string x = 1; }";
    let body = match example.split_whitespace().next().unwrap_or_default() {
        "syntax" => {
            return format!("{example} package t.v1; message A {{ repeated int32 a = 1; }}");
        }
        "package" => return format!("syntax = \"proto3\"; {example} message A {{}}"),
        "rpc" => format!("service S {{ {example} }} {types}"),
        "" | "service" => format!("{example} {types}"),
        "message" | "enum" => {
            let is_answered = example.contains("message Reply");
            let asks = "message N {} service S { rpc M(N) returns (stream Reply); }";
            format!("{example} {}", if is_answered { asks } else { types })
        }
        _ => format!("message A {{ {example} }}"),
    };
    match is_old_syntax {
        true => format!("syntax = \"proto2\"; package t.v1; {body}"),
        false => body,
    }
}

#[test]
fn the_example_of_each_kind_is_of_that_kind() {
    for (id, before, after) in EXAMPLES {
        let words = ["required int32", "[default", "extensions"];
        let is_old = words.iter().any(|word| before.contains(word) || after.contains(word));
        let found = findings(&around(before, is_old), &around(after, is_old));
        assert!(ids(&found).contains(id), "{id}: {:?}", ids(&found));
    }
}

#[test]
fn a_finding_tells_where_it_is_now_or_was() {
    let found = findings(
        "message A {\n  string a = 1;\n  string b = 2;\n}",
        "message A {\n\n  int32 a = 1;\n  reserved 2;\n  reserved \"b\";\n}",
    );
    let places: Vec<_> =
        found.iter().map(|it| (it.change.id, it.place.position, it.is_gone)).collect();
    assert_eq!(
        places,
        [
            ("WIRE_FIELD_TYPE", Some((5, 3)), false),
            ("JSON_FIELD_TYPE", Some((5, 3)), false),
            ("SOURCE_FIELD_TYPE", Some((5, 3)), false),
            ("SOURCE_FIELD_REMOVED", Some((5, 3)), true),
        ]
    );
    assert!(found.iter().all(|it| it.place.file == "t/v1/t.proto"));
    assert_eq!((found[0].from.as_deref(), found[0].to.as_deref()), (Some("string"), Some("int32")));
}

#[test]
fn a_descriptor_set_is_as_good_as_files() {
    let set = |text: &str| {
        let side = side(text);
        let mut files = prost_reflect::prost_types::FileDescriptorSet::default();
        files.file.extend(side.parts[0].pool.file_descriptor_protos().cloned());
        let pool = prost_reflect::DescriptorPool::decode(files.encode_to_vec().as_slice());
        Side { parts: vec![Part::of_pool(pool.expect("it is whole"), "set.bin")] }
    };
    let (old, new) = ("message A { string a = 1; }", "message A { int32 a = 1; }");
    let found = compare(&set(old), &side(new));
    assert_eq!(ids(&found), ["JSON_FIELD_TYPE", "SOURCE_FIELD_TYPE", "WIRE_FIELD_TYPE"]);
    let found = compare(&side(old), &set("syntax = \"proto3\"; package t.v1;"));
    assert_eq!(ids(&found), ["SOURCE_MESSAGE_REMOVED"]);
}
