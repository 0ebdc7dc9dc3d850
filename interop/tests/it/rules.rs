//! The rules of messages, held by our generated code and by protovalidate: the same messages have to
//! have the same wrong with them, in the same words.
//!
//! Differences that are known, both where protovalidate tells no verdict at all:
//! - bytes that are not UTF-8 against a `bytes.pattern`: an error there, a violation here;
//! - times and durations that their protos do not allow (a thousand million nanoseconds): an error
//!   there, compared as they are here. They are not among the messages.

mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use bia::validate::{Validate, Violations};
use interop::api::rules::every::v1 as every;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use tokio::process::Command;

use crate::peer::{printed, program, run};

const FILE: &str = "rules/every/v1/every.proto";

/// How many messages of each type are compared.
const CASES: usize = 300;

/// What is wrong with a message: path, id and words of each rule, in any order.
type Wrong = Vec<(String, String, String)>;

fn ours<T: Message + Default + Validate>(data: &[u8]) -> Wrong {
    let mut violations = Violations::default();
    T::decode(data).unwrap().validate(&mut violations);
    let told = violations.iter().map(|violation| {
        (violation.field.clone(), violation.rule.to_string(), violation.message.to_string())
    });
    let mut told: Wrong = told.collect();
    told.sort();
    told
}

macro_rules! messages {
    ($($name:ident)*) => {
        const MESSAGES: &[(&str, fn(&[u8]) -> Wrong)] =
            &[$((concat!("rules.every.v1.", stringify!($name)), ours::<every::$name>)),*];
    };
}

messages! {
    Floats Doubles Int32s Int64s Uint32s Uint64s Sint32s Sint64s Fixed32s Fixed64s Sfixed32s Sfixed64s
    Strings Formats Blobs Bools Enums Durations Timestamps Others Outer Inner
}

/// What Python says, with paths as we write them.
fn theirs(line: &str) -> Result<Wrong, String> {
    let told: Value = serde_json::from_str(line).unwrap();
    if let Some(error) = told["error"].as_str() {
        return Err(error.to_owned());
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let violations = told["violations"].as_array().unwrap().iter();
    let violations = violations.map(|v| (path(&v[0]), text(&v[1]), text(&v[2])));
    let mut told: Wrong = violations.collect();
    told.sort();
    Ok(told)
}

fn path(elements: &Value) -> String {
    let mut path = String::new();
    for element in elements.as_array().unwrap() {
        let dot = if path.is_empty() { "" } else { "." };
        write!(path, "{dot}{}", element[0].as_str().unwrap()).unwrap();
        match &element[1] {
            Value::Null => {}
            Value::String(key) => write!(path, "[{}]", bia::__codegen::rules::Key(key)).unwrap(),
            key => write!(path, "[{key}]").unwrap(),
        }
    }
    path
}

#[tokio::test]
async fn our_rules_find_what_protovalidate_finds() {
    let Some(python) = program("our_rules_find_what_protovalidate_finds", "py-checks") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // As bytes, in which options that are extensions are not lost.
    let set = descriptors(&root.join("proto"), &root.join("../proto"));
    let pool = DescriptorPool::decode(&set[..]).unwrap();
    let descriptors = folder.path().join("descriptors");
    std::fs::write(&descriptors, set).unwrap();

    let mut random = fastrand::Rng::with_seed(7);
    let (mut cases, mut file) = (Vec::new(), Vec::new());
    for (name, ours) in MESSAGES {
        let descriptor = pool.get_message_by_name(name).unwrap();
        for _ in 0..CASES {
            let message: DynamicMessage = random::message(&mut random, &descriptor, 0);
            let data = message.encode_to_vec();
            for part in [name.as_bytes(), &data] {
                file.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
                file.extend(part);
            }
            cases.push((name, message, ours(&data)));
        }
    }
    let messages = folder.path().join("messages");
    std::fs::write(&messages, file).unwrap();
    let script = root.join("tests/python/rules.py");
    let output = run(Command::new(python).args([script.as_path(), &descriptors, &messages])).await;
    assert!(output.status.success(), "{}", printed(&output));

    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), cases.len());
    let (mut wrong, mut found, mut differ) = (0, BTreeMap::<String, usize>::new(), Vec::new());
    for ((name, message, ours), line) in cases.iter().zip(lines.lines()) {
        match theirs(line) {
            Ok(theirs) if theirs == *ours => {
                wrong += usize::from(!ours.is_empty());
                for (_, rule, _) in ours {
                    *found.entry(rule.clone()).or_default() += 1;
                }
            }
            // Where it cannot tell, see above.
            Err(error)
                if error.contains("UTF-8") && ours.iter().any(|v| v.1 == "bytes.pattern") => {}
            theirs => {
                differ.push(format!("{name} {message}\n  ours   {ours:?}\n  theirs {theirs:?}"));
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        cases.len(),
        differ[..differ.len().min(5)].join("\n")
    );
    // The comparison would be nothing if nothing were wrong, or all were.
    assert!(wrong > cases.len() / 4, "{wrong} of {} break a rule", cases.len());
    assert!(found.len() > 250, "{} rules were broken: {found:?}", found.len());
}

/// What describes the messages, and their rules.
fn descriptors(own: &Path, shared: &Path) -> Vec<u8> {
    let mut compiler = protox::Compiler::new([own, shared]).unwrap();
    compiler.include_imports(true).open_file(FILE).unwrap();
    compiler.encode_file_descriptor_set()
}
