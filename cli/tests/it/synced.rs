//! What is written compiles without a warning and is formatted: one build of a service to which
//! everything was added.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::run;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The two services of the examples in a workspace of their own.
fn examples() -> TempDir {
    let (repository, folder) = (repository(), TempDir::new().unwrap());
    for name in ["proto", "user-service", "order-service"] {
        copy(&repository.join("examples").join(name), &folder.path().join(name));
    }
    fs::copy(repository.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(repository.join("Cargo.toml")).unwrap();
    let mut manifest: toml_edit::DocumentMut = manifest.parse().unwrap();
    manifest.remove("profile");
    let workspace = manifest["workspace"].as_table_mut().unwrap();
    workspace.remove("lints");
    workspace.remove("exclude");
    workspace["members"] =
        toml_edit::value(toml_edit::Array::from_iter(["user-service", "order-service"]));
    for (name, folder) in [("bia", "framework"), ("bia-codegen", "codegen")] {
        let path = repository.join(folder).display().to_string();
        workspace["dependencies"][name]["path"] = toml_edit::value(path);
    }
    fs::write(folder.path().join("Cargo.toml"), manifest.to_string()).unwrap();
    for name in ["rustfmt.toml", "clippy.toml"] {
        fs::copy(repository.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn what_is_added_to_a_service_compiles_as_it_is_without_a_warning() {
    let folder = examples();
    let proto = folder.path().join("proto/user/v1/user.proto");
    let text = fs::read_to_string(&proto).unwrap();
    // One of each kind, with messages of the proto, of another package and of Rust itself.
    let text = text.replace(
        "  // Fetches one user.\n",
        "  rpc ArchiveUser(GetUserRequest) returns (google.protobuf.Empty);
  rpc TailUsers(google.protobuf.Empty) returns (stream google.protobuf.Timestamp);
  rpc UploadUsers(stream ImportUsersRequest) returns (Failure);
  rpc ChatUsers(stream SyncUsersRequest) returns (stream SyncUsersResponse);

  // Fetches one user.\n",
    );
    fs::write(&proto, text).unwrap();
    for arguments in [
        &["sync"][..],
        &["add", "rpc", "UserService/BlockUser", "--http", "POST /v1/users/{id}:block"],
        &["add", "rpc", "UserService/FollowUser", "--stream", "server", "--returns", "User"],
        &[
            "add",
            "error",
            "USER_BLOCKED",
            "--code",
            "403",
            "--message",
            "{id} is blocked",
            "--service",
            "UserService",
        ],
        &["add", "job", "expire-sessions", "--service", "user-service"],
        &["add", "client", "order-service", "--from", "user-service"],
        &["proto", "add", "user-service/proto/shop_of_users/v1/shop_of_users.proto"],
        &["sync", "user-service", "--create"],
        &["sync", "--check"],
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    let cargo = |arguments: &[&str]| {
        let output = Command::new("cargo")
            .args(arguments)
            .env("CARGO_TARGET_DIR", repository().join("target/scaffold"))
            .env_remove("RUSTFLAGS")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}{told}", String::from_utf8_lossy(&output.stdout));
    };
    cargo(&["fmt", "--all", "--check"]);
    let clippy = ["clippy", "--offline", "--quiet", "--package", "user-service", "--all-targets"];
    cargo(&[&clippy[..], &["--", "-D", "warnings"]].concat());
    let ran = run(folder.path(), &["proto", "format", "--check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}
