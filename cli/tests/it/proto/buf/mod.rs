//! buf's judgement beside ours; `cargo xtask servers install validators` has buf.

mod breaking;
mod format;
mod lint;
#[path = "../../../../src/command/proto/breaking/compare/tests/matrix.rs"]
mod matrix;
mod random;
#[path = "../../../../src/command/proto/buf.rs"]
mod rules;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::run;

use super::write;
use matrix::{EDITS, whole};

/// What both find in an edit.
#[derive(Clone, Debug, Default)]
struct Verdict {
    /// Rules of buf.
    buf: BTreeSet<String>,
    /// Kinds of change, by category.
    ours: BTreeSet<(String, String)>,
}

/// What both find in each of `edits`, which are old and new texts of a file of the package `t`: all of
/// them stand beside each other, each with a package of its own, so that each side is asked once.
fn verdicts(buf: &Path, edits: &[(String, String)]) -> Vec<Verdict> {
    let folder = TempDir::new().expect("a folder");
    let place = |index: usize| format!("edit{index}/v1/t.proto");
    for (index, (old, new)) in edits.iter().enumerate() {
        for (side, text) in [("old", old), ("new", new)] {
            let text = text.replace("package t.", &format!("package edit{index}."));
            write(folder.path(), &format!("{side}/edits/{}", place(index)), &text);
        }
    }
    for side in ["old", "new"] {
        configure(
            &folder.path().join(side),
            "edits",
            "breaking: {use: [WIRE, WIRE_JSON, PACKAGE, FILE]}",
        );
    }
    let mut found = vec![Verdict::default(); edits.len()];
    let of = |file: &str| (0..edits.len()).find(|index| file.ends_with(&place(*index)));
    for finding in told(buf, folder.path(), &["breaking", "new", "--against", "old"]) {
        let rule = text(&finding, "type");
        assert_ne!(rule, "COMPILE", "{finding}");
        if is_of_entries(&rule, &text(&finding, "message")) {
            continue;
        }
        match finding["path"].as_str().and_then(of) {
            Some(index) => found[index].buf.extend([rule]),
            // Of a package as a whole, beside what is told of its files.
            None => assert!(rule.starts_with("PACKAGE_"), "{finding}"),
        }
    }
    let against = ["proto", "breaking", "new/edits", "--against", "old/edits", "--json"];
    let ran = run(folder.path(), &against);
    let ours: Value = serde_json::from_str(&ran.out).expect(&ran.err);
    for finding in ours["findings"].as_array().expect("a list") {
        let index = of(&text(finding, "file")).expect("it is of an edit");
        found[index].ours.insert((text(finding, "category"), text(finding, "id")));
    }
    found
}

/// Whether buf speaks of the entries of a map as if they were a message that somebody wrote. They are called
/// after the field, so that a field that is renamed has another type for it; on the wire it has not, and of
/// JSON it tells besides.
fn is_of_entries(rule: &str, message: &str) -> bool {
    let types = message.split_once("changed type from").map(|(_, types)| types.split(" to "));
    match rule {
        "MESSAGE_NO_DELETE" | "PACKAGE_MESSAGE_NO_DELETE" => message.contains("Entry\""),
        "FIELD_SAME_TYPE" | "FIELD_WIRE_COMPATIBLE_TYPE" | "FIELD_WIRE_JSON_COMPATIBLE_TYPE" => {
            types.is_some_and(|mut types| types.all(|it| it.contains("Entry\"")))
        }
        _ => false,
    }
}

/// Makes `folder` a workspace of buf: its protos are below `module`, those that the generator carries beside it.
fn configure(folder: &Path, module: &str, rules: &str) {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let config =
        format!("version: v2\nmodules: [{{path: {module}}}, {{path: carried}}]\n{rules}\n");
    write(folder, "buf.yaml", &config);
    for file in [
        "bia/options.proto",
        "buf/validate/validate.proto",
        "google/api/annotations.proto",
        "google/api/http.proto",
        "google/rpc/code.proto",
    ] {
        let text = std::fs::read_to_string(carried.join(file)).expect(file);
        write(folder, &format!("carried/{file}"), &text);
    }
}

/// The lines of JSON that buf tells.
fn told(buf: &Path, folder: &Path, arguments: &[&str]) -> Vec<Value> {
    const FINDINGS: i32 = 100;
    let mut command = Command::new(buf);
    command.current_dir(folder).args(arguments);
    let format = if arguments.contains(&"config") { "--format" } else { "--error-format" };
    // Its cache and its settings are those of nobody.
    let output = command.args([format, "json"]).env("HOME", folder).output().expect("buf runs");
    let err = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(FINDINGS), "buf {arguments:?}: {err}");
    let out = String::from_utf8(output.stdout).expect("a text");
    out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().expect(name).to_owned()
}
