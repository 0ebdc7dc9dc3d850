//! Services that tests call: of the generator's protos, in this process, on a registry of their own.

use std::path::Path;
use std::time::Duration;

use bia::error::details::{BadRequest, Help, RetryInfo};
use bia::testing::TestApp;
use bia::{App, Error};
use codegen_fixture::api::user::v1::{
    ImportUsersResponse, MockUserService, User, WatchUsersResponse, user_service,
};
use futures_util::{StreamExt as _, stream};
use tempfile::TempDir;

use crate::command::{Ran, run};

/// A service that runs, and the folder of the registry that it is in.
pub(crate) struct Server {
    pub(crate) app: TestApp,
    pub(crate) folder: TempDir,
}

impl Server {
    /// `user-service` in a registry of its own.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same with further settings.
    pub(crate) async fn start_with(settings: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let app = join(folder.path(), "user-service", settings).await;
        Self { app, folder }
    }

    /// Where it takes calls.
    pub(crate) fn address(&self) -> String {
        self.app.address().unwrap().to_string()
    }

    /// Runs `bia` with its registry.
    pub(crate) fn bia(&self, arguments: &[&str]) -> Ran {
        run(self.folder.path(), &self.with_registry(arguments))
    }

    /// The arguments with those that lead to its registry.
    pub(crate) fn with_registry<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let path = self.folder.path().to_str().unwrap();
        [arguments, &["--registry-path", path]].concat()
    }
}

/// Starts a service that joins the registry in `folder`.
pub(crate) async fn join(folder: &Path, name: &str, settings: &str) -> TestApp {
    join_as(folder, name, "zone: eu-1", settings).await
}

/// The same with what it says of itself.
pub(crate) async fn join_as(folder: &Path, name: &str, metadata: &str, settings: &str) -> TestApp {
    let yaml = format!(
        "registry: {{kind: local, local: {{path: '{}'}}}}\napp: {{metadata: {{{metadata}}}}}\n\
         telemetry: {{logs: {{level: error}}}}\n{settings}",
        folder.display()
    );
    let config = bia::Config::<()>::for_test(&yaml).unwrap();
    let app = App::new(name, "1.2.3", &config).unwrap().serve(user_service(users()));
    TestApp::spawn(app).await.unwrap()
}

/// Answers by what it is asked for.
fn users() -> MockUserService {
    MockUserService::new()
        .on_get_user(|cx, request| async move {
            match request.id.as_str() {
                "nobody" => {
                    Err(Error::not_found("USER_NOT_FOUND", "no user nobody").with("id", "nobody"))
                }
                "invalid" => Err(Error::bad_request("USER_INVALID", "the user cannot be")
                    .with_detail(
                        BadRequest::default().with_violation("user.email", "is no address"),
                    )
                    .with_detail(
                        Help::default().with_link("the rules", "https://example.com/rules"),
                    )
                    .with_any(bia::prost_types::Any {
                        type_url: "type.googleapis.com/user.v1.User".to_owned(),
                        value: b"\x0a\x01\x37".to_vec(),
                    })
                    .with_any(bia::prost_types::Any {
                        type_url: "type.googleapis.com/else.v1.Where".to_owned(),
                        value: vec![1, 2, 3],
                    })),
                "busy" => Err(Error::too_many_requests("BUSY", "too much")
                    .with_detail(RetryInfo::after(Duration::from_secs(7)))),
                "slow" => std::future::pending().await,
                "tenant" => Ok(User {
                    id: cx.metadata().get("x-md-global-tenant").unwrap_or_default().to_owned(),
                    ..User::default()
                }),
                "further" => Err(Error::unavailable(
                    "NODE_NOT_FOUND",
                    "stock-service has no instance (0 known)",
                )),
                "slow-further" => Err(Error::deadline_exceeded(
                    "DEADLINE_EXCEEDED",
                    "/stock.v1.StockService/GetStock at 127.0.0.1:1 did not end within 2.001s",
                )),
                "lane" => Ok(User {
                    id: cx.metadata().get("x-md-global-lane").unwrap_or("none").to_owned(),
                    ..User::default()
                }),
                _ => Ok(User { id: request.id, name: "Ada".to_owned(), ..User::default() }),
            }
        })
        .on_watch_users(|_, _| async move {
            let told = ["1", "2", "3"].map(|id| Ok(told(id)));
            Ok(stream::iter(told).boxed())
        })
        .on_import_users(|_, mut users| async move {
            let mut imported = 0;
            while let Some(_user) = users.message().await? {
                imported += 1;
            }
            Ok(ImportUsersResponse { imported })
        })
        .on_sync_users(|_, users| async move {
            let answers = users.map(|user| Ok(told(&user?.user.unwrap_or_default().id)));
            Ok(answers.boxed())
        })
}

fn told(id: &str) -> WatchUsersResponse {
    let user = User { id: id.to_owned(), ..User::default() };
    WatchUsersResponse { user: Some(user) }
}
