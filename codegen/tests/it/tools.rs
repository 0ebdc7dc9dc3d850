//! What tools get that judge protos or work on their text.

use bia_codegen::{Compiler, ErrorRule, Template, Topic, parse};

use crate::Protos;

/// A file and what it is wrong in.
const WRONG: &[(&str, Topic)] = &[
    ("message A { Nope a = 1; }", Topic::Source),
    ("message AB {} message Ab {}", Topic::Names),
    (
        "import \"google/api/annotations.proto\"; message A {} \
         service S { rpc M(A) returns (A) { option (google.api.http) = {get: \"/v1/{nope}\"}; } }",
        Topic::Http,
    ),
    (
        "import \"bia/options.proto\"; message A {} \
         service S { rpc M(A) returns (A) { option (bia.method) = {errors: \"NOPE\"}; } }",
        Topic::Options,
    ),
    (
        "import \"buf/validate/validate.proto\"; \
         message A { string a = 1 [(buf.validate.field).string = {min_len: 2, max_len: 1}]; }",
        Topic::Rules,
    ),
];

#[test]
fn an_error_says_what_it_is_about_and_can_be_taken_apart() {
    for (text, topic) in WRONG {
        let text = format!("syntax = \"proto3\"; package a;\n{text}");
        let protos = Protos::new(&[("a/a.proto", &text)]);
        let error = protos.generate(&["a/a.proto"]).expect_err("it is wrong");
        assert_eq!(error.topic(), *topic, "{error}");
        let reports: Vec<_> = error.reports().collect();
        assert_eq!(reports.len(), 1, "{error}");
        assert_eq!(reports[0].file, Some(protos.path("a/a.proto").to_str().expect("UTF-8")));
        assert!(reports[0].position.is_some_and(|(line, _)| line == 2), "{error}");
        assert!(error.to_string().contains(reports[0].message));
        let is_about_rules = *topic == Topic::Rules;
        assert!(!is_about_rules || reports[0].remedy.is_some(), "{error}");
    }
}

#[test]
fn descriptors_are_there_of_what_no_code_can_be_made_of() {
    for (text, topic) in WRONG {
        let text = format!("syntax = \"proto3\"; package a;\n// Said.\n{text}");
        let protos = Protos::new(&[("a/a.proto", &text)]);
        let told = Compiler::new().file(protos.path("a/a.proto")).descriptors();
        match topic {
            Topic::Source => assert_eq!(told.expect_err("it is wrong").topic(), *topic),
            _ => {
                let pool = told.expect("it is protobuf");
                let file = pool.get_file_by_name("a/a.proto").expect("it is there");
                assert!(file.file_descriptor_proto().source_code_info.is_some());
            }
        }
    }
}

#[test]
fn one_file_is_read_by_itself() {
    let text =
        "syntax = \"proto3\"; import \"nowhere.proto\";\n// Said.\nmessage A { Nope a = 1; }";
    let file = parse("a.proto", text).expect("its own text is right");
    assert_eq!(file.message_type[0].field[0].type_name(), "Nope");
    for (text, expected) in [
        ("message A {", "x/a.proto:1:12: expected"),
        ("edition = \"2023\";", "x/a.proto:1:1: protobuf editions are not supported"),
        (&"{".repeat(200), "x/a.proto:1:101: brackets nest"),
    ] {
        let error = parse("x/a.proto", text).expect_err("it is wrong");
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.topic(), Topic::Source);
    }
}

#[test]
fn errors_and_templates_are_read_off_descriptors() {
    let text = "syntax = \"proto3\"; package a; import \"bia/options.proto\"; enum No { NONE = 0; }\n\
                enum E { E_UNSPECIFIED = 0 [(bia.error) = {code: 500}]; GONE = 3 [(bia.error) = {code: 410}]; }";
    let protos = Protos::new(&[("a/a.proto", text)]);
    let pool = Compiler::new().file(protos.path("a/a.proto")).descriptors().expect("it is right");
    let of = |name| ErrorRule::of_enum(&pool.get_enum_by_name(name).expect("it is there"));
    assert_eq!(of("a.No"), None);
    assert_eq!(of("a.E").expect("errors")[&3].code, 410);
    assert_eq!(Template::parse("/v1/{id}:go").expect("it is one").variables[0].field, "id");
    assert!(Template::parse("v1").is_err());
}
