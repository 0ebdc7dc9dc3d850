//! What is asked, and what is answered.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::server::Server;
use crate::command::{Ran, bia, run};

fn documents(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The command with `server`'s registry, and something to read.
fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = bia(server.folder.path());
    command.args(server.with_registry(arguments));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn told(server: &Server, arguments: &[&str], stdin: &str) -> Ran {
    let mut child = command(server, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_called_by_name_in_the_registry_and_by_address() {
    let server = Server::start().await;
    let user = json!({"id": "7", "name": "Ada", "status": "STATUS_UNSPECIFIED", "labels": {}, "others": []});
    let by_name = server.bia(&["call", "user-service", "UserService/GetUser", r#"{"id":"7"}"#]);
    assert_eq!((by_name.code, by_name.err.as_str()), (0, ""));
    assert_eq!(documents(&by_name.out), std::slice::from_ref(&user));
    let address = server.address();
    for target in [address.clone(), format!("grpc://{address}")] {
        let ran = run("/", &["call", &target, "GetUser", r#"{"id":"7"}"#]);
        assert_eq!((ran.code, documents(&ran.out)), (0, vec![user.clone()]), "{}", ran.err);
    }
    // Nothing that was said is an empty message.
    let empty = server.bia(&["call", "user-service", "GetUser"]);
    assert_eq!((empty.code, documents(&empty.out)[0]["id"].clone()), (0, json!("")));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_is_called_by_its_address_or_the_beginning_of_its_id() {
    let server = Server::start().await;
    let other = super::server::join(server.folder.path(), "user-service", "").await;
    let listed = server.bia(&["services", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let address = other.address().unwrap().to_string();
    let grpc = format!("grpc://{address}");
    let instances = listed["instances"].as_array().unwrap();
    let own = instances.iter().find(|it| it["endpoints"].to_string().contains(&grpc)).unwrap();
    let id = own["instance"].as_str().unwrap();
    for instance in [id, address.as_str()] {
        for _ in 0..5 {
            let ran =
                server.bia(&["call", "user-service", "GetUser", "-v", "--instance", instance]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(ran.err.contains(&format!("1 answer of {address}")), "{}", ran.err);
        }
    }
    let ran = server.bia(&["call", "user-service", "GetUser", "--instance", "1.2.3.4:5"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no instance `1.2.3.4:5`") && ran.err.contains(id), "{}", ran.err);
    let ran = run("/", &["call", &address, "GetUser", "--instance", id]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    other.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_answers_is_a_document_on_each_line() {
    let server = Server::start().await;
    let ran = server.bia(&["call", "user-service", "WatchUsers"]);
    let ids: Vec<_> = documents(&ran.out)
        .iter()
        .map(|it| it["user"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((ran.code, ids), (0, ["1", "2", "3"].map(str::to_owned).to_vec()), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_requests_comes_from_an_array_a_file_or_stdin() {
    let server = Server::start().await;
    let file = server.folder.path().join("users.ndjson");
    std::fs::write(&file, "{\"user\":{\"id\":\"1\"}}\n{}\n").unwrap();
    let from_file = format!("@{}", file.display());
    for (request, stdin, expected) in [
        (Some(r#"[{"user":{"id":"1"}},{},{}]"#), "", 3),
        (Some(r#"{"user":{"id":"1"}}"#), "", 1),
        (Some("[]"), "", 0),
        (Some(from_file.as_str()), "", 2),
        (Some("-"), "{}{}\n\n{ }", 3),
        (None, "[{},{}]\n{}", 3),
        (None, "", 0),
    ] {
        let arguments = ["call", "user-service", "ImportUsers"];
        let ran = told(&server, &[&arguments[..], request.as_slice()].concat(), stdin);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(documents(&ran.out), [json!({"imported": expected})], "{request:?} {stdin:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_streams_both_ways_is_answered_line_by_line() {
    let server = Server::start().await;
    let mut child = command(&server, &["call", "user-service", "SyncUsers"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["one", "two", "three"] {
        // The next is asked only when the one before is answered.
        writeln!(stdin, "{}", json!({"user": {"id": id}})).unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["user"]["id"], id);
    }
    drop(stdin);
    assert!(answers.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_goes_along_and_what_comes_beside_the_answer_is_told() {
    let server = Server::start().await;
    let header = ["-H", "x-md-global-tenant: a b"];
    let call = ["call", "user-service", "GetUser", r#"{"id":"tenant"}"#, "-v", "--deadline", "30s"];
    let ran = server.bia(&[&call[..], &header].concat());
    assert_eq!((ran.code, documents(&ran.out)[0]["id"].clone()), (0, json!("a b")), "{}", ran.err);
    for told in [
        "> /user.v1.UserService/GetUser (unary) within 30s",
        "> x-md-global-tenant: a b",
        "> traceparent: 00-",
        "< content-type: application/grpc",
        &format!("= 1 answer of {} (instance ", server.address()),
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = server.bia(&[&call[..], &["-H", "nonsense"]].concat());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("key: value"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_called_is_listed_and_described() {
    let server = Server::start().await;
    let ran = server.bia(&["call", "user-service"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("METHOD"), "{}", ran.out);
    for line in ["user.v1.UserService/SyncUsers", "both stream", "grpc.health.v1.Health/Check"] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    let ran = server.bia(&["call", "user-service", "--list", "--json"]);
    let listed: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        listed[0],
        json!({"method": "user.v1.UserService/GetUser", "kind": "unary",
               "request": "user.v1.GetUserRequest", "answer": "user.v1.User"})
    );
    let ran = server.bia(&["call", "user-service", "--describe", "GetUser"]);
    for part in [
        "rpc GetUser(GetUserRequest) returns (User);",
        "message GetUserRequest {\n  string id = 1;\n}",
        "  optional string email = 3;",
        "  map<string, string> labels = 6;",
        "  oneof contact {\n    string phone = 7;\n    User.Address address = 8;\n  }\n  repeated",
        "enum Status {\n  STATUS_UNSPECIFIED = 0;",
        "{\n  \"id\": \"text\"\n}",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_no_further_ends_a_call_without_an_error() {
    let server = Server::start().await;
    let mut child = command(&server, &["call", "user-service", "WatchUsers"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
