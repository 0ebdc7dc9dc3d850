//! Methods, errors, clients and jobs are added without touching what is there.

use crate::command::run;
use crate::project::{BUILD, MAIN, MANIFEST, PROTO, project, read, write};

const SERVICE: &str = "\
impl crate::api::UserService for Users {
    async fn get_user(&self, cx: &C, r: R) -> S {}
    async fn list_users(&self, cx: &C, r: R) -> S {}
    async fn import_users(&self, cx: &C, r: R) -> S {}
}
";

const FILE: &str = "proto/user/v1/user.proto";

#[test]
fn a_method_is_added_to_the_proto_and_to_the_code() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    let ran = run(
        folder.path(),
        &[
            "add",
            "rpc",
            "UserService/BlockUser",
            "--request",
            "string reason, map<string, int32> days",
            "--http",
            "post /v1/users/{id}:block",
            "--returns",
            "google.protobuf.Empty",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("src/service.rs:6: block_user is new"), "{}", ran.out);
    let expected = PROTO
        .replace(
            "package user.v1;",
            "package user.v1;\n\nimport \"google/api/annotations.proto\";\nimport \"google/protobuf/empty.proto\";",
        )
        .replace(
            "  rpc ImportUsers(stream User) returns (ListUsersRequest);\n",
            "  rpc ImportUsers(stream User) returns (ListUsersRequest);\n\n  rpc BlockUser(BlockUserRequest) returns (google.protobuf.Empty) {\n    option (google.api.http) = {\n      post: \"/v1/users/{id}:block\"\n      body: \"*\"\n    };\n  }\n",
        )
        + "\nmessage BlockUserRequest {\n  string id = 1;\n  string reason = 2;\n  map<string, int32> days = 3;\n}\n";
    let after = read(&folder, FILE);
    assert_eq!(after, expected);
    assert!(read(&folder, "src/service.rs").ends_with("    async fn import_users(&self, cx: &C, r: R) -> S {}\n\n    async fn block_user(\n        &self,\n        _cx: &bia::Context,\n        _request: crate::api::BlockUserRequest,\n    ) -> bia::Result<()> {\n        let todo = \"BlockUser is not written yet\";\n        Err(bia::Error::unimplemented(\"UNIMPLEMENTED\", todo))\n    }\n}\n"));
    assert_eq!(run(folder.path(), &["sync", "--check"]).code, 0);
}

#[test]
fn every_kind_of_method_can_be_added() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    for (name, side, head) in [
        ("A", None, "rpc A(ARequest) returns (AResponse);"),
        ("B", Some("client"), "rpc B(stream BRequest) returns (BResponse);"),
        ("C", Some("server"), "rpc C(CRequest) returns (stream CResponse);"),
        ("D", Some("both"), "rpc D(stream DRequest) returns (stream DResponse);"),
    ] {
        let method = format!("user.v1.UserService/{name}");
        let mut arguments = vec!["add", "rpc", method.as_str()];
        arguments.extend(side.iter().flat_map(|side| ["--stream", side]));
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(read(&folder, FILE).contains(head), "{}", read(&folder, FILE));
    }
    let service = read(&folder, "src/service.rs");
    for name in ["fn a(", "fn b(", "fn c(", "fn d("] {
        assert!(service.contains(name), "{service}");
    }
}

#[test]
fn what_would_not_be_right_is_refused_and_nothing_is_written() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    for (arguments, code, told) in [
        (&["rpc", "UserService/GetUser"][..], 1, "has a method GetUser already"),
        (&["rpc", "UserService/getUser"], 2, "cannot be the name of a method"),
        (&["rpc", "UserService"], 2, "names no method"),
        (&["rpc", "OrderService/X"], 1, "there are: user.v1.UserService"),
        (&["rpc", "UserService/X", "--http", "FETCH /v1"], 2, "is no rule for HTTP"),
        (&["rpc", "UserService/X", "--http", "GET /v1/{id"], 1, "that would not be right"),
        (&["rpc", "UserService/X", "--request", "strin id"], 1, "that would not be right"),
        (&["rpc", "UserService/X", "--request", "id"], 2, "is not a field"),
        (&["rpc", "UserService/X", "--returns", "Nothing"], 1, "that would not be right"),
        (&["rpc", "UserService/Get", "--stream", "none"], 2, "invalid value"),
        (&["error", "user_gone", "--code", "404"], 2, "cannot be a reason"),
        (&["error", "GONE", "--code", "200"], 2, "400..=599"),
        (
            &["error", "GONE", "--code", "404", "--message", "no {user"],
            1,
            "that would not be right",
        ),
        (&["job", "fn"], 2, "cannot be the name of a job"),
        (&["job", "ünï"], 2, "cannot be the name of a job"),
        (&["client", "bad name", "--proto", FILE], 2, "cannot be the name of a service"),
        (&["client", "../x", "--proto", FILE], 2, "cannot be the name of a service"),
        (&["job", "clean", "--every", "5 days"], 2, "is no time"),
        (&["client", "shop"], 2, "would call itself"),
        (&["client", "other"], 1, "there is no service `other`"),
    ] {
        let ran = run(folder.path(), &[&["add"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
        assert_eq!(read(&folder, FILE), PROTO, "{arguments:?}");
        assert_eq!(read(&folder, "src/service.rs"), SERVICE, "{arguments:?}");
        assert_eq!(read(&folder, "src/main.rs"), MAIN, "{arguments:?}");
    }
    // A mistake is told where the person would look for it, what to do about it apart from it.
    let ran = run(folder.path(), &["add", "rpc", "UserService/X", "--returns", "Nothing"]);
    assert!(ran.err.contains(&format!("right: {FILE}:")), "{}", ran.err);
    let hints = ran.err.lines().filter(|line| line.starts_with("  hint: ")).count();
    assert!(hints == 1 && !ran.err.contains("help:"), "{}", ran.err);
}

#[test]
fn a_proto_that_is_none_is_told_by_the_option_that_named_it() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    for (path, told) in
        [("proto", "proto is a folder, not a proto"), ("o.proto", "cannot read o.proto: ")]
    {
        let ran = run(folder.path(), &["add", "client", "other", "--proto", path]);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(ran.err.contains("hint: `--proto` takes the path of a .proto file"), "{}", ran.err);
        assert!(!ran.err.contains("Cargo.toml"), "{}", ran.err);
    }
}

#[test]
fn paths_are_told_from_the_current_folder_where_they_lie_below_it() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    let ran = run(folder.path(), &["add", "job", "clean"]);
    assert!(ran.err.contains("Created src/jobs/clean.rs\n"), "{}", ran.err);
    assert!(ran.err.contains("Updated src/main.rs\n"), "{}", ran.err);
    let ran = run(folder.path().join("src"), &["add", "job", "sweep"]);
    assert!(ran.err.contains("Created jobs/sweep.rs\n"), "{}", ran.err);
    let outside =
        folder.path().canonicalize().expect("it is there").join("proto/user/v1/user.proto");
    let ran = run(folder.path().join("src"), &["add", "rpc", "UserService/X"]);
    assert!(ran.err.contains(&format!("Updated {}\n", outside.display())), "{}", ran.err);
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    write(folder.path(), "other.proto", "syntax = \"proto3\"; package o; service O {}");
    for arguments in [
        &["rpc", "UserService/X"][..],
        &["error", "GONE", "--code", "410"],
        &["job", "clean"],
        &["client", "other", "--proto", "other.proto"],
    ] {
        let ran = run(folder.path(), &[&["add"], arguments, &["--dry-run"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains("Would update"), "{}", ran.err);
        assert_eq!(read(&folder, FILE), PROTO);
        assert_eq!(read(&folder, "src/main.rs"), MAIN);
        assert_eq!(read(&folder, "build.rs"), BUILD);
        assert!(!folder.path().join("src/jobs").exists());
    }
}

#[test]
fn an_error_makes_the_enum_that_is_missing_and_then_joins_it() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    let ran = run(
        folder.path(),
        &["add", "error", "USER_GONE", "--code", "410", "--message", "\"{id}\" is gone"],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("in Rust: return Err(crate::user::v1::UserError::Gone.with(\"id\", id))"),
        "{}",
        ran.err
    );
    let ran = run(folder.path(), &["add", "error", "TOO_LATE", "--code", "409"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let after = read(&folder, FILE);
    assert!(after.contains("import \"bia/options.proto\";"));
    assert!(after.ends_with("enum UserError {\n  USER_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}];\n\n  USER_GONE = 1 [(bia.error) = {\n    code: 410\n    message: \"\\\"{id}\\\" is gone\"\n  }];\n\n  TOO_LATE = 2 [(bia.error) = {code: 409}];\n}\n"), "{after}");
    let ran = run(folder.path(), &["add", "error", "TOO_LATE", "--code", "409"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
}

#[test]
fn a_job_is_run_and_stopped_by_the_app() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    for (name, every) in [("ExpireSessions", "5m"), ("clean-up", "30s")] {
        let ran = run(folder.path(), &["add", "job", name, "--every", every]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let job = read(&folder, "src/jobs/expire_sessions.rs");
    assert!(
        job.contains("Duration::from_secs(300)") && job.contains("impl Server for ExpireSessions")
    );
    assert_eq!(
        read(&folder, "src/jobs/mod.rs"),
        "//! What is done again and again while the service runs.\n\npub(crate) mod clean_up;\npub(crate) mod expire_sessions;\n"
    );
    let main = read(&folder, "src/main.rs");
    assert!(main.contains("mod jobs;\nmod service;\n"), "{main}");
    assert!(main.contains("    app.serve(api::user_service(service::Users))\n        .server(jobs::clean_up::CleanUp)\n        .server(jobs::expire_sessions::ExpireSessions)\n        .run()\n        .await\n"), "{main}");
    assert!(read(&folder, "Cargo.toml").contains("tokio = \"1\"\ntracing = \"0.1\"\n"));
    let ran = run(folder.path(), &["add", "job", "clean_up"]);
    assert!(ran.code == 1 && ran.err.contains("is there already"), "{}", ran.err);
}

#[test]
fn a_manifest_whose_lines_end_as_on_windows_keeps_them() {
    let manifest = MANIFEST.replace('\n', "\r\n");
    let folder = project(&[("src/service.rs", SERVICE), ("Cargo.toml", &manifest)]);
    let ran = run(folder.path(), &["add", "job", "clean-up"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = MANIFEST.replace("tokio = \"1\"\n", "tokio = \"1\"\ntracing = \"0.1\"\n");
    assert_eq!(read(&folder, "Cargo.toml"), expected.replace('\n', "\r\n"));
}

#[test]
fn a_main_that_is_not_understood_is_left_alone_and_the_lines_are_told() {
    let main = "fn main() { launch() }\n";
    let folder = project(&[("src/service.rs", SERVICE), ("src/main.rs", main)]);
    write(folder.path(), "other.proto", "syntax = \"proto3\"; package o; service O {}");
    let ran = run(folder.path(), &["add", "job", "clean"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("app.server(jobs::clean::Clean).run()"), "{}", ran.err);
    let ran = run(folder.path(), &["add", "client", "other", "--proto", "other.proto"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("let o = o::OClient::new(app.channel(\"other\")?);"), "{}", ran.err);
    assert_eq!(read(&folder, "src/main.rs"), main);
    assert_eq!(read(&folder, "build.rs"), BUILD);
    assert!(!folder.path().join("src/jobs").exists());

    write(folder.path(), "src/main.rs", "fn main( {");
    let ran = run(folder.path(), &["add", "job", "clean"]);
    assert_eq!(ran.code, 1);
    let told = "error: src/main.rs:1:10: this `{` is never closed; the file was left as it is";
    assert!(ran.err.contains(told) && ran.err.contains("hint: put it right there"), "{}", ran.err);
    assert_eq!(read(&folder, "src/main.rs"), "fn main( {");

    write(folder.path(), "build.rs", "fn main() { \"proto }\n");
    let ran = run(folder.path(), &["sync"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error: build.rs:1:13: this text has no end"), "{}", ran.err);
}

#[test]
fn a_client_is_wired_however_the_protos_are_listed() {
    let other = "syntax = \"proto3\"; package order.v1; service OrderService {}";
    for (build, expected) in [
        (BUILD.to_owned(), "compile(&[\"proto/user/v1/user.proto\", \"proto/order/v1/order.proto\"])"),
        (
            "fn main() {\n    bia_codegen::Compiler::new()\n        .file(\"proto/user/v1/user.proto\") // ours\n        .compile()\n}\n".to_owned(),
            "        .file(\"proto/user/v1/user.proto\")\n        .file(\"proto/order/v1/order.proto\") // ours\n        .compile()",
        ),
        (
            "fn main() {\n    C::new().files([\n        \"proto/user/v1/user.proto\",\n    ]).mocks(true).compile()\n}\n".to_owned(),
            "        \"proto/user/v1/user.proto\",\n        \"proto/order/v1/order.proto\",\n    ])",
        ),
    ] {
        let folder = project(&[("src/service.rs", SERVICE), ("build.rs", &build), ("proto/order/v1/order.proto", other)]);
        let arguments = ["add", "client", "order-service", "--proto", "proto/order/v1/order.proto"];
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(read(&folder, "build.rs").contains(expected), "{}", read(&folder, "build.rs"));
        let main = read(&folder, "src/main.rs");
        assert!(main.contains("let app = bia::App::new(\"shop\", \"0.1.0\", &config)?;\n    #[expect(unused_variables, reason = \"until order-service is called\")]\n    let order_service = order::v1::OrderServiceClient::new(app.channel(\"order-service\")?);\n"), "{main}");
        assert!(ran.err.contains("clients:\n          order-service:\n            timeout: 2s"), "{}", ran.err);
        assert!(run(folder.path(), &arguments).err.contains("Unchanged"));
        // What is only called needs no implementation.
        assert_eq!(run(folder.path(), &["sync", "--check"]).code, 0);
    }
}
