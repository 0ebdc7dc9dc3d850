//! grpcurl, which knows a service by reflection alone.

use tokio::process::Command;

use crate::peer::{printed, program, run};
use crate::serve_interop;

#[tokio::test]
async fn grpcurl_lists_describes_and_calls_by_reflection() {
    let name = "grpcurl_lists_describes_and_calls_by_reflection";
    let Some(grpcurl) = program(name, "grpcurl") else { return };
    let app = serve_interop().await;
    let address = app.address().unwrap().to_string();
    let table: [(&[&str], &str); 5] = [
        (&[&address, "list"], "grpc.testing.TestService"),
        (
            &[&address, "list", "grpc.testing.TestService"],
            "grpc.testing.TestService.FullDuplexCall",
        ),
        (&[&address, "describe", "grpc.testing.SimpleRequest"], "int32 response_size = 2;"),
        (
            &["-d", r#"{"response_size": 3}"#, &address, "grpc.testing.TestService/UnaryCall"],
            "AAAA",
        ),
        (&[&address, "grpc.health.v1.Health/Check"], "SERVING"),
    ];
    for (arguments, expected) in table {
        let output = run(Command::new(&grpcurl).arg("-plaintext").args(arguments)).await;
        let printed = printed(&output);
        assert!(output.status.success() && printed.contains(expected), "{arguments:?}: {printed}");
    }
    app.stop().await.unwrap();
}
