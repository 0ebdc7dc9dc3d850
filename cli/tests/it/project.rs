//! Projects that are made for a test, and never built.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::Path;

use tempfile::TempDir;

pub(crate) const MANIFEST: &str = r#"[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[dependencies]
bia = "0.1"
tokio = "1"

[build-dependencies]
bia-codegen = "0.1"
"#;

/// As `bia new` has it.
pub(crate) const RUSTFMT: &str = include_str!("../../../templates/service/rustfmt.toml");

pub(crate) const BUILD: &str = r#"fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::compile(&["proto/user/v1/user.proto"])
}
"#;

pub(crate) const MAIN: &str = r#"//! shop.

mod service;

bia::include_protos!();

use user::v1 as api;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<Settings>().await?;
    let app = bia::App::new("shop", "0.1.0", &config)?;
    app.serve(api::user_service(service::Users)).run().await
}
"#;

pub(crate) const PROTO: &str = r#"syntax = "proto3";

package user.v1;

// Keeps users.
service UserService {
  // Fetches one.
  rpc GetUser(GetUserRequest) returns (User);
  rpc ListUsers(ListUsersRequest) returns (stream User); // all of them
  rpc ImportUsers(stream User) returns (ListUsersRequest);
}

message User {}
message GetUserRequest {}
message ListUsersRequest {}
"#;

/// A service called `shop` whose sources are the above, but for `files`.
pub(crate) fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let all = [
        ("Cargo.toml", MANIFEST),
        ("rustfmt.toml", RUSTFMT),
        ("build.rs", BUILD),
        ("src/main.rs", MAIN),
        ("proto/user/v1/user.proto", PROTO),
    ];
    for (path, text) in all.iter().chain(files) {
        write(folder.path(), path, text);
    }
    folder
}

pub(crate) fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub(crate) fn read(folder: &TempDir, path: &str) -> String {
    std::fs::read_to_string(folder.path().join(path)).unwrap()
}
