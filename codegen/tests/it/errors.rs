//! What is wrong is said with its place, its reason and a remedy.

use bia_codegen::{Compiler, Emit, Error, Model, Output};

use super::{Protos, ours};

/// What the compiler says against a proto3 file `a/a.proto` of package `a` that goes on with `text`.
fn error_of(text: &str) -> String {
    Protos::new(&[("a/a.proto", &format!("syntax = \"proto3\";\npackage a;\n{text}"))])
        .error(&["a/a.proto"])
}

#[test]
fn what_the_parser_stops_at_has_line_and_column() {
    let cases = [
        (
            "message M {\n  string name 1;\n}",
            "a/a.proto:4:15: expected '=', but found '1'\n  help: a number is missing: `string name = 1;`, and of an enum `KIND_USER = 1;`",
        ),
        (
            "message M {\n",
            "a/a.proto:3:12: expected a message field, oneof, reserved range, enum, message, option or '}', but reached end of file\n  help: something is still open: each `{`, `(`, `[`, quote and `/*` needs its end",
        ),
        (
            "message M { string }",
            "a/a.proto:3:20: expected an identifier, but found '}'\n  help: a name is missing: `string name = 1;` is a field, `rpc Get(GetRequest) returns (User);` a method",
        ),
        (
            "message M { string a = 1 }",
            "a/a.proto:3:26: expected ';' or '[', but found '}'\n  help: put a `;` where the statement ends, before what was found",
        ),
        (
            "mesage M {}",
            "a/a.proto:3:1: expected 'enum', 'extend', 'import', 'message', 'option', 'service', 'package' or ';', but found 'mesage'\n  help: check the spelling and whether a `}` is too much; `syntax` stands before all else",
        ),
        (
            "message M { Nope n = 1; }",
            "a/a.proto:3:13: name 'Nope' is not defined\n  help: check the spelling, or import the file that defines it",
        ),
        (
            "message M {}\nmessage M {}",
            "a/a.proto:4:9: name 'a.M' is defined twice\n  help: rename or remove one of them; two files of one package share their names",
        ),
        (
            "message M {\n  string a = 1;\n  string b = 1;\n}",
            "a/a.proto:5:14: field number '1' is already used\n  help: give it one of its own",
        ),
        (
            "message M {\n  reserved 1;\n  string a = 1;\n}",
            "a/a.proto:5:14: field number '1' conflicts with reserved range '1 to 1'\n  help: give it a number that is not reserved",
        ),
        (
            "enum E { A = 1; }",
            "a/a.proto:3:14: the first value for proto3 enums must be 0\n  help: begin it with a value like KIND_UNSPECIFIED = 0;",
        ),
        (
            "message M { required string a = 1; }",
            "a/a.proto:3:13: required fields are not allowed in proto3 syntax\n  help: leave required out; proto3 has no such fields",
        ),
        (
            "message M { string a = 1 [(nope) = 3]; }",
            "a/a.proto:3:27: name 'nope' is not defined\n  help: check the spelling, or import the file that defines it",
        ),
        (
            "message M { M.Nope a = 1; }",
            "a/a.proto:3:13: 'M.Nope' resolves to 'a.M.Nope', which is not defined\n  help: a name is looked for from the inside out; begin it with a dot to start at the outside",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error_of(text), expected, "{text}");
    }
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let error = error_of("enum E { A = 0; }\nservice S { rpc G(E) returns (E); }");
    let remedy = "  help: methods take and answer messages; put it in one";
    assert_eq!(
        error,
        format!(
            "a/a.proto:4:19: 'a.E' is not a message type\n{remedy}\na/a.proto:4:31: 'a.E' is not a message type\n{remedy}"
        )
    );
}

#[test]
fn editions_are_refused_with_what_to_write_instead() {
    let protos = Protos::new(&[
        ("a/a.proto", "// A comment.\nedition = \"2023\";\npackage a;\nmessage M {}\n"),
        ("a/b.proto", "syntax = \"proto3\";\npackage a;\nimport \"a/a.proto\";\n"),
    ]);
    let expected = "a/a.proto:2:1: protobuf editions are not supported: edition = \"2023\"\n  help: write syntax = \"proto3\"; in its place (the library that messages are made with, prost, knows no editions; features.* options have to go too)";
    assert_eq!(protos.error(&["a/a.proto"]), expected);
    assert_eq!(protos.error(&["a/b.proto"]), expected, "also in a file that is only imported");
}

#[test]
fn an_import_that_is_not_found_names_the_folders_that_were_searched() {
    let protos = Protos::new(&[(
        "p/a/a.proto",
        "syntax = \"proto3\";\npackage a;\nimport \"b/none.proto\";\n",
    )]);
    std::fs::create_dir(protos.path("more")).expect("a folder");
    let compiler = Compiler::new().file(protos.path("p/a/a.proto")).include(protos.path("more"));
    let error = compiler.generate().expect_err("there is no such file");
    assert_eq!(
        protos.shorten(&error).replace(&protos.0.path().display().to_string(), "HERE"),
        "p/a/a.proto:3:1: import 'b/none.proto' not found\n  help: imports are looked for in more, p, the crate's folder, then among the protos that bia-codegen carries (google/api, google/rpc, grpc/health, grpc/reflection, google/protobuf); add a folder with Compiler::include"
    );
}

#[test]
fn errors_of_imports_are_placed_in_the_imported_file() {
    let protos = Protos::new(&[
        ("a/a.proto", "syntax = \"proto3\";\npackage a;\nimport \"a/b.proto\";\n"),
        ("a/b.proto", "syntax = \"proto3\";\npackage a;\nmessage {}\n"),
    ]);
    assert!(
        protos.error(&["a/a.proto"]).starts_with("a/b.proto:3:9: expected"),
        "{}",
        protos.error(&["a/a.proto"])
    );
}

#[test]
fn files_that_import_each_other_are_named_with_their_way() {
    let import =
        |name: &str| format!("syntax = \"proto3\";\npackage a;\nimport \"a/{name}.proto\";\n");
    let protos = Protos::new(&[("a/a.proto", &import("b")), ("a/b.proto", &import("a"))]);
    assert_eq!(
        protos.error(&["a/a.proto"]),
        "a/a.proto: import cycle detected: a/a.proto -> a/b.proto -> a/a.proto\n  help: move what both files need to a third one that both import"
    );
}

#[test]
fn text_that_is_not_utf8_is_refused_with_its_place() {
    let protos = Protos::new(&[]);
    protos.write("a.proto", b"syntax = \"proto3\";\n// caf\xe9\n");
    assert_eq!(protos.error(&["a.proto"]), "a.proto:2:7: the file is not UTF-8 from here on");
}

#[test]
fn brackets_without_end_are_refused_and_do_not_fill_the_stack() {
    let text = format!("option (x) = {}", "{a ".repeat(100_000));
    assert_eq!(error_of(&text), "a/a.proto:3:314: brackets nest more than 100 deep");
}

#[test]
fn names_that_are_the_same_in_rust_are_refused_where_they_stand() {
    let cases = [
        (
            "message M {}\nservice S {\n  rpc GetUser(M) returns (M);\n  rpc get_user(M) returns (M);\n}",
            "6:7: method get_user and method GetUser are both the method get_user in Rust",
        ),
        (
            "message M {}\nservice S {\n  rpc New(M) returns (M);\n  rpc new_(M) returns (M);\n}",
            "6:7: method new_ and method New are both the method new_ in Rust",
        ),
        (
            "service UserService {}\nservice User_Service {}",
            "4:9: service User_Service and service UserService are both the type UserService in Rust",
        ),
        (
            "service S {}\nmessage SClient {}",
            "3:9: the client of service S and message SClient are both the type SClient in Rust",
        ),
        (
            "service S {}\nmessage MockS {}",
            "3:9: the mock of service S and message MockS are both the type MockS in Rust",
        ),
        (
            "service S {}\nmessage SOperations { message N {} }",
            "3:9: the operations of service S and message SOperations are both the module s_operations in Rust",
        ),
        (
            "enum Status {\n  STATUS_NONE = 0;\n  NONE = 1;\n}",
            "5:3: value NONE and value STATUS_NONE are both the variant None in Rust",
        ),
        (
            "message HTTPRoute {}\nmessage HttpRoute {}",
            "4:9: message HttpRoute and message HTTPRoute are both the type HttpRoute in Rust",
        ),
        (
            "message A { message B {} enum b { X = 0; } }",
            "3:31: enum b and message B are both the type B in Rust",
        ),
        (
            "message M {\n  string name = 1;\n  oneof Name { int32 x = 2; }\n}",
            "5:9: oneof Name and field name are both the field name in Rust",
        ),
    ];
    let accessors = [
        (
            "enum E { Z = 0; }\nmessage M {\n  E status = 1;\n  optional string set_status = 2;\n}",
            "6:19: field set_status and field status are both the method set_status in Rust",
        ),
        (
            "enum E { Z = 0; }\nmessage M {\n  repeated E e = 1;\n  E push_e = 2;\n}",
            "6:5: field push_e and field e are both the method push_e in Rust",
        ),
        (
            "enum E { Z = 0; }\nmessage M {\n  map<string, E> e = 1;\n  E get_e = 2;\n}",
            "6:5: field get_e and field e are both the method get_e in Rust",
        ),
    ];
    for (text, expected) in cases.into_iter().chain(accessors) {
        let expected = format!("a/a.proto:{expected}\n  help: rename one of them");
        assert_eq!(error_of(text), expected, "{text}");
    }
    assert_eq!(
        error_of("enum E { Z = 0; }\nmessage M { map<string, E> type = 1; }"),
        "a/a.proto:4:28: a map of enums cannot be called type, a keyword of Rust\n  help: rename it; [json_name = \"type\"] keeps its name in JSON"
    );
    assert_eq!(
        error_of("message _ {}"),
        "a/a.proto:3:9: message _ has no letters to make a name in Rust of\n  help: rename it"
    );
}

#[test]
fn packages_that_are_the_same_module_are_refused() {
    let file =
        |package: &str, more: &str| format!("syntax = \"proto3\";\npackage {package};\n{more}");
    let protos = Protos::new(&[
        ("1.proto", &file("user.V1", "message A {}")),
        ("2.proto", &file("user.v1", "message A {}")),
        ("3.proto", &file("user", "message V1 { message N {} }")),
    ]);
    assert_eq!(
        protos.error(&["1.proto", "2.proto"]),
        "the packages user.V1 and user.v1 are the same module in Rust\n  help: rename one of them"
    );
    assert_eq!(
        protos.error(&["2.proto", "3.proto"]),
        "the package user.v1 and message V1 are both the module v1 in Rust\n  help: rename one of them"
    );
}

#[test]
fn files_that_are_not_there_say_where_paths_begin() {
    let error =
        Compiler::new().file("nowhere/a.proto").generate().expect_err("no such file").to_string();
    assert!(error.starts_with("cannot find nowhere/a.proto\n  help: paths are relative to the folder of the crate's Cargo.toml, /"), "{error}");
    let error = Compiler::new().file(ours("bare/bare.proto")).include("nowhere").generate();
    let error = error.expect_err("no such folder").to_string();
    assert!(
        error.starts_with("the include folder nowhere does not exist\n  help: paths are relative"),
        "{error}"
    );
    let error = Compiler::new().generate().expect_err("no files").to_string();
    assert!(error.starts_with("no .proto file was named\n  help: "), "{error}");
}

#[test]
fn a_file_that_is_hidden_behind_another_is_refused() {
    let text = "syntax = \"proto3\";\npackage a;\n";
    let protos = Protos::new(&[("one/a/a.proto", text), ("two/a/a.proto", text)]);
    let compiler = Compiler::new().include(protos.path("one")).file(protos.path("two/a/a.proto"));
    assert_eq!(
        protos.shorten(&compiler.generate().expect_err("two files of one name")),
        "two/a/a.proto is hidden: a/a.proto means one/a/a.proto\n  help: rename one of the two, or say which folder comes first with Compiler::include"
    );
}

#[test]
fn settings_that_are_not_rust_are_refused_by_name() {
    let compiler = || Compiler::new().file(ours("bare/bare.proto"));
    let cases = [
        (
            compiler().runtime("bia"),
            "the path 'bia' depends on where it is used\n  help: begin it with :: or crate, as in ::bia",
        ),
        (
            compiler().runtime("::b ia"),
            "'::b ia' is not a path in Rust\n  help: look at what is given to Compiler::extern_path and Compiler::runtime",
        ),
        (
            compiler().extern_path("user.v1", "::u"),
            "'user.v1' is not the full name of a type or a package\n  help: Compiler::extern_path takes names like .user.v1 and .user.v1.User",
        ),
        (
            compiler().extern_path(".u", "::u").extern_path(".u", "::v"),
            "where .u is has been said twice\n  help: call Compiler::extern_path once for each name; .google.protobuf is known",
        ),
        (
            compiler().extern_path(".u", "1u"),
            "'1u' is not a path in Rust\n  help: look at what is given to Compiler::extern_path and Compiler::runtime",
        ),
        (
            compiler().type_attribute(".Text", "#[oops"),
            "what prost made of the package '' is not Rust\n  help: look at the attributes given to the Compiler",
        ),
        (
            compiler().type_attribute(".Text", "oops"),
            "what was generated for the package '' is not Rust\n  help: look at the attributes given to the Compiler; without any, this is a bug of bia-codegen",
        ),
    ];
    for (compiler, expected) in cases {
        assert_eq!(compiler.generate().expect_err(expected).to_string(), expected);
    }
}

#[test]
fn outside_of_a_build_script_the_folder_has_to_be_said() {
    let error = Compiler::new().file(ours("bare/bare.proto")).compile().expect_err("no OUT_DIR");
    assert_eq!(
        error.to_string(),
        "OUT_DIR is not set, so there is no place for the code\n  help: call this from build.rs, or say where with Compiler::out_dir"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_the_cause() {
    let protos = Protos::new(&[("file", "")]);
    let compiler = Compiler::new().file(ours("bare/bare.proto")).out_dir(protos.path("file/below"));
    let error = compiler.compile().expect_err("a file is no folder");
    assert_eq!(protos.shorten(&error), "cannot make the folder file/below");
    assert!(format!("{error:?}").contains("\n  because: "), "{error:?}");
}

#[test]
fn debug_of_an_error_reads_like_display_because_that_is_what_main_prints() {
    let error =
        Protos::new(&[("a.proto", "nonsense")]).generate(&["a.proto"]).expect_err("nonsense");
    assert_eq!(format!("{error:?}"), error.to_string());
}

struct Refuses;

impl Emit for Refuses {
    fn emit(&self, _: &Model, _: &mut Output) -> Result<(), Error> {
        Err(Error::new("not today").with_remedy("come back tomorrow"))
    }
}

#[test]
fn an_emitter_s_error_is_the_run_s() {
    let error = Compiler::new().file(ours("bare/bare.proto")).emit(Refuses).generate();
    assert_eq!(error.expect_err("refused").to_string(), "not today\n  help: come back tomorrow");
}
