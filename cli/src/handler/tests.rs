#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use bia_codegen::{Compiler, Model};

use super::*;

/// The model of `proto`, a file of the package `user.v1` that lies beside one of `shared.v2`.
fn model(proto: &str) -> Model {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    write(
        "shared/v2/shared.proto",
        "syntax = \"proto3\"; package shared.v2; message Money { message Unit {} }",
    );
    write("user/type/kind.proto", "syntax = \"proto3\"; package user.type; message Kind {}");
    let path = write("user/v1/user.proto", proto);
    Compiler::new().file(path).model().unwrap()
}

const HEAD: &str = r#"syntax = "proto3";
package user.v1;
import "google/protobuf/empty.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "shared/v2/shared.proto";
import "user/type/kind.proto";
message User { message Address {} }
message GetUserRequest {}
message WatchUsersRequest {}
message WatchUsersResponse {}
"#;

fn methods(model: &Model) -> &[Method] {
    &model.packages.iter().find(|it| it.name == "user.v1").unwrap().services[0].methods
}

fn texts(types: &str, service: &str) -> Vec<String> {
    let model = model(&format!("{HEAD}service UserService {{ {service} }}"));
    methods(&model).iter().map(|it| method(it, types)).collect()
}

#[test]
fn every_kind_of_method_is_written_as_a_user_does() {
    let text = texts(
        "api",
        "rpc GetUser(GetUserRequest) returns (User);
         rpc WatchUsers(WatchUsersRequest) returns (stream WatchUsersResponse);
         rpc ImportUsers(stream User) returns (google.protobuf.Empty);
         rpc SyncUsers(stream User) returns (stream User);",
    );
    assert_eq!(
        text.concat(),
        r#"    async fn get_user(&self, _cx: &Context, _request: api::GetUserRequest) -> Result<api::User> {
        let todo = "GetUser is not written yet";
        Err(bia::Error::unimplemented("UNIMPLEMENTED", todo))
    }
    async fn watch_users(
        &self,
        _cx: &Context,
        _request: api::WatchUsersRequest,
    ) -> Result<impl Stream<Item = Result<api::WatchUsersResponse>> + Send> {
        let todo = "WatchUsers is not written yet";
        Err::<bia::Streaming<_>, _>(bia::Error::unimplemented("UNIMPLEMENTED", todo))
    }
    async fn import_users(&self, _cx: &Context, _requests: Streaming<api::User>) -> Result<()> {
        let todo = "ImportUsers is not written yet";
        Err(bia::Error::unimplemented("UNIMPLEMENTED", todo))
    }
    async fn sync_users(
        &self,
        _cx: &Context,
        _requests: Streaming<api::User>,
    ) -> Result<impl Stream<Item = Result<api::User>> + Send> {
        let todo = "SyncUsers is not written yet";
        Err::<bia::Streaming<_>, _>(bia::Error::unimplemented("UNIMPLEMENTED", todo))
    }
"#
    );
}

#[test]
fn messages_of_elsewhere_are_named_where_they_are() {
    let heads = |types: &str| {
        let texts = texts(
            types,
            "rpc A(User.Address) returns (shared.v2.Money);
             rpc B(shared.v2.Money.Unit) returns (user.type.Kind);
             rpc C(google.protobuf.Timestamp) returns (google.protobuf.StringValue);
             rpc Type(google.protobuf.BytesValue) returns (google.protobuf.UInt32Value);",
        );
        texts.iter().map(|it| it.lines().next().unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        heads("api"),
        [
            "async fn a(&self, _cx: &Context, _request: api::user::Address) -> Result<crate::shared::v2::Money> {",
            "async fn b(",
            "async fn c(&self, _cx: &Context, _request: bia::prost_types::Timestamp) -> Result<String> {",
            "async fn r#type(&self, _cx: &Context, _request: Vec<u8>) -> Result<u32> {",
        ]
        .map(|line| if 4 + line.len() > 100 { line.split_inclusive('(').next().unwrap() } else { line })
    );
    assert!(heads("")[0].starts_with("async fn a("));
}

#[test]
fn what_has_to_be_imported_is_what_is_named() {
    let of = |service: &str| {
        let model = model(&format!("{HEAD}service UserService {{ {service} }}"));
        imports(methods(&model))
    };
    assert!(of("").is_empty());
    assert_eq!(of("rpc A(User) returns (User);"), ["Context", "Result"]);
    assert_eq!(of("rpc A(User) returns (stream User);"), ["Context", "Result", "Stream"]);
    assert_eq!(of("rpc A(stream User) returns (User);"), ["Context", "Result", "Streaming"]);
    assert_eq!(
        of("rpc A(stream User) returns (stream User);"),
        ["Context", "Result", "Stream", "Streaming"]
    );
}

/// `text` as rustfmt has it; none without rustfmt.
fn formatted(text: &str, options: &str) -> Option<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config", options])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn rustfmt_has_nothing_to_change_however_long_the_names_are() {
    let mut proto = HEAD.to_owned();
    let mut service = String::new();
    for length in 1..50 {
        let name = format!("M{}", "x".repeat(length));
        proto.push_str(&format!("message {name} {{}}\n"));
        for (kind, (request, reply)) in
            [("", ""), ("", "stream "), ("stream ", ""), ("stream ", "stream ")].iter().enumerate()
        {
            service.push_str(&format!(
                "rpc Get{kind}{length}({request}{name}) returns ({reply}{name});\n"
            ));
        }
    }
    let model = model(&format!("{proto}service UserService {{ {service} }}"));
    let bodies: Vec<String> = methods(&model).iter().map(|it| method(it, "api")).collect();
    assert_eq!(bodies.len(), 4 * 49);
    let text = format!("impl api::UserService for Users {{\n{}}}\n", bodies.join("\n"));
    for options in ["use_small_heuristics=Max", "max_width=100"] {
        let Some(formatted) = formatted(&text, options) else {
            println!(
                "SKIPPED rustfmt_has_nothing_to_change_however_long_the_names_are: no rustfmt"
            );
            return;
        };
        let differs =
            formatted.lines().zip(text.lines()).find(|(formatted, text)| formatted != text);
        assert_eq!(differs, None, "{options}");
        assert_eq!(formatted.len(), text.len(), "{options}");
    }
}
