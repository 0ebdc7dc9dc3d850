//! What was laid out as `cargo fmt` and `bia proto format` have it is so again when something was added;
//! what was not is only added to.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::command::run;
use crate::project::{BUILD, MAIN, PROTO, RUSTFMT, project, read, write};

const SERVICE: &str = "\
//! The users.

use bia::{Context, Result};

use crate::api;

/// Answers.
pub(crate) struct Users;

impl api::UserService for Users {}
";

/// In the form that `bia proto format` has.
const FORMED: &str = "\
syntax = \"proto3\";

package user.v1;

// Keeps users.
service UserService {
  // Fetches one.
  rpc GetUser(GetUserRequest) returns (User);
  rpc ListUsers(ListUsersRequest) returns (stream User); // all of them
}

message User {}

message GetUserRequest {}

message ListUsersRequest {}
";

/// Everything that adds something, with names short and long.
const COMMANDS: [&[&str]; 14] = [
    &["sync"],
    &["add", "job", "a"],
    &["add", "job", "zip"],
    &["add", "job", "expire-sessions-of-users-that-have-been-away-for-long"],
    &["add", "job", "m10"],
    &["add", "job", "m9"],
    &["add", "client", "order-service", "--proto", "proto/order/v1/order.proto"],
    &[
        "add",
        "client",
        "the-service-that-knows-all-addresses",
        "--proto",
        "proto/address_of_users_and_others/v1/address.proto",
    ],
    &[
        "proto",
        "add",
        "proto/an_order_of_a_user_with_many_entries/v1/entry_of_an_order_with_a_long_name.proto",
    ],
    &["proto", "add", "proto/b/v1/b.proto"],
    &["sync", "--create"],
    &[
        "add",
        "rpc",
        "UserService/ArchiveAllUsersThatHaveNotBeenSeenForAYear",
        "--request",
        "map<string,int32> days, repeated   string tags",
        "--http",
        "POST /v1/users/{id}:archive",
        "--stream",
        "server",
        "--returns",
        "google.protobuf.Timestamp",
    ],
    &[
        "add",
        "error",
        "USER_BLOCKED",
        "--code",
        "403",
        "--message",
        "the user {id} is blocked",
        "--service",
        "UserService",
    ],
    &[
        "add",
        "rpc",
        "UserService/X",
        "--response",
        "map<string,int64>   a,repeated google.protobuf.Duration b",
    ],
];

/// One program that makes its app in a function of its own, as `bia new` has it.
const APART: &str = "\
//! shop.

mod alpha;
mod rules;
mod service;
#[cfg(test)]
mod tests;

bia::include_protos!();

use user::v1 as api;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    app(&bia::config::<()>().await?).await?.run().await
}

async fn app(config: &bia::Config<()>) -> Result<bia::App, bia::Exit> {
    let app = bia::App::new(\"shop\", env!(\"CARGO_PKG_VERSION\"), config)?;

    let app = app.after_stop(\"close\", Duration::from_secs(5), async move || database.close().await);
    Ok(app.serve(api::user_service(service::Users)))
}
";

/// One whose chain has a line for each call, between two modules in an order of their own.
const CHAIN: &str = "\
// Modules.
mod zeta;
mod service;

bia::include_protos!();

use user::v1 as api;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<()>().await?;
    let app: bia::App = bia::App::new(\"shop\", \"0.1.0\", &config)?; // made
    app.before_stop(\"end\", Duration::from_secs(1), {
        let users = Arc::clone(&users);
        async move || users.end() // watches
    })
    /* all of it */
    .serve(api::user_service(service::Users)) // users
    .run()
    .await
}
";

const CALLS: &str = "\
fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::Compiler::new().file(\"proto/user/v1/user.proto\").mocks(true).compile()
}
";

const LINES: &str = "\
fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::Compiler::new()
        .files([
            // ours
            \"proto/user/v1/user.proto\",
        ])
        .compile()
}
";

/// A project that is as these settings of rustfmt and `bia proto format` have it, to which everything is
/// added.
fn all_that_is_added_is_laid_out(main: &str, build: &str, settings: &str) {
    let folder = with(main, build, SERVICE, FORMED, settings);
    lay_out(folder.path());
    for command in COMMANDS {
        let ran = run(folder.path(), command);
        assert_eq!(ran.code, 0, "{command:?}: {}{}", ran.out, ran.err);
        is_laid_out(folder.path());
        let ran = run(folder.path(), &["proto", "format", "--check"]);
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.out);
    }
    assert_eq!(run(folder.path(), &["sync", "--check"]).code, 0);
}

fn with(main: &str, build: &str, service: &str, proto: &str, settings: &str) -> tempfile::TempDir {
    let folder = project(&[
        ("src/main.rs", main),
        ("src/service.rs", service),
        ("build.rs", build),
        ("proto/user/v1/user.proto", proto),
        ("rustfmt.toml", settings),
    ]);
    for (path, text) in [
        ("order/v1", "order.v1;\n\nservice OrderService {}\n"),
        (
            "address_of_users_and_others/v1",
            "address_of_users_and_others.v1;\n\nservice AddressBook {}\n",
        ),
    ] {
        let name = path.split(['/', '_']).next().unwrap();
        let text = format!("syntax = \"proto3\";\n\npackage {text}");
        write(folder.path(), &format!("proto/{path}/{name}.proto"), &text);
    }
    folder
}

#[test]
fn what_is_added_to_a_project_that_was_made_here_is_laid_out() {
    all_that_is_added_is_laid_out(APART, BUILD, RUSTFMT);
}

#[test]
fn what_is_added_to_a_chain_of_lines_is_laid_out() {
    all_that_is_added_is_laid_out(CHAIN, LINES, RUSTFMT);
}

#[test]
fn what_is_added_is_laid_out_as_rustfmt_does_by_itself() {
    all_that_is_added_is_laid_out(MAIN, CALLS, "");
}

#[test]
fn what_is_added_is_laid_out_as_the_settings_of_the_project_say() {
    all_that_is_added_is_laid_out(CHAIN, BUILD, "max_width = 60\nhard_tabs = true\n");
}

#[test]
fn what_its_author_laid_out_otherwise_is_only_added_to() {
    let odd = |text: &str| text.replace("    ", "   ").replace(" =", "  =");
    let build = BUILD.replace("&[", "& [");
    for main in [MAIN, CHAIN] {
        let folder = with(&odd(main), &build, &odd(SERVICE), &odd(PROTO), RUSTFMT);
        let files = ["src/main.rs", "build.rs", "src/service.rs", "proto/user/v1/user.proto"];
        let mut before = files.map(|path| read(&folder, path));
        for command in COMMANDS {
            let ran = run(folder.path(), command);
            assert_eq!(ran.code, 0, "{command:?}: {}{}", ran.out, ran.err);
            for (path, before) in files.iter().zip(&mut before) {
                let after = read(&folder, path);
                assert!(has_all_of(&after, before), "{command:?}: {path}: {before}\n{after}");
                *before = after;
            }
        }
    }
}

/// Whether every character of `before` is in `after`, in the same order.
fn has_all_of(after: &str, before: &str) -> bool {
    let mut left = after.chars();
    before.chars().all(|c| left.any(|it| it == c))
}

/// Lays all Rust below a folder out.
fn lay_out(folder: &Path) {
    for file in rust(folder) {
        let laid_out = rustfmt(&file, &[]);
        assert!(laid_out.status.success(), "{}", String::from_utf8_lossy(&laid_out.stderr));
        std::fs::write(&file, laid_out.stdout).unwrap();
    }
}

/// All Rust below a folder is as `cargo fmt` has it.
pub(crate) fn is_laid_out(folder: &Path) {
    for file in rust(folder) {
        let told = rustfmt(&file, &["--check"]);
        let (out, err) =
            (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        assert!(told.status.success(), "{}: {out}{err}", file.display());
    }
}

fn rustfmt(file: &Path, arguments: &[&str]) -> Output {
    Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(arguments)
        .current_dir(file.parent().unwrap())
        .stdin(File::open(file).unwrap())
        .output()
        .unwrap()
}

fn rust(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files
}
