//! `bia doctor`, on the examples and on machines that lack something.
#![expect(clippy::expect_used, reason = "helpers of a test")]

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::command::{Ran, bia, run};

fn findings(ran: &Ran) -> Vec<Value> {
    let told: Value = serde_json::from_str(&ran.out).unwrap_or_default();
    assert!(told["findings"].is_array(), "{ran:?}");
    told["findings"].as_array().cloned().unwrap_or_default()
}

fn of<'a>(findings: &'a [Value], subject: &str, check: &str) -> Vec<&'a Value> {
    findings.iter().filter(|it| it["subject"] == subject && it["check"] == check).collect()
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/user-service")
}

#[test]
fn a_machine_is_looked_at_also_outside_of_a_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = run(folder.path(), &["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let findings = findings(&ran);
    for check in ["rust", "cargo", "disk", "open files", "clock", "cpus"] {
        assert_eq!(of(&findings, "this machine", check).len(), 1, "{check}");
    }
    assert!(run(folder.path(), &["doctor", "user-service"]).err.contains("in no Rust project"));
}

#[test]
fn a_machine_without_rust_is_told_what_to_install() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran: Ran = bia(folder.path())
        .arg("doctor")
        .env("PATH", folder.path())
        .output()
        .expect("it runs")
        .into();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("bad   rust"), "{}", ran.out);
    assert!(ran.out.contains("-> install Rust"), "{}", ran.out);
    assert!(ran.out.contains("warn  git"), "{}", ran.out);
    assert!(ran.err.contains("things are wrong"), "{}", ran.err);
}

#[test]
fn a_service_that_is_well_is_found_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = folder.path().join("bia");
    let ran: Ran = bia(example())
        .args(["doctor", "user-service", "--json"])
        .env("BIA_REGISTRY__LOCAL__PATH", &registry)
        .env("BIA_SERVER__ADDRESS", "127.0.0.1:0")
        .env("BIA_ADMIN__ADDRESS", "127.0.0.1:0")
        .output()
        .expect("it runs")
        .into();
    let findings = findings(&ran);
    for check in ["protos", "lock", "versions", "settings", "ports", "registry"] {
        let found = of(&findings, "user-service", check);
        assert!(
            !found.is_empty() && found.iter().all(|it| it["mark"] == "ok"),
            "{check}: {found:?}"
        );
    }
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!registry.exists(), "it only looks");
}

#[test]
fn settings_that_are_wrong_ports_that_are_taken_and_a_consul_that_is_away_are_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it has one").to_string();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", gone.local_addr().expect("it has one"));
    drop(gone);
    let ran: Ran = bia(example())
        .args(["doctor", "--json"])
        .env("BIA_SERVER__ADDRESS", &address)
        .env("BIA_REGISTRY__KIND", "consul")
        .env("BIA_REGISTRY__CONSUL__ADDRESS", &nobody)
        .output()
        .expect("it runs")
        .into();
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = findings(&ran);
    let ports = of(&found, "user-service", "ports");
    assert_eq!(ports[0]["mark"], "warn", "{ports:?}");
    let consul = of(&found, "user-service", "consul");
    assert_eq!(consul[0]["mark"], "bad", "{consul:?}");
    assert!(consul[0]["remedy"].as_str().is_some_and(|it| it.contains("registry.consul")));

    let ran: Ran = bia(example())
        .args(["doctor", "--json"])
        .env("BIA_SERVER__TIMEOUT", "soon")
        .output()
        .expect("it runs")
        .into();
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = findings(&ran);
    let settings = of(&found, "user-service", "settings");
    assert_eq!(settings.len(), 1, "{settings:?}");
    assert!(
        settings[0]["what"].as_str().is_some_and(|it| it.contains("server.timeout")),
        "{settings:?}"
    );
}

#[test]
fn protos_that_are_wrong_are_told_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let bia = Path::new(env!("CARGO_MANIFEST_DIR")).join("../framework");
    let codegen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../codegen");
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"users\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\nbia = {{ path = {bia:?} }}\n\
             [build-dependencies]\nbia-codegen = {{ path = {codegen:?} }}\n"
        ),
    );
    write("build.rs", "fn main() { bia_codegen::compile(&[\"proto/u/v1/u.proto\"]).unwrap() }");
    write("src/main.rs", "fn main() { println!(\"{}\", \"a.serve(\") }");
    write(
        "proto/u/v1/u.proto",
        "syntax = \"proto3\";\npackage u.v1;\nmessage A { Gone gone = 1; }\n",
    );
    // No cargo that would build it: what its program says is not what is asked here.
    write("target/debug/users", "#!/bin/sh\nexit 0\n");
    let program = folder.path().join("target/debug/users");
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(program, rights).expect("set");
    let ran: Ran = crate::command::bia(folder.path())
        .args(["doctor", "users", "--json"])
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("it runs")
        .into();
    assert_eq!(ran.code, 1, "{ran:?}");
    let findings = findings(&ran);
    let protos = of(&findings, "users", "protos");
    assert!(protos[0]["what"].as_str().is_some_and(|it| it.contains("u.proto:3:13")), "{protos:?}");
    assert_eq!(of(&findings, "users", "lock")[0]["mark"], "warn");
}

/// Where Consul is: named, in the cache, or on the path. Without one it is said that `test` cannot run,
/// which in CI is a failure.
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
fn consul_program(test: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = variable("BIA_CACHE").or_else(|| Some(variable("HOME")?.join(".cache/bia")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = variable("BIA_CONSUL_BIN")
        .into_iter()
        .chain(cache.map(|cache| cache.join("bin/consul")))
        .chain(std::env::split_paths(&path).map(|folder| folder.join("consul")))
        .find(|program| program.is_file());
    if found.is_none() {
        let why = "consul is missing; run cargo xtask servers install";
        let optional = std::env::var("BIA_MAY_BE_MISSING").unwrap_or_default();
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci || optional.split(',').any(|it| it == "consul"), "{test}: {why}");
        eprintln!("SKIPPED {test}: {why}");
    }
    found
}

/// An agent that dies with the test.
struct Agent(Child, String);

impl Agent {
    fn start(program: &Path) -> Self {
        let held: Vec<_> = (0..6)
            .map(|_| {
                let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
                let port = tcp.local_addr().expect("it has one").port();
                let udp = UdpSocket::bind(("127.0.0.1", port)).expect("the same");
                (tcp, udp, port)
            })
            .collect();
        let ports: Vec<u16> = held.iter().map(|(_, _, port)| *port).collect();
        let mut command = Command::new(program);
        command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1"]);
        for (name, port) in
            ["http", "grpc", "dns", "server", "serf-lan", "serf-wan"].iter().zip(&ports)
        {
            command.arg(format!("-{name}-port={port}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        drop(held);
        let address = format!("http://127.0.0.1:{}", ports.first().expect("six of them"));
        Self(command.spawn().expect("it runs"), address)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_consul_that_is_well_is_found_well() {
    let Some(program) = consul_program("a_consul_that_is_well_is_found_well") else { return };
    let agent = Agent::start(&program);
    let look = || -> Value {
        let ran: Ran = bia(example())
            .args(["doctor", "--json"])
            .env("BIA_REGISTRY__KIND", "consul")
            .env("BIA_REGISTRY__CONSUL__ADDRESS", &agent.1)
            .output()
            .expect("it runs")
            .into();
        of(&findings(&ran), "user-service", "consul")
            .first()
            .map(|it| (*it).clone())
            .unwrap_or_default()
    };
    // It takes a moment until there is a leader, and each look takes one too.
    let found = (0..200).map(|_| look()).find(|it| it["mark"] == "ok").unwrap_or_else(look);
    assert_eq!(found["mark"], "ok", "{found}");
    let what = found["what"].as_str().unwrap_or_default();
    assert!(what.contains("dc1, no token is set"), "{what}");
}
