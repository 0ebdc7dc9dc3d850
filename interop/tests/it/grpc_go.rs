//! The interoperability client and server of grpc-go.

use tokio::process::Command;

use crate::peer::{Peer, printed, program, run};
use crate::{channel_to, serve_interop};

/// The cases that need neither TLS nor a cloud.
const CASES: [&str; 14] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
];

#[tokio::test]
async fn a_go_client_finds_all_it_expects_of_our_server() {
    let name = "a_go_client_finds_all_it_expects_of_our_server";
    let Some(client) = program(name, "grpc-go-interop-client") else { return };
    let app = serve_interop().await;
    for case in CASES {
        let output = run(Command::new(&client)
            .args(["-server_host", "127.0.0.1", "-test_case", case, "-server_port"])
            .arg(app.address().unwrap().port().to_string()))
        .await;
        assert!(output.status.success(), "{case}: {}", printed(&output));
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn our_client_finds_all_it_expects_of_a_go_server() {
    let name = "our_client_finds_all_it_expects_of_a_go_server";
    let Some(server) = program(name, "grpc-go-interop-server") else { return };
    let port = free_port().await;
    let _server = Peer::start(Command::new(server).arg("-port").arg(port.to_string()));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::task::yield_now().await;
    }
    interop::cases::all(&channel_to(port)).await.unwrap();
}

/// A port that nobody has; the server does not tell which one it took.
async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
