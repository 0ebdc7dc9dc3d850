//! What `bia add` takes for there, names in its hints, and leaves behind.

use std::path::Path;

use tempfile::TempDir;

use crate::command::{Ran, run};
use crate::project::{MAIN, MANIFEST, project, read, write};

const SERVICE: &str = "impl crate::api::UserService for Users {}\n";
const OTHER: &str = "syntax = \"proto3\"; package order.v1; service OrderService {}";
const FILE: &str = "proto/user/v1/user.proto";

/// A service of a workspace that compiles `protos`, and has `code` in its `src/service.rs`.
fn member(root: &Path, name: &str, protos: &str, code: &str) {
    write(root, &format!("{name}/Cargo.toml"), &MANIFEST.replace("\"shop\"", &format!("{name:?}")));
    write(root, &format!("{name}/src/main.rs"), MAIN);
    write(root, &format!("{name}/src/service.rs"), code);
    let build = format!("fn main() {{ bia_codegen::compile(&[{protos}]) }}\n");
    write(root, &format!("{name}/build.rs"), &build);
}

/// Two services; `two` serves `A` and `B`, and calls `C`.
fn workspace() -> TempDir {
    let folder =
        project(&[("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n")]);
    let root = folder.path();
    for name in ["a", "b", "c"] {
        let capital = name.to_uppercase();
        let text = format!("syntax = \"proto3\"; package {name}.v1; service {capital}Service {{}}");
        write(root, &format!("proto/{name}/v1/{name}.proto"), &text);
    }
    let proto = |name: &str| format!("\"../proto/{name}/v1/{name}.proto\"");
    member(root, "one", &proto("c"), "impl crate::c::v1::CService for Users {}\n");
    member(
        root,
        "two",
        &["a", "b", "c"].map(proto).join(", "),
        "impl crate::a::v1::AService for Users {}\nimpl crate::b::v1::BService for Users {}\n\
         struct Calls(crate::c::v1::CServiceClient);\n",
    );
    folder
}

#[test]
fn two_services_of_one_api_get_a_client_each() {
    let folder = project(&[("src/service.rs", SERVICE), ("proto/order/v1/order.proto", OTHER)]);
    for name in ["alpha", "beta-service"] {
        let arguments = ["add", "client", name, "--proto", "proto/order/v1/order.proto"];
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains("Updated src/main.rs"), "{}", ran.err);
        assert!(run(folder.path(), &arguments).err.contains("Unchanged"), "{name}");
    }
    let main = read(&folder, "src/main.rs");
    for line in [
        "let order_service = order::v1::OrderServiceClient::new(app.channel(\"alpha\")?);",
        "let beta_service_order_service =\n        order::v1::OrderServiceClient::new(app.channel(\"beta-service\")?);",
    ] {
        assert!(main.contains(line), "{main}");
    }
}

#[test]
fn a_client_of_a_channel_that_has_a_name_of_its_own_is_there_already() {
    let main = MAIN.replace(
        "    app.serve",
        "    let channel = app.channel(\"orders\")?;\n    \
         let orders = order::v1::OrderServiceClient::new(channel);\n    app.serve",
    );
    let files = [
        ("src/service.rs", SERVICE),
        ("proto/order/v1/order.proto", OTHER),
        ("src/main.rs", &main),
    ];
    let folder = project(&files);
    let ran =
        run(folder.path(), &["add", "client", "orders", "--proto", "proto/order/v1/order.proto"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read(&folder, "src/main.rs"), main);
}

#[test]
fn a_hint_names_an_option_that_exists_and_what_the_service_itself_serves() {
    let folder = workspace();
    let root = folder.path();
    let ran = run(root, &["add", "client", "two", "--from", "one"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let hint = ran.err.lines().find(|it| it.contains("hint: say --proto with one of: "));
    let hint = hint.unwrap_or_else(|| panic!("{}", ran.err));
    assert!(hint.contains("a.proto, ") && hint.ends_with("b.proto"), "{hint}");
    let ran = run(root.join("two"), &["add", "error", "GONE", "--code", "410"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let hint = "hint: say --service with one of: a.v1.AService, b.v1.BService\n";
    assert!(ran.err.contains(hint), "{}", ran.err);
    let ran = run(root, &["add", "error", "GONE", "--code", "410"]);
    let hint = "hint: say --service with one of: a.v1.AService, b.v1.BService, c.v1.CService\n";
    assert!(ran.code == 2 && ran.err.contains(hint), "{ran:?}");

    for (arguments, option) in
        [(&["job", "clean"][..], "--service"), (&["client", "other"], "--from")]
    {
        let ran = run(root, &[&["add"], arguments].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        let hint = format!("hint: say {option} with one of: one, two\n");
        assert!(ran.err.contains(&hint), "{}", ran.err);
    }
}

#[test]
fn services_of_one_proto_are_called_without_a_question() {
    let folder = workspace();
    let root = folder.path();
    let text = "syntax = \"proto3\"; package a.v1; service AService {} service BService {}";
    write(root, "proto/a/v1/a.proto", text);
    let code =
        "impl crate::a::v1::AService for Users {}\nimpl crate::a::v1::BService for Users {}\n";
    member(root, "two", "\"../proto/a/v1/a.proto\"", code);
    let ran = run(root, &["add", "client", "two", "--from", "one"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let main = std::fs::read_to_string(root.join("one/src/main.rs")).expect("it is there");
    for client in ["a::v1::AServiceClient::new", "a::v1::BServiceClient::new"] {
        assert!(main.contains(client), "{main}");
    }
}

#[test]
fn an_error_is_told_as_it_is_written_anywhere_in_the_crate_and_of_its_own_enum() {
    let gone = "syntax = \"proto3\"; package order.v1; import \"bia/options.proto\"; \
                service OrderService {} enum OrderError { ORDER_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}]; \
                USER_GONE = 1 [(bia.error) = {code: 410}]; }";
    let build = crate::project::BUILD.replace("&[", "&[\"proto/order/v1/order.proto\", ");
    let main =
        MAIN.replace("bia::include_protos!();", "mod proto {\n    bia::include_protos!();\n}");
    let folder = project(&[
        ("src/service.rs", SERVICE),
        ("src/main.rs", &main),
        ("build.rs", &build),
        ("proto/order/v1/order.proto", gone),
    ]);
    let arguments = ["add", "error", "USER_GONE", "--code", "410", "--service", "UserService"];
    let ran = run(folder.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = "in Rust: return Err(crate::proto::user::v1::UserError::Gone.into())";
    assert!(ran.err.contains(told), "{}", ran.err);
    assert_eq!(ran.err.matches("in Rust").count(), 1, "{}", ran.err);
}

#[test]
fn a_method_that_answers_the_resource_breaks_no_rule() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    let rules = ["RPC_RESPONSE_STANDARD_NAME", "RPC_REQUEST_RESPONSE_UNIQUE"];
    let lint = || run(folder.path(), &["proto", "lint"]).out;
    let before = lint();
    let count = |text: &str| rules.map(|rule| text.matches(rule).count());
    for (method, returns, comment) in [
        ("TailUsers", "User", Some("RPC_RESPONSE_STANDARD_NAME,RPC_REQUEST_RESPONSE_UNIQUE")),
        ("BlockUser", "User", None),
        ("Forget", "google.protobuf.Empty", None),
    ] {
        let name = format!("UserService/{method}");
        let ran =
            run(folder.path(), &["add", "rpc", &name, "--stream", "server", "--returns", returns]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let head = format!("  rpc {method}({method}Request) returns (stream {returns});\n");
        let text = read(&folder, FILE);
        let above = comment.map(|rules| {
            format!("  // bia:lint:ignore {rules} the resource itself is the answer\n")
        });
        assert!(text.contains(&format!("{}{head}", above.unwrap_or_default())), "{text}");
        let ignores = usize::from(comment.is_some() || method != "TailUsers");
        assert_eq!(text.matches("bia:lint:ignore").count(), ignores, "{text}");
        let after = lint();
        assert_eq!(count(&after), count(&before), "{after}");
        assert!(!after.contains("LINT_IGNORE"), "{after}");
    }
}

#[test]
fn what_is_not_written_is_not_told_as_new() {
    let code = format!("{SERVICE}// {}\n", "long ".repeat(20_000));
    let folder = project(&[("src/service.rs", &code)]);
    // No file may become as long as the service is.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" add rpc UserService/X";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", limited, env!("CARGO_BIN_EXE_bia")]).current_dir(folder.path());
    let ran = Ran::from(shell.output().expect("there is a shell"));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(ran.err.contains("cannot write src/service.rs"), "{}", ran.err);
    assert_eq!(read(&folder, "src/service.rs"), code);
}

#[test]
fn a_path_that_is_taken_is_told_by_the_file_of_the_project() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    let rule = ["--http", "GET /v1/users/{id}"];
    let ran = run(folder.path(), &[&["add", "rpc", "UserService/X"], &rule[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = run(folder.path(), &[&["add", "rpc", "UserService/Y"], &rule[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.matches(&format!("{FILE}:")).count() >= 2, "{}", ran.err);
    assert!(!ran.err.contains("/tmp"), "{}", ran.err);
}
