//! How a service tells what it can do, and what is done if it does not.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::server::Server;
use crate::command::run;
use crate::tools::tool;

/// A server that was not written here, with reflection v1alpha alone.
const PYTHON: &str = r#"
import sys
from concurrent import futures
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
status = health.HealthServicer()
status.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(status, server)
reflection.enable_server_reflection((reflection.SERVICE_NAME, health.SERVICE_NAME), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
"#;

/// A process that is killed at the end of its test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn proto(path: &str) -> String {
    format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_service_that_has_only_the_older_reflection_is_called_by_it() {
    let test = "a_service_that_has_only_the_older_reflection_is_called_by_it";
    let Some(python) = tool("py-grpc", test) else { return };
    let mut command = Command::new(python);
    command.args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut peer = Peer(command.spawn().unwrap());
    let mut port = String::new();
    BufReader::new(peer.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let target = format!("127.0.0.1:{}", port.trim());
    let ran = run("/", &["call", &target]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("grpc.health.v1.Health/Check"), "{}", ran.out);
    let ran = run("/", &["call", &target, "Health/Check"]);
    assert_eq!((ran.code, ran.out.trim()), (0, r#"{"status":"SERVING"}"#), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_reflection_is_called_by_its_protos() {
    let server = Server::start_with("server: {reflection: false}").await;
    let ran = server.bia(&["call", "user-service", "GetUser", r#"{"id":"7"}"#]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("user-service has no reflection"), "{}", ran.err);
    assert!(ran.err.contains("hint: name its protos with --proto FILE"), "{}", ran.err);
    let file = proto("codegen/tests/protos/user/v1/user.proto");
    let call = ["call", "user-service", "GetUser", r#"{"id":"7"}"#, "--proto", &file];
    let ran = server.bia(&call);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let user: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(user["name"], "Ada");
    let listed = run("/", &["call", "nobody:1", "--list", "--proto", &file]);
    assert!(listed.out.contains("user.v1.UserService/SyncUsers"), "{}", listed.err);
}

#[test]
fn a_proto_that_is_wrong_is_told_with_its_place() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.proto"), "syntax = \"proto3\";\nmesage A {}\n").unwrap();
    let ran = run(folder.path(), &["call", "127.0.0.1:1", "A", "--proto", "a.proto"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("a.proto:2:1"), "{}", ran.err);
}
