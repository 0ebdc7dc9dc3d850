//! Comparing with a service that runs.

use std::path::{Path, PathBuf};

use bia::testing::TestApp;
use bia::{App, Context, Error, Result, Stream, Streaming};

use crate::command::{Ran, run};

use super::write;

mod api {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../codegen/tests/expected/bia.rs"));
}

use api::user::v1 as pb;

/// Answers nothing: what it could do is all that is asked.
struct Users;

fn nothing<T>() -> Result<T> {
    Err(Error::internal("NOTHING", "nothing is answered here"))
}

/// No stream either; the type is of no matter.
fn no_stream() -> Result<Streaming<pb::WatchUsersResponse>> {
    nothing()
}

impl pb::UserService for Users {
    async fn get_user(&self, _cx: &Context, _request: pb::GetUserRequest) -> Result<pb::User> {
        nothing()
    }

    async fn delete_user(&self, _cx: &Context, _request: pb::GetUserRequest) -> Result<()> {
        nothing()
    }

    async fn watch_users(
        &self,
        _cx: &Context,
        _request: pb::WatchUsersRequest,
    ) -> Result<impl Stream<Item = Result<pb::WatchUsersResponse>> + Send> {
        no_stream()
    }

    async fn import_users(
        &self,
        _cx: &Context,
        _requests: Streaming<pb::ImportUsersRequest>,
    ) -> Result<pb::ImportUsersResponse> {
        nothing()
    }

    async fn sync_users(
        &self,
        _cx: &Context,
        _requests: Streaming<pb::ImportUsersRequest>,
    ) -> Result<impl Stream<Item = Result<pb::WatchUsersResponse>> + Send> {
        no_stream()
    }

    async fn find_user(&self, _cx: &Context, _request: pb::GetUserRequest) -> Result<pb::User> {
        nothing()
    }
}

/// The command, while the runtime of the test goes on serving.
async fn breaking(folder: PathBuf, against: String, more: &'static [&'static str]) -> Ran {
    tokio::task::spawn_blocking(move || {
        run(folder, &[&["proto", "breaking", "--against", &against], more].concat())
    })
    .await
    .expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_is_compared_with_by_address_and_by_name() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let leases = folder.path().join("leases");
    let settings = format!(
        "server: {{address: '127.0.0.1:0'}}\nadmin: {{address: ''}}\n\
         registry: {{kind: local, local: {{path: '{}'}}}}\n",
        leases.display()
    );
    let config = bia::Config::<()>::for_test(&settings).expect("they are right");
    let app = App::new("user-service", "1.0.0", &config).expect("an app");
    let app = TestApp::spawn(app.serve(pb::user_service(Users))).await.expect("it is up");
    let address = format!("grpc://{}", app.address().expect("it serves"));

    let proto =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../codegen/tests/protos/user/v1/user.proto");
    let text = std::fs::read_to_string(proto).expect("it is there");
    write(folder.path(), "proto/user/v1/user.proto", &text);
    let here = || folder.path().to_owned();
    let ran = breaking(here(), address.clone(), &[]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);

    let changed = text.replace("string name = 2;", "int32 name = 2;").replace(
        "  rpc FindUser(GetUserRequest) returns (User) {\n    option deprecated = true;\n  }\n",
        "",
    );
    write(folder.path(), "proto/user/v1/user.proto", &changed);
    for against in [address.clone(), "user-service".to_owned()] {
        let ran =
            breaking(here(), against.clone(), &["--registry-path", "leases", "--only", "WIRE"])
                .await;
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.out.contains("proto/user/v1/user.proto:34:3: user.v1.User.name: string → int32\n"),
            "{}",
            ran.out
        );
        let gone = format!("{against}:user/v1/user.proto: user.v1.UserService.FindUser (gone)\n");
        assert!(ran.out.contains(&gone), "{}", ran.out);
    }
    app.stop().await.expect("it stops in order");
    let ran = breaking(here(), address.clone(), &[]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("cannot ask") && ran.err.contains("hint"), "{}", ran.err);
}
