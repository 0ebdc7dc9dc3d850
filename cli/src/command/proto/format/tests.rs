use std::path::Path;

use bia_codegen::{Compiler, parse};
use proptest::prelude::*;

use crate::protofile::walk;

use super::format;

fn formatted(text: &str) -> String {
    let once = format("a.proto", text).expect("it is protobuf");
    let twice = format("a.proto", &once).expect("it still is");
    assert_eq!(once, twice, "formatting it again changes it");
    once
}

#[test]
fn every_construct_has_its_form() {
    let table: &[(&str, &str)] = &[
        ("", ""),
        (
            "syntax='proto3';package a.b ;import  public \"x.proto\";",
            "syntax = 'proto3';\n\npackage a.b;\n\nimport public \"x.proto\";\n",
        ),
        ("syntax=\"proto3\";\n\n\n\n// only this\n", "syntax = \"proto3\";\n\n// only this\n"),
        (
            "syntax = \"proto3\"; message A{string a=1;map<string,.A> b=2;oneof c{A d=3;}reserved 4,5 to max;}",
            "syntax = \"proto3\";\n\nmessage A {\n  string a = 1;\n  map<string, .A> b = 2;\n  oneof c {\n    A d = 3;\n  }\n  reserved 4, 5 to max;\n}\n",
        ),
        (
            "message A { optional .A a = 1 [ default = - 1 ]; optional group B = 2 [deprecated=true] { required int32 x = 1; } extensions 100 to 200; };",
            "message A {\n  optional .A a = 1 [default = -1];\n  optional group B = 2 [deprecated = true] {\n    required int32 x = 1;\n  }\n  extensions 100 to 200;\n};\n",
        ),
        (
            "service S { rpc A ( stream .A ) returns(stream A) {} rpc B(A) returns (A) { option (x).y = { a : 1 , b { c : [ 1,2 ] } [d.e/f.G] < h : \"i\" \"j\" > } ; } }",
            "service S {\n  rpc A(stream .A) returns (stream A) {}\n  rpc B(A) returns (A) {\n    option (x).y = {a: 1, b {c: [1, 2]} [d.e/f.G] <h: \"i\" \"j\">};\n  }\n}\n",
        ),
        (
            "enum E { A = 0 [(x) = {\n code: 1\n\n\n // why\n text: \"t\" // behind\n }, deprecated = true]; }",
            "enum E {\n  A = 0 [(x) = {\n    code: 1\n\n    // why\n    text: \"t\" // behind\n  }, deprecated = true];\n}\n",
        ),
        (
            "syntax = \"proto3\";\nmessage A { // head\n\n  // first\n  string a = 1; // behind\n  /* b */ string b /* c */ = 2 /* d */;\n\n  /* two\n       * lines */\n  string c = 3;\n\n  // last\n\n}\n// end",
            "syntax = \"proto3\";\n\nmessage A { // head\n  // first\n  string a = 1; // behind\n  /* b */ string b /* c */ = 2 /* d */;\n\n  /* two\n   * lines */\n  string c = 3;\n\n  // last\n}\n// end\n",
        ),
        (
            "option (a) =\n\"x\"\n\"y\";\nextend .A.B { optional string c = 1 [\n(d) = 1, e = 2]; }",
            "option (a) =\n    \"x\"\n    \"y\";\n\nextend .A.B {\n  optional string c = 1 [\n    (d) = 1,\n    e = 2\n  ];\n}\n",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(&formatted(text), expected, "{text}");
    }
}

#[test]
fn lines_that_are_too_long_are_opened_up_from_the_outside() {
    let long = "syntax = \"proto3\";message A { string name = 1 [(buf.validate.field).string = {min_len: 1, max_len: 100}, (google.api.field_behavior) = REQUIRED]; }";
    assert_eq!(
        formatted(long),
        "syntax = \"proto3\";\n\nmessage A {\n  string name = 1 [\n    (buf.validate.field).string = {min_len: 1, max_len: 100},\n    (google.api.field_behavior) = REQUIRED\n  ];\n}\n"
    );
    let handed = "enum A { B = 0 [(bia.error) = {code: 404, message: \"there is none of that name in this shop, nor was there ever\"}]; }";
    assert_eq!(
        formatted(handed),
        "enum A {\n  B = 0 [(bia.error) = {\n    code: 404,\n    message: \"there is none of that name in this shop, nor was there ever\"\n  }];\n}\n"
    );
    let method = format!("service S {{ rpc A{0}(A{0}) returns (B{0}); }}", "x".repeat(40));
    assert!(formatted(&method).contains(")\n      returns (B"), "{}", formatted(&method));
    let comment = format!("// {}", "x".repeat(100));
    let method = format!("service S {{\n  {comment}\n  rpc A(A) returns (A); {comment}\n}}\n");
    assert_eq!(formatted(&method), method);
    let numbers: Vec<String> = (1000..1060).map(|number| number.to_string()).collect();
    let reserved = formatted(&format!("message A {{ reserved {}; }}", numbers.join(",\n")));
    assert!(reserved.lines().all(|line| line.len() <= 100), "{reserved}");
    assert_eq!(reserved.lines().count(), 6, "{reserved}");
}

#[test]
fn the_line_breaks_of_windows_and_the_mark_of_an_editor_do_no_harm() {
    let text = "syntax = \"proto3\";\r\n// one \r\nmessage A {\r\n/* two\r\n * three */ string a = 1;\r\n}\r\n";
    let after = formatted(text);
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    assert!(
        after.contains("// one\r\nmessage A {\r\n  /* two\r\n   * three */ string a = 1;"),
        "{after}"
    );
}

#[test]
fn what_is_no_protobuf_is_told_with_its_place() {
    let error =
        format("a/b.proto", "syntax = \"proto3\";\nmessage A {\n  string = 1;\n}\n").unwrap_err();
    assert!(error.to_string().starts_with("a/b.proto:3:"), "{error}");
    let error = format("a.proto", "edition = \"2023\";\n").unwrap_err();
    assert!(error.to_string().starts_with("a.proto:1:1: protobuf editions"), "{error}");
}

/// Every proto of the repository: what it says, its comments included, stays.
#[test]
fn every_proto_of_the_repository_says_the_same_before_and_after() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for folder in ["proto", "examples/proto", "interop/proto", "codegen/tests/protos"] {
        let root = repository.join(folder);
        let copy = tempfile::TempDir::new().expect("a folder");
        let files = walk(&root).expect("it can be looked through");
        for file in &files {
            let text = std::fs::read_to_string(file).expect("it can be read");
            let name = file.display().to_string();
            let after = format(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                format(&name, &after).expect("it still is"),
                after,
                "{name}: not the same again"
            );
            assert_eq!(comments(&text), comments(&after), "{name}");
            let target = copy.path().join(file.strip_prefix(&root).expect("it is below"));
            std::fs::create_dir_all(target.parent().expect("it has one")).expect("made");
            std::fs::write(target, after).expect("written");
            seen += 1;
        }
        let set = |root: &Path| {
            let includes = [
                root.to_owned(),
                repository.join("proto"),
                repository.join("codegen/tests/protos"),
            ];
            let files = walk(root).expect("it can be looked through");
            let compiler = includes.iter().fold(Compiler::new().files(files), Compiler::include);
            let pool = compiler.descriptors().expect("they are right");
            let files = pool.files().map(|file| {
                let mut proto = file.file_descriptor_proto().clone();
                proto.source_code_info = None;
                (proto, without_places(&file))
            });
            files.collect::<Vec<_>>()
        };
        assert_eq!(set(&root), set(copy.path()), "{folder}");
    }
    assert!(seen >= 30, "{seen}");
}

/// All options of a file, those that are extensions too.
fn without_places(file: &prost_reflect::FileDescriptor) -> Vec<String> {
    let messages = file.parent_pool().all_messages().filter(|it| it.parent_file() == *file);
    messages
        .flat_map(|message| {
            let own = json(&message.options());
            message.fields().map(|field| json(&field.options())).chain([own]).collect::<Vec<_>>()
        })
        .collect()
}

fn json(options: &prost_reflect::DynamicMessage) -> String {
    serde_json::to_string(options).expect("they have a form in JSON")
}

/// Which comments belong to what, without what indentation makes of them.
fn comments(text: &str) -> Vec<(Vec<i32>, String)> {
    let trim =
        |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
    let file = parse("a.proto", text).expect("it is protobuf");
    let places = file.source_code_info.expect("it has places").location;
    places
        .into_iter()
        .map(|place| {
            let detached = place.leading_detached_comments.iter().map(|it| trim(it));
            let all = [
                trim(place.leading_comments()),
                trim(place.trailing_comments()),
                detached.collect::<Vec<_>>().join("|"),
            ];
            (place.path, all.join("#"))
        })
        .collect()
}

/// What may stand between two tokens.
fn between() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(" ".to_owned()),
        2 => Just("\n".to_owned()),
        1 => Just("\n\n\n".to_owned()),
        1 => Just(" // c\n".to_owned()),
        1 => Just("\n// d\n".to_owned()),
        1 => Just(" /* e */ ".to_owned()),
        1 => Just("\n/* f\n * g */\n".to_owned()),
        1 => Just("\n\n/* h */ ".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("1".to_owned()),
        Just("- 2.5".to_owned()),
        Just("true".to_owned()),
        Just("\"a\" 'b'".to_owned()),
        Just("\"a long text that takes some room in its line\"".to_owned()),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4)
                .prop_map(|values| values
                    .into_iter()
                    .map(|it| format!("a : {it} , "))
                    .collect::<String>())
                .prop_map(|fields| format!("{{ {fields} }}")),
            proptest::collection::vec(inner, 1..4).prop_map(|values| format!(
                "[ {} ]",
                values.join(" , ")
            )
            .replace("{ ", "{ ")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let option = value().prop_map(|it| {
        if it.starts_with('[') {
            "option ( a . b ) = 1 ;".to_owned()
        } else {
            format!("option ( a . b ) . c = {it} ;")
        }
    });
    let field = value().prop_map(|it| {
        let it = if it.starts_with('[') { "1".to_owned() } else { it };
        format!("repeated A a = 1 [ ( a ) = {it} , deprecated = true ] ;")
    });
    let leaf = prop_oneof![
        option,
        field,
        Just("optional . A b = 2 ;".to_owned()),
        Just("map < string , A > c = 3 ;".to_owned()),
        Just("reserved 4 , 5 to 6 ;".to_owned()),
        Just(";".to_owned()),
        Just("enum E { E0 = 0 ; }".to_owned()),
        Just("oneof o { A d = 7 ; }".to_owned()),
    ];
    leaf.prop_recursive(2, 10, 4, |inner| {
        proptest::collection::vec(inner, 0..4)
            .prop_map(|inner| format!("message M {{ {} }}", inner.join(" ")))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn any_tokens_with_anything_between_them_come_out_the_same_each_time(
        statements in proptest::collection::vec(statement(), 0..5),
        gaps in proptest::collection::vec(between(), 1..40),
    ) {
        let whole = statements.iter().map(|it| format!("message M {{ {it} }}")).collect::<Vec<_>>().join(" ");
        let mut text = String::new();
        let words = crate::protofile::tokens(&whole);
        let words = words.iter().filter(|token| token.kind != crate::protofile::Kind::Space);
        for (index, word) in words.enumerate() {
            text.push_str(word.text);
            text.push_str(&gaps[index % gaps.len()]);
        }
        let (read, end) = super::tree::read(&text).expect("its brackets fit");
        let once = super::print::file(&read, &end);
        prop_assert_eq!(super::same::meaning(&text), super::same::meaning(&once));
        let (read, end) = super::tree::read(&once).expect("they still do");
        let twice = super::print::file(&read, &end);
        prop_assert_eq!(&once, &twice, "of {}", text);
    }
}
