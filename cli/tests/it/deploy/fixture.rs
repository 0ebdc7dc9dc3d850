//! A workspace of three services, as small as they come.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::{Ran, run};

const USER_PROTO: &str = r#"syntax = "proto3";
package user.v1;
import "google/api/annotations.proto";
service UserService {
  rpc GetUser(GetUserRequest) returns (User) { option (google.api.http) = {get: "/v1/users/{id}"}; }
  rpc ListUsers(ListUsersRequest) returns (User) { option (google.api.http) = {get: "/v1/users"}; }
}
message GetUserRequest { string id = 1; }
message ListUsersRequest {}
message User { string id = 1; }
"#;

const ORDER_PROTO: &str = r#"syntax = "proto3";
package order.v1;
import "google/api/annotations.proto";
service OrderService {
  rpc CreateOrder(Order) returns (Order) { option (google.api.http) = {post: "/v1/orders" body: "*"}; }
}
message Order { string id = 1; }
"#;

const MAIL_PROTO: &str = r#"syntax = "proto3";
package mail.v1;
service MailService { rpc Send(Mail) returns (Mail); }
message Mail { string to = 1; }
"#;

const USER_SETTINGS: &str = "\
server: {address: '0.0.0.0:8000'}
admin: {address: '127.0.0.1:8001'}
data: {url: 'sqlite://data/users.db?mode=rwc'}
";

const ORDER_SETTINGS: &str = "\
server: {address: ':8100'}
admin: {address: '127.0.0.1:8101', check_timeout: 2500ms}
registry: {kind: consul}
clients: {user-service: {timeout: 2s}}
stop: {drain_delay: 5s, timeout: 45s}
data: {url: 'postgres://localhost/orders'}
";

/// A workspace in a folder of its own.
pub(super) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(super) fn new() -> Self {
        let workspace = Self { folder: TempDir::new().unwrap() };
        workspace.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"order-service\", \"user-service\", \"mail-service\"]\n",
        );
        workspace.write("Cargo.lock", "version = 4\n");
        workspace.service("user-service", "1.2.3", "user", USER_PROTO, "let none = ();");
        workspace.write("user-service/configs/app.yaml", USER_SETTINGS);
        workspace.service(
            "order-service",
            "0.4.0",
            "order",
            ORDER_PROTO,
            "let users = app.channel(\"user-service\")?; let mails = app.channel(\"mail-service\")?;",
        );
        workspace.write("order-service/configs/app.yaml", ORDER_SETTINGS);
        workspace.service("mail-service", "0.1.0", "mail", MAIL_PROTO, "let none = ();");
        workspace
    }

    fn service(&self, name: &str, version: &str, package: &str, proto: &str, code: &str) {
        self.write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n\
                 [dependencies]\nbia = \"0.1.0\"\n[build-dependencies]\nbia-codegen = \"0.1.0\"\n"
            ),
        );
        let path = format!("proto/{package}/v1/{package}.proto");
        self.write(&format!("{name}/{path}"), proto);
        self.write(
            &format!("{name}/build.rs"),
            &format!("fn main() -> Result<(), bia_codegen::Error> {{\n    bia_codegen::compile(&[\"{path}\"])\n}}\n"),
        );
        self.write(
            &format!("{name}/src/main.rs"),
            &format!(
                "async fn main() -> Result<(), bia::Exit> {{\n    \
                 let app = bia::App::new(\"{name}\", env!(\"CARGO_PKG_VERSION\"), &config)?;\n    {code}\n    app.run().await\n}}\n"
            ),
        );
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> String {
        let path = self.join(path);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| format!("{}: {error}", path.display()))
    }

    /// Runs `bia deploy …` in the workspace.
    pub(super) fn deploy(&self, arguments: &str) -> Ran {
        let mut words = vec!["deploy"];
        words.extend(arguments.split_whitespace());
        run(self.path(), &words)
    }

    /// The same, which has to go well.
    pub(super) fn deployed(&self, arguments: &str) -> Ran {
        let ran = self.deploy(arguments);
        assert_eq!(ran.code, 0, "bia deploy {arguments}: {}", ran.err);
        ran
    }

    /// Every file below `folder`, by its path there.
    pub(super) fn tree(&self, folder: &str) -> BTreeMap<String, String> {
        tree(&self.join(folder))
    }
}

/// Every file below `folder`, by its path there.
pub(super) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}
