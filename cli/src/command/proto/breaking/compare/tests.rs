use std::collections::BTreeSet;
use std::path::Path;

use prost_reflect::prost::Message as _;

use crate::command::proto::breaking::change::{self, Category};
use crate::command::proto::breaking::side::{Part, Side};
use crate::protofile::Wanted;

use super::{Finding, compare};

mod matrix;

/// The whole text of a file of which only the interesting part is written.
fn whole(text: &str) -> String {
    if text.starts_with("syntax") {
        return text.to_owned();
    }
    let imports = [
        ("google.api.", "google/api/annotations.proto"),
        ("buf.validate.", "buf/validate/validate.proto"),
        ("(bia.", "bia/options.proto"),
        ("google.protobuf.Timestamp", "google/protobuf/timestamp.proto"),
        ("google.protobuf.Duration", "google/protobuf/duration.proto"),
    ];
    let imports = imports.iter().filter(|(word, _)| text.contains(word));
    let imports: String = imports.map(|(_, file)| format!("import \"{file}\";\n")).collect();
    format!("syntax = \"proto3\";\npackage t.v1;\n{imports}{text}\n")
}

fn side(text: &str) -> Side {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("t/v1/t.proto");
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
    std::fs::write(&file, whole(text)).expect("written");
    let wanted = Wanted { files: vec![file], includes: Vec::new() };
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

/// The rules of `buf breaking` in its categories `WIRE` and `WIRE_JSON`, and an edit of the matrix that breaks
/// each: none of them passes here.
#[test]
fn nothing_passes_that_buf_breaking_refuses_on_the_wire_or_in_json() {
    // Those of WIRE_JSON alone; all others are of WIRE as well.
    const OF_JSON: [&str; 9] = [
        "ENUM_SAME_JSON_FORMAT",
        "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
        "ENUM_VALUE_SAME_NAME",
        "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
        "FIELD_SAME_JSON_NAME",
        "FIELD_SAME_NAME",
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        "MESSAGE_SAME_JSON_FORMAT",
    ];
    let table = [
        ("ENUM_SAME_JSON_FORMAT", "syntax changed"),
        ("ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED", "enum value removed, number reserved"),
        ("ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", "enum value removed, name reserved"),
        ("ENUM_VALUE_SAME_NAME", "enum value renamed"),
        ("FIELD_NO_DELETE_UNLESS_NAME_RESERVED", "field removed, number reserved"),
        ("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", "field removed, name reserved"),
        ("FIELD_SAME_DEFAULT", "default changed"),
        ("FIELD_SAME_JSON_NAME", "json_name changed"),
        ("FIELD_SAME_NAME", "field renamed, json_name kept"),
        ("FIELD_SAME_ONEOF", "field moved into a oneof"),
        ("FIELD_SAME_ONEOF", "field moved out of a oneof"),
        ("FIELD_SAME_ONEOF", "field moved to another oneof"),
        ("FIELD_WIRE_COMPATIBLE_CARDINALITY", "field became a list"),
        ("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", "map became a list of entries"),
        ("FIELD_WIRE_COMPATIBLE_TYPE", "int32 to string"),
        ("FIELD_WIRE_COMPATIBLE_TYPE", "bytes to string"),
        ("FIELD_WIRE_COMPATIBLE_TYPE", "enum to int32"),
        ("FIELD_WIRE_COMPATIBLE_TYPE", "enum to another enum"),
        ("FIELD_WIRE_COMPATIBLE_TYPE", "message to another message"),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", "int32 to int64"),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", "bool to int32"),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", "string to bytes"),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", "int32 to sint32"),
        ("FILE_SAME_PACKAGE", "package changed"),
        ("MESSAGE_SAME_JSON_FORMAT", "syntax changed"),
        ("MESSAGE_SAME_MESSAGE_SET_WIRE_FORMAT", "message set"),
        ("MESSAGE_SAME_REQUIRED_FIELDS", "required added"),
        ("MESSAGE_SAME_REQUIRED_FIELDS", "required removed"),
        ("MESSAGE_SAME_REQUIRED_FIELDS", "optional became required"),
        ("RESERVED_ENUM_NO_DELETE", "enum number reserved no more"),
        ("RESERVED_MESSAGE_NO_DELETE", "number reserved no more"),
        ("RESERVED_MESSAGE_NO_DELETE", "name reserved no more"),
        ("RPC_SAME_CLIENT_STREAMING", "client stream"),
        ("RPC_SAME_IDEMPOTENCY_LEVEL", "idempotency stronger"),
        ("RPC_SAME_REQUEST_TYPE", "request type"),
        ("RPC_SAME_RESPONSE_TYPE", "response type"),
        ("RPC_SAME_SERVER_STREAMING", "server stream"),
    ];
    for (rule, name) in table {
        let edit = matrix::EDITS.iter().find(|(it, ..)| *it == name);
        let (_, old, new, _) = edit.unwrap_or_else(|| panic!("{rule}: no edit is called {name}"));
        let found = findings(old, new);
        let is_judged = found.iter().any(|it| match it.change.category {
            Category::Wire => true,
            Category::Json => OF_JSON.contains(&rule),
            _ => false,
        });
        assert!(is_judged, "{rule}: {name} passes");
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
