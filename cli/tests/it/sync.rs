//! The code follows the protos, and nothing that a person wrote is touched.

use crate::command::run;
use crate::project::{BUILD, MAIN, PROTO, project, read, write};

const SERVICE: &str = "\
use bia::{Context, Result};

use crate::api;

pub struct Users;

impl api::UserService for Users {
    // The only one so far.
    async fn get_user(&self, _cx: &Context, request: api::GetUserRequest) -> Result<api::User> {
        find(request) // fast
    }
}
";

const SYNCED: &str = "\
use bia::{Context, Result};

use crate::api;

pub struct Users;

impl api::UserService for Users {
    // The only one so far.
    async fn get_user(&self, _cx: &Context, request: api::GetUserRequest) -> Result<api::User> {
        find(request) // fast
    }

    async fn list_users(
        &self,
        _cx: &Context,
        _request: api::ListUsersRequest,
    ) -> Result<impl bia::Stream<Item = Result<api::User>> + Send> {
        let todo = \"ListUsers is not written yet\";
        Err::<bia::Streaming<_>, _>(bia::Error::unimplemented(\"UNIMPLEMENTED\", todo))
    }

    async fn import_users(
        &self,
        _cx: &Context,
        _requests: bia::Streaming<api::User>,
    ) -> Result<api::ListUsersRequest> {
        let todo = \"ImportUsers is not written yet\";
        Err(bia::Error::unimplemented(\"UNIMPLEMENTED\", todo))
    }
}
";

#[test]
fn methods_that_are_new_appear_once_and_a_check_writes_nothing() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    for arguments in [["sync", "--check"], ["sync", "--dry-run"]] {
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, i32::from(arguments[1] == "--check"), "{}", ran.err);
        assert!(ran.out.contains("list_users of user.v1.UserService is missing"), "{}", ran.out);
        assert_eq!(read(&folder, "src/service.rs"), SERVICE);
    }
    let ran = run(folder.path(), &["sync", "shop"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("src/service.rs:13: list_users is new"), "{}", ran.out);
    assert_eq!(read(&folder, "src/service.rs"), SYNCED);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(run(folder.path(), &["sync"]).err.contains("Unchanged"));
}

#[test]
fn a_new_method_goes_where_the_proto_has_it() {
    let text = "impl crate::user::v1::UserService for Users {\r\n\tasync fn list_users(&self, cx: &bia::Context, r: Any) -> Any2 {}\r\n\r\n\tconst X: u8 = 1;\r\n}";
    let folder = project(&[("src/service.rs", text)]);
    assert_eq!(run(folder.path(), &["sync"]).code, 0);
    let after = read(&folder, "src/service.rs");
    let place = |name: &str| after.find(name).expect(name);
    assert!(place("fn get_user") < place("fn list_users"), "{after}");
    assert!(place("fn list_users") < place("fn import_users"), "{after}");
    assert!(place("fn import_users") < place("const X"), "{after}");
    assert!(after.contains("\r\n\tasync fn get_user(\r\n\t\t&self,\r\n\t\t_cx: &bia::Context,\r\n\t\t_request: crate::user::v1::GetUserRequest,\r\n\t) -> bia::Result<crate::user::v1::User> {\r\n\t\tlet todo"), "{after}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
}

#[test]
fn the_trait_is_found_however_it_is_named() {
    let user = "async fn get_user(&self, _cx: &bia::Context, _request: PATHGetUserRequest)";
    for (text, types) in [
        ("impl crate::api::UserService for A {}", "crate::api::"),
        ("use crate::user; impl user::v1::UserService for A {}", "user::v1::"),
        ("use crate::user::v1::UserService; impl UserService for A {}", "crate::user::v1::"),
        ("use crate::user::v1::UserService as Svc; impl Svc for A {}", "crate::user::v1::"),
        ("use crate::user::v1::{self as it, UserService}; impl UserService for A {}", "it::"),
        ("use crate::user::v1::*; impl<T> UserService for A<T> {}", ""),
        (
            "use super::user::v1::{self, *}; mod a { use super::*; impl UserService for A {} }",
            "crate::user::v1::",
        ),
        (
            "#[cfg(feature = \"x\")] mod a { mod b { use super::super::super::api; impl api::UserService for A {} } }",
            "api::",
        ),
        (
            "#[cfg(test)] impl r#super::UserService for B {} use crate::api as r; impl r::UserService for A {}",
            "r::",
        ),
        (
            "fn make() { use crate::api as here; struct A; impl here::UserService for A {} }",
            "here::",
        ),
        (
            "mod deep { pub use crate::user::v1::*; } impl deep::UserService for A {}",
            "crate::user::v1::",
        ),
        ("use shop::user::v1 as own; impl own::UserService for A {}", "own::"),
    ] {
        let text = text.replace("r#super::UserService", "crate::api::UserService");
        let folder = project(&[("src/service.rs", &text)]);
        let ran = run(folder.path(), &["sync"]);
        assert_eq!(ran.code, 0, "{text}: {}", ran.err);
        let after = read(&folder, "src/service.rs");
        let flat = after
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("( &self", "(&self")
            .replace(", )", ")");
        assert!(flat.contains(&user.replace("PATH", types)), "{text}\n{after}");
        let ran = run(folder.path(), &["sync", "--check"]);
        assert_eq!(ran.code, 0, "{text}\n{after}\n{}", ran.out);
    }
}

#[test]
fn names_are_used_as_they_are_imported() {
    let text = "use bia::{Context as Cx, Result as Outcome, Streaming};\nuse futures_util::Stream;\nuse crate::api;\nimpl api::UserService for A {}\n";
    let folder = project(&[("src/service.rs", text)]);
    assert_eq!(run(folder.path(), &["sync"]).code, 0);
    let after = read(&folder, "src/service.rs");
    assert!(
        after.contains("(&self, _cx: &Cx, _request: api::GetUserRequest) -> Outcome<api::User> {"),
        "{after}"
    );
    assert!(
        after.contains(") -> Outcome<impl Stream<Item = Outcome<api::User>> + Send> {"),
        "{after}"
    );
    assert!(after.contains("_requests: Streaming<api::User>"), "{after}");
}

#[test]
fn what_only_looks_like_the_service_is_left_alone() {
    let text = r##"
trait UserService {}
impl UserService for A {}
macro_rules! api { () => { impl crate::api::UserService for B {} } }
const TEXT: &str = r#"impl api::UserService for C {}"#;
// impl api::UserService for D {}
"##;
    let folder = project(&[("src/service.rs", text)]);
    let ran = run(folder.path(), &["sync"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read(&folder, "src/service.rs"), text);
    assert!(
        ran.out.contains("user.proto:6: user.v1.UserService has no implementation"),
        "{}",
        ran.out
    );
    let hint = "what main.rs serves needs it: write `impl user::v1::UserService for … {}`";
    assert!(ran.err.contains(hint), "{}", ran.err);
}

#[test]
fn what_the_proto_lost_or_changed_is_told_and_stays() {
    let text = "\
use bia::{Context, Result, Streaming};
use crate::api;
type Reply = Result<api::User>;
impl api::UserService for A {
    async fn find_user(&self, _cx: &Context, request: api::GetUserRequest) -> Result<api::User> {}
    async fn list_users(&self, _cx: &Context, request: api::ListUsersRequest) -> Result<api::User> {}
    async fn import_users(&self, _cx: &Context, requests: Streaming<api::Gone>) -> Result<()> {}
    async fn drop_everything(&self, _cx: &Context, request: api::Gone) -> Reply {}
}
";
    let folder = project(&[("src/service.rs", text)]);
    let ran = run(folder.path(), &["sync", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let findings: Vec<(&str, &str, u64)> = told["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            (
                it["kind"].as_str().expect("a kind"),
                it["method"].as_str().expect("a method"),
                it["line"].as_u64().expect("a line"),
            )
        })
        .collect();
    assert_eq!(
        findings,
        [
            ("removed", "find_user", 5),
            ("changed", "list_users", 6),
            ("changed", "import_users", 7),
            ("removed", "drop_everything", 8),
            ("added", "get_user", 5),
        ]
    );
    assert_eq!(told["to_do"], 4);
    assert_eq!(told["findings"][0]["renamed_to"], "get_user");
    assert_eq!(
        told["findings"][1]["expected"],
        "async fn list_users(&self, cx: &Context, request: api::ListUsersRequest) -> Result<impl bia::Stream<Item = Result<api::User>> + Send>"
    );
    let after = read(&folder, "src/service.rs");
    assert!(
        after.contains("async fn find_user(&self, _cx: &Context, request: api::GetUserRequest)")
    );
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("src/service.rs:10: find_user is not in user.v1.UserService"),
        "{}",
        ran.out
    );
}

#[test]
fn what_cannot_be_judged_is_taken_for_right() {
    let text = "\
use crate::{api, api::GetUserRequest as Request};
type Reply = bia::Result<api::User>;
impl api::UserService for A {
    async fn get_user(&self, _: &bia::Context, Request { .. }: Request) -> Reply {}
    fn list_users(&self, _: &bia::Context, _: api::ListUsersRequest) -> impl Future<Output = bia::Result<BoxStream<'static, api::User>>> + Send {}
    forward! { import_users => self.0 }
}
";
    let folder = project(&[("src/service.rs", text)]);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("src/service.rs:3: a macro here names import_users"), "{}", ran.out);
    assert_eq!(read(&folder, "src/service.rs"), text);
}

#[test]
fn a_file_that_is_no_rust_is_refused_and_nothing_is_written() {
    let broken = "impl crate::api::UserService for A {\n    fn é(&self) -> {}\n}\n";
    let folder = project(&[("src/service.rs", SERVICE), ("src/zz.rs", broken)]);
    let ran = run(folder.path(), &["sync"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("src/zz.rs:2:20: "), "{}", ran.err);
    assert!(ran.err.contains("nothing was written"), "{}", ran.err);
    assert_eq!(read(&folder, "src/service.rs"), SERVICE);

    write(folder.path(), "src/zz.rs", "{{ a template }}");
    let ran = run(folder.path(), &["sync"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("the file is passed over"), "{}", ran.err);
    assert_eq!(read(&folder, "src/service.rs"), SYNCED);
}

#[test]
fn what_could_not_be_written_is_not_told_as_new() {
    let folder = project(&[("src/service.rs", SERVICE)]);
    // No file can grow: that is told as an error, and not by a signal that ends the command.
    let line = format!("trap '' XFSZ; ulimit -f 0; exec {} sync", env!("CARGO_BIN_EXE_bia"));
    for arguments in ["", " --json"] {
        let mut limited = std::process::Command::new("sh");
        limited.arg("-c").arg(format!("{line}{arguments}")).current_dir(folder.path());
        let ran = crate::command::Ran::from(limited.output().expect("it runs"));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains("cannot write src/service.rs"), "{}", ran.err);
    }
    assert_eq!(read(&folder, "src/service.rs"), SERVICE);
    assert!(run(folder.path(), &["sync"]).out.contains("list_users is new"));
}

#[test]
fn a_service_without_an_implementation_can_be_given_one() {
    let main = MAIN
        .replace("mod service;\n\n", "")
        .replace(".serve(api::user_service(service::Users))", "");
    let folder = project(&[("src/main.rs", &main)]);
    let ran = run(folder.path(), &["sync", "--create"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let made = read(&folder, "src/user_service.rs");
    assert!(
        made.contains(
            "use bia::{Context, Result, Stream, Streaming};\n\nuse crate::user::v1 as api;"
        ),
        "{made}"
    );
    assert!(made.contains("impl api::UserService for UserApi {\n    async fn get_user("), "{made}");
    let main = read(&folder, "src/main.rs");
    assert!(main.contains("mod user_service;\n"), "{main}");
    assert!(
        main.contains("app.serve(user::v1::user_service(user_service::UserApi)).run().await"),
        "{main}"
    );
    assert_eq!(run(folder.path(), &["sync", "--check"]).code, 0);
    assert!(run(folder.path(), &["sync"]).err.contains("Unchanged"));
}

#[test]
fn a_service_that_nothing_serves_is_hinted_at() {
    let main = MAIN.replace(".serve(api::user_service(service::Users))", "");
    let folder = project(&[("src/main.rs", &main), ("src/service.rs", SYNCED)]);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains(
            "src/service.rs:7: user.v1.UserService is implemented, and nothing serves it"
        ),
        "{}",
        ran.out
    );
    assert!(ran.err.contains(".serve(user::v1::user_service(Users))"), "{}", ran.err);
}

#[test]
fn a_proto_that_is_wrong_is_told_with_its_place() {
    let proto = PROTO.replace("returns (User);", "returns (Usr);");
    let folder = project(&[("proto/user/v1/user.proto", &proto), ("src/service.rs", SERVICE)]);
    let ran = run(folder.path(), &["sync"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("user.proto:8:"), "{}", ran.err);
    assert_eq!(read(&folder, "src/service.rs"), SERVICE);
    std::fs::remove_file(folder.path().join("proto/user/v1/user.proto")).expect("it is there");
    let ran = run(folder.path().join("src"), &["sync"]);
    let root = folder.path().canonicalize().expect("it is there").display().to_string();
    assert!(
        ran.err.contains(&format!("cannot find {root}/proto/user/v1/user.proto")),
        "{}",
        ran.err
    );
    let hint = format!("hint: {root}/build.rs names it; paths there begin in {root}\n");
    assert!(ran.err.contains(&hint), "{}", ran.err);
    assert_eq!(run(folder.path(), &["sync", "shpo"]).code, 1);
    assert_eq!(run(folder.path(), &["sync", "--check", "--dry-run"]).code, 2);
}

#[test]
fn a_second_version_beside_the_first_is_told_and_made_in_a_file_of_its_own() {
    let build = BUILD.replace(
        "\"proto/user/v1/user.proto\"",
        "\"proto/user/v1/user.proto\", \"proto/user/v2/user.proto\"",
    );
    let second = PROTO.replace("user.v1", "user.v2");
    let test = "#[cfg(test)]\nmod tests {\n    fn f() { crate::api::UserServiceClient::new(channel); }\n}\n";
    let folder = project(&[
        ("src/service.rs", &format!("{SYNCED}\n{test}")),
        ("build.rs", &build),
        ("proto/user/v2/user.proto", &second),
    ]);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("user.v2.UserService has no implementation"), "{}", ran.out);
    assert!(!ran.out.contains("user.v1"), "{}", ran.out);

    assert_eq!(run(folder.path(), &["sync", "--create"]).code, 0);
    let made = read(&folder, "src/user_service_v2.rs");
    assert!(made.contains("use crate::user::v2 as api;"), "{made}");
    let main = read(&folder, "src/main.rs");
    assert!(main.contains("mod service;\nmod user_service_v2;\n"), "{main}");
    assert!(main.contains(".serve(user::v2::user_service(user_service_v2::UserApi))"), "{main}");
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
}

#[test]
fn an_implementation_that_is_gone_is_told_while_main_serves_it() {
    let tests = "fn client() -> crate::api::UserServiceClient { todo() }\n";
    let main = MAIN.replace("mod service;\n", "mod service;\n#[cfg(test)]\nmod tests;\n");
    let gone = SYNCED.split("impl ").next().expect("a beginning");
    for files in [
        // The file of the module may be gone, too.
        &[("src/main.rs", main.as_str()), ("src/tests.rs", tests)][..],
        &[("src/main.rs", &main), ("src/tests.rs", tests), ("src/service.rs", gone)],
    ] {
        let folder = project(files);
        for arguments in [&["sync", "--check"][..], &["sync", "--create"]] {
            let ran = run(folder.path(), arguments);
            assert_eq!(ran.code, i32::from(arguments[1] == "--check"), "{}", ran.err);
            assert!(ran.out.contains("user.v1.UserService has no implementation"), "{}", ran.out);
            // A second thing that is served under the name would not start.
            assert_eq!(read(&folder, "src/main.rs"), main);
        }
    }
}

#[test]
fn a_service_that_is_only_called_needs_no_implementation() {
    let client =
        "    let users = api::UserServiceClient::new(app.channel(\"users\")?);\n    app.run()";
    let main = MAIN
        .replace("mod service;\n", "#[cfg(test)]\nmod tests;\n")
        .replace("    app.serve(api::user_service(service::Users)).run()", client);
    // A test serves what stands in for it.
    let tests = "fn f() { serve(crate::api::user_service(crate::api::MockUserService::new())) }\n";
    let folder = project(&[("src/main.rs", &main), ("src/tests.rs", tests)]);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
}

#[test]
fn an_implementation_of_a_service_that_no_proto_has_any_more_is_told_and_stays() {
    let gone = "src/service.rs:7: user.v1.UserService is in no proto of shop any more: ";
    let now = |name: &str| format!("{gone}if it is {name} now, implement that here");
    let removed = format!("{gone}remove its implementation, and what serves it");
    let messages = PROTO.split("message ").skip(1).map(|it| format!("message {it}"));
    let without = format!(
        "syntax = \"proto3\";\npackage user.v1;\n{}",
        messages.collect::<Vec<_>>().concat()
    );
    let whole = SYNCED.replace("api::", "crate::user::v1::").replace("use crate::api;\n", "\n");
    for (proto, told) in [
        (PROTO.replace("user.v1", "user.v2"), now("user.v2.UserService")),
        (PROTO.replace("user.v1", "people.v1"), now("people.v1.UserService")),
        (PROTO.replace("UserService", "PersonService"), now("user.v1.PersonService")),
        (without, removed),
    ] {
        for service in [SYNCED, &whole] {
            let folder =
                project(&[("src/service.rs", service), ("proto/user/v1/user.proto", &proto)]);
            for arguments in [["sync", "--check"], ["sync", "-q"]] {
                let ran = run(folder.path(), &arguments);
                assert_eq!(ran.code, i32::from(arguments[1] == "--check"), "{}", ran.err);
                assert!(ran.out.contains(&told), "`{told}` is not in: {}", ran.out);
                assert_eq!(read(&folder, "src/service.rs"), service);
            }
        }
    }
}

#[test]
fn what_may_come_from_elsewhere_is_not_taken_for_a_service_that_is_gone() {
    let handler = "async fn get(&self, cx: &bia::Context, request: u8) -> bia::Result<u8> {}";
    for (main, name) in [
        ("", "tokio::v1::OtherService"),
        ("", "::user::v1::OtherService"),
        ("use tokio::prelude::*;", "crate::OtherService"),
        ("#[path = \"elsewhere.rs\"] mod elsewhere;", "crate::elsewhere::OtherService"),
        ("mod mine { pub trait OtherService {} }", "crate::mine::OtherService"),
        ("mod mine { tokio::make!(); }", "crate::mine::OtherService"),
        ("tokio::make!();\nuse made::v1 as other;", "crate::other::OtherService"),
        ("mod again { bia::include_protos!(); }", "crate::again::user::v1::OtherService"),
    ] {
        let other = format!("{SYNCED}\nimpl {name} for Users {{ {handler} }}\n");
        let main = format!("{MAIN}\n{main}\n");
        let folder = project(&[("src/service.rs", &other), ("src/main.rs", &main)]);
        let ran = run(folder.path(), &["sync", "--check"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{name}: {}", ran.err);
    }
    // Methods that no service has are some other trait's.
    let other = format!("{SYNCED}\nimpl crate::user::v1::Other for Users {{ fn a(&self) {{}} }}\n");
    let folder = project(&[("src/service.rs", &other)]);
    let ran = run(folder.path(), &["sync", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
}
