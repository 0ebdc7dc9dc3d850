//! Who is in the registry.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use bia::backend::consul::{Consul, ConsulSettings};
use bia::registry::{self, Endpoint, Registrar as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::server::{Server, join};
use crate::command::{bia, run};
use crate::consul::Agent;
use crate::tools::free_ports;

/// A process that is killed at the end of its test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What a watch prints, line by line.
fn watch(folder: &TempDir, arguments: &[&str]) -> (Peer, Lines<BufReader<ChildStdout>>) {
    let mut command = bia(folder.path());
    command.args(["services", "watch", "--json"]).args(arguments).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (Peer(child), lines)
}

/// Reads snapshots until one has these services, serving.
fn until(lines: &mut Lines<BufReader<ChildStdout>>, services: &[&str]) -> Value {
    for line in lines {
        let snapshot: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let instances = snapshot["instances"].as_array().unwrap();
        let names: Vec<_> = instances.iter().map(|it| it["service"].as_str().unwrap()).collect();
        if names == services && instances.iter().all(|it| it["health"] == "serving") {
            return snapshot;
        }
    }
    panic!("it ended before {services:?} were there")
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_in_the_registry_is_shown_with_address_health_and_version() {
    let server = Server::start().await;
    let ran = server.bia(&["services"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let lines: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["SERVICE", "INSTANCE", "ADDRESS", "HEALTH", "VERSION", "UP", "ZONE"]);
    let address = server.address();
    assert_eq!(lines[1][0], "user-service");
    assert_eq!(lines[1][2..5], [address.as_str(), "serving", "1.2.3"]);
    assert_eq!(lines[1][6], "eu-1");
    assert!(!ran.out.contains('\u{1b}'), "no colour where nobody sees it");
    let mut coloured = bia(server.folder.path());
    coloured.args(server.with_registry(&["services", "--color", "always"]));
    let coloured = String::from_utf8(coloured.output().unwrap().stdout).unwrap();
    assert!(coloured.contains('\u{1b}'));

    let ran = server.bia(&["services", "--json", "--no-health"]);
    let seen: Value = serde_json::from_str(&ran.out).unwrap();
    let instance = &seen["instances"][0];
    assert_eq!(seen["registry"], format!("local folder {}", server.folder.path().display()));
    assert_eq!((&instance["health"], &instance["zone"]), (&json!("registered"), &json!("eu-1")));
    assert!(instance["startedAt"].as_str().unwrap().ends_with('Z'));

    let ran = server.bia(&["services", "user-srvice"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("did you mean user-service?"), "{}", ran.err);
}

#[test]
fn an_empty_registry_is_told_as_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let ran = run(folder.path(), &["services", "--registry-path", path]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("nobody is registered") && ran.err.contains("hint"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_who_joins_and_who_leaves() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let (_peer, mut lines) = watch(&folder, &["--registry-path", &path]);
    until(&mut lines, &[]);
    let users = join(folder.path(), "user-service", "").await;
    until(&mut lines, &["user-service"]);
    let orders = join(folder.path(), "order-service", "").await;
    let both = until(&mut lines, &["order-service", "user-service"]);
    assert_eq!(both["instances"][0]["version"], "1.2.3");
    users.stop().await.unwrap();
    until(&mut lines, &["order-service"]);
    orders.stop().await.unwrap();
    until(&mut lines, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_does_not_answer_is_told_with_why() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let local = bia::backend::local::LocalSettings::at(path);
    let local = bia::backend::local::Local::new(&local).unwrap();
    let [port] = free_ports();
    let gone = registry::Instance::new("gone", "user-service", "1").with_endpoint(Endpoint::new(
        "grpc",
        "127.0.0.1",
        port,
    ));
    let _lease = local.register(gone).await.unwrap();
    let ran = run(folder.path(), &["services", "--registry-path", path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("unreachable") && ran.out.contains("refused"), "{}", ran.out);
}

/// What registers at an agent.
pub(super) fn client(agent: &Agent) -> Consul {
    Consul::new(&ConsulSettings::at(agent.address())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_consul_is_shown_watched_and_called() {
    let test = "what_is_in_consul_is_shown_watched_and_called";
    let Some(agent) = Agent::dev(test).await else { return };
    let server = Server::start().await;
    let (host, port) = server
        .address()
        .rsplit_once(':')
        .map(|(host, port)| (host.to_owned(), port.parse::<u16>().unwrap()))
        .unwrap();
    let (_peer, mut lines) = watch(&server.folder, &["--consul", agent.address()]);
    until(&mut lines, &[]);
    let users = registry::Instance::new("users-1", "users", "2.0.0")
        .with_endpoint(Endpoint::new("grpc", &host, port));
    let lease = client(&agent).register(users).await.unwrap();
    let seen = until(&mut lines, &["users"]);
    assert_eq!(seen["registry"], format!("consul at http://{}", agent.address()));
    assert_eq!(seen["instances"][0]["version"], "2.0.0");

    // As Consul's own users say where it is.
    let mut command = bia("/");
    command.args(["call", "users", "GetUser", r#"{"id":"7"}"#, "--registry", "consul"]);
    let output = command.env("CONSUL_HTTP_ADDR", agent.address()).output().unwrap();
    let user: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(user["name"], "Ada");
    lease.release().await.unwrap();
    until(&mut lines, &[]);
}

#[test]
fn a_consul_that_is_away_is_told_with_what_to_do() {
    let [port] = free_ports();
    let address = format!("127.0.0.1:{port}");
    for arguments in [&["services"][..], &["services", "watch"], &["call", "users", "GetUser"]] {
        let ran = run("/", &[arguments, &["--consul", &address]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.err.contains(&format!("consul http://{address}")), "{}", ran.err);
        assert!(ran.err.contains("Connection refused"), "{}", ran.err);
        assert!(ran.err.contains("--consul ADDRESS or CONSUL_HTTP_ADDR"), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_through_an_outage_and_asks_no_more_often_than_before() {
    let test = "a_watch_goes_on_through_an_outage_and_asks_no_more_often_than_before";
    let Some(mut agent) = Agent::dev(test).await else { return };
    let server = Server::start().await;
    let at = server.app.address().unwrap();
    let users = || {
        registry::Instance::new("users-1", "users", "2.0.0").with_endpoint(Endpoint::new(
            "grpc",
            at.ip().to_string(),
            at.port(),
        ))
    };
    let lease = client(&agent).register(users()).await.unwrap();
    let (_peer, mut lines) = watch(&server.folder, &["--consul", agent.address()]);
    until(&mut lines, &["users"]);
    agent.kill().await;
    drop(lease);
    let told = lines.next().unwrap().unwrap();
    let seen: Value = serde_json::from_str(&told).unwrap();
    assert!(seen["error"].as_str().unwrap().contains(agent.address()), "{seen}");
    assert_eq!(seen["instances"][0]["service"], "users", "who was there is shown still");

    // Somebody in its place counts who asks.
    let place = tokio::net::TcpListener::bind(agent.address()).await.unwrap();
    drop(place.accept().await.unwrap());
    let first = Instant::now();
    for _ in 0..2 {
        drop(place.accept().await.unwrap());
    }
    assert!(first.elapsed() > Duration::from_millis(1500), "{:?}", first.elapsed());
    drop(place);

    agent.start_again().await;
    let _lease = client(&agent).register(users()).await.unwrap();
    let seen = loop {
        let seen = until(&mut lines, &["users"]);
        if seen["error"].is_null() {
            break seen;
        }
    };
    assert_eq!(seen["instances"][0]["version"], "2.0.0");
}
