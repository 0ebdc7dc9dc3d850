//! No input makes the generator panic: it answers with code or with an error.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection, sample};

use super::Protos;

/// Pieces of protos, in any order: most are refused, some are odd and right.
const WORDS: &[&str] = &[
    "syntax",
    "=",
    "\"proto3\"",
    "\"proto2\"",
    ";",
    "package",
    "a.b",
    "import",
    "\"google/protobuf/empty.proto\"",
    "message",
    "M",
    "N",
    "{",
    "}",
    "string",
    "int32",
    "1",
    "2",
    "-1",
    "oneof",
    "map<string, M>",
    "repeated",
    "optional",
    "required",
    "group",
    "enum",
    "E",
    "A",
    "service",
    "S",
    "rpc",
    "G",
    "(",
    ")",
    "returns",
    "stream",
    "option",
    "deprecated",
    "true",
    "extend",
    "extensions",
    "100 to max",
    "reserved",
    "[",
    "]",
    "default",
    "<",
    ">",
    ",",
    ".",
    "_",
    "Self",
    "self",
    "crate",
    "google.protobuf.Empty",
    "\"\\x\"",
    "\"\\xff\"",
    "'",
    "\"",
    "//",
    "/*",
    "*/",
    "\n",
    "0x",
    "1e999",
    "nan",
    "inf",
    "9999999999999999999999",
    "é",
    "\u{0}",
    "\u{202e}",
    "```",
    "edition",
    "json_name",
    "\"\\777\"",
    "weak",
    "public",
    "allow_alias",
    "packed",
    "lazy",
    "idempotency_level",
    "IDEMPOTENT",
];

fn words() -> impl Strategy<Value = String> {
    collection::vec(sample::select(WORDS), 0..60).prop_map(|words| words.join(" "))
}

/// Definitions that parse, with names and types drawn from few so that they meet.
fn definitions() -> impl Strategy<Value = String> {
    let name = sample::select(vec![
        "A",
        "a",
        "Self",
        "self",
        "type",
        "A_",
        "_",
        "__a1",
        "Option",
        "AOperations",
        "AClient",
    ]);
    let kind = sample::select(vec![
        "string",
        "bytes",
        "A",
        "Self",
        "a.b.A",
        "map<int32, A>",
        "repeated A",
        "optional A",
        "repeated sint64",
        "E",
        "google.protobuf.Any",
        "google.protobuf.Empty",
    ]);
    let label = prop_oneof![
        Just(""),
        Just("[deprecated = true]"),
        Just("[packed = true]"),
        Just("[json_name = \"x\"]")
    ];
    let field = (kind, name.clone(), 1..6, label)
        .prop_map(|(kind, name, number, label)| format!("{kind} {name} = {number} {label};"));
    let fields = collection::vec(field, 0..5).prop_map(|fields| fields.concat());
    let comment = sample::select(vec!["", "// ```\n", "/* \u{202e}\r */ ", "//     x()\n"]);
    let definition = (0..5, name.clone(), name, fields, comment).prop_map(|(what, name, other, fields, comment)| match what {
        0 => format!("{comment}message {name} {{ {fields} }}\n"),
        1 => format!("message {name} {{ message {other} {{ {fields} }} oneof {other} {{ string x = 9; }} }}\n"),
        2 => format!("{comment}enum {name} {{ {other} = 0; X_{other} = 1; }}\n"),
        3 => format!("{comment}service {name} {{ rpc {other}(A) returns (stream A); }}\n"),
        _ => format!("message {name} {{ enum {other} {{ {other}_{name} = 0; }} {fields} }}\n"),
    });
    (any::<bool>(), any::<bool>(), collection::vec(definition, 0..6)).prop_map(|(proto3, package, definitions)| {
        let syntax = if proto3 { "proto3" } else { "proto2" };
        let package = if package { "package a.b;" } else { "" };
        let imports = "import \"google/protobuf/any.proto\"; import \"google/protobuf/empty.proto\";";
        format!("syntax = \"{syntax}\"; {package} {imports}\nmessage A {{}} enum E {{ Z = 0; }}\n{}", definitions.concat())
    })
}

/// Runs the generator over `text`. A panic within it that it caught is still a fault.
fn run(text: &[u8]) -> bool {
    let protos = Protos::new(&[]);
    protos.write("a/b/x.proto", text);
    match protos.generate(&["a/b/x.proto"]) {
        Ok(_) => true,
        Err(error) => {
            let told = error.to_string();
            assert!(
                !told.contains("cannot be generated") && !told.contains("this is a bug"),
                "{told}\n{}",
                String::from_utf8_lossy(text)
            );
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in collection::vec(any::<u8>(), 0..200)) {
        run(&bytes);
    }

    #[test]
    fn words_of_protos_in_any_order_get_an_answer(text in words()) {
        run(text.as_bytes());
    }

    #[test]
    fn definitions_that_meet_get_an_answer(text in definitions()) {
        run(text.as_bytes());
    }

    #[test]
    fn a_right_proto_with_one_byte_changed_gets_an_answer(at in 0_usize..1500, byte in any::<u8>()) {
        let mut text = std::fs::read(super::ours("user/v1/user.proto")).expect("it is checked in");
        let at = at % text.len();
        text[at] = byte;
        run(&text);
    }
}

#[test]
fn some_of_the_definitions_are_right() {
    // The properties above would hold for a generator that refuses everything.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let right = (0..200)
        .filter(|_| {
            let tree = definitions().new_tree(&mut runner).expect("a text");
            run(proptest::strategy::ValueTree::current(&tree).as_bytes())
        })
        .count();
    assert!(right > 10, "{right} of 200");
}
