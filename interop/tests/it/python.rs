//! Clients and servers of Python's grpcio, with its own health checking and reflection.

use std::path::Path;

use tokio::process::Command;

use crate::peer::{Peer, printed, program, run};
use crate::{channel_to, serve_interop};

/// The stubs of the interoperability service, made by Python's own generator.
async fn stubs(python: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run(Command::new(python)
        .args(["-m", "grpc_tools.protoc", "-Iproto"])
        .arg(format!("--python_out={}", folder.path().display()))
        .arg(format!("--grpc_python_out={}", folder.path().display()))
        .args(["empty", "messages", "test"].map(|file| format!("grpc/testing/{file}.proto")))
        .current_dir(env!("CARGO_MANIFEST_DIR")))
    .await;
    assert!(output.status.success(), "{}", printed(&output));
    // The stubs lie in a package `grpc`, which is the library's name: they move out of it.
    let stubs = folder.path().join("testing");
    std::fs::rename(folder.path().join("grpc/testing"), &stubs).unwrap();
    for file in std::fs::read_dir(stubs).unwrap() {
        let file = file.unwrap().path();
        let moved =
            std::fs::read_to_string(&file).unwrap().replace("from grpc.testing", "from testing");
        std::fs::write(&file, moved).unwrap();
    }
    folder
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name));
    command
}

#[tokio::test]
async fn a_python_client_finds_all_it_expects_of_our_server() {
    let Some(python) = program("a_python_client_finds_all_it_expects_of_our_server", "py-grpc")
    else {
        return;
    };
    let stubs = stubs(&python).await;
    let app = serve_interop().await;
    let output =
        run(script(&python, "client.py").arg(stubs.path()).arg(app.address().unwrap().to_string()))
            .await;
    assert!(output.status.success(), "{}", printed(&output));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn our_client_finds_all_it_expects_of_a_python_server() {
    let Some(python) = program("our_client_finds_all_it_expects_of_a_python_server", "py-grpc")
    else {
        return;
    };
    let stubs = stubs(&python).await;
    let mut server = Peer::start(script(&python, "service.py").arg(stubs.path()));
    let port = server.line().await.parse().unwrap();
    interop::cases::all(&channel_to(port)).await.unwrap();
}
