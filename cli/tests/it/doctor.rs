//! `bia doctor`, on the examples and on machines that lack something.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Ran, bia, run};
use crate::consul::Agent;

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
fn a_project_that_cannot_be_read_is_a_finding_beside_those_of_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nx = [\n").expect("a file");
    let ran = run(folder.path(), &["doctor", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = findings(&ran);
    assert_eq!(of(&found, "this machine", "rust").len(), 1, "{ran:?}");
    let [project] = of(&found, "this project", "project")[..] else { panic!("{ran:?}") };
    let (what, remedy) = (project["what"].as_str(), project["remedy"].as_str());
    assert!(what.is_some_and(|it| it.contains("Cargo.toml:2:")), "{ran:?}");
    assert!(remedy.is_some_and(|it| it.contains("correct")), "{ran:?}");
    let ran = run(folder.path(), &["doctor"]);
    assert!(ran.out.contains("this machine\n") && ran.out.contains("bad   project"), "{}", ran.out);
    assert!(!ran.err.contains("in no project"), "{}", ran.err);
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
    for check in ["protos", "sync", "lock", "versions", "settings", "ports", "registry"] {
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
fn services_of_a_workspace_that_want_one_port_are_told_of_each_other() {
    let workspace = crate::fakes::Workspace::of(&[
        ("users", "server:\n  address: 0.0.0.0:8200\nadmin:\n  address: 127.0.0.1:8201\n"),
        ("orders", "server:\n  address: 0.0.0.0:8201\nadmin:\n  address: 127.0.0.1:8202\n"),
        ("mails", "server:\n  address: 0.0.0.0:8300\nadmin:\n  address: 127.0.0.1:8301\n"),
        // It serves nothing, and so listens nowhere.
        ("caller", "server:\n  address: 0.0.0.0:8300\n"),
    ]);
    for name in ["users", "orders", "mails", "caller"] {
        workspace.program(&format!("target/debug/{name}"), "exit 0");
    }
    for name in ["users", "orders", "mails"] {
        workspace.write(&format!("{name}/src/main.rs"), "fn main() { app.serve(x) }\n");
    }
    let met = |name: &str| {
        let ran: Ran = bia(workspace.folder())
            .args(["doctor", name, "--json"])
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .expect("it runs")
            .into();
        let all = findings(&ran);
        let met: Vec<Value> = of(&all, name, "ports").into_iter().cloned().collect();
        let is_met = |it: &Value| it["what"].as_str().is_some_and(|it| it.contains("a port that"));
        met.into_iter().filter(is_met).collect::<Vec<_>>()
    };
    let [found] = &met("users")[..] else { panic!("{:?}", met("users")) };
    assert_eq!(found["mark"], "warn");
    let what =
        "admin.address 127.0.0.1:8201 is a port that orders has, as server.address 0.0.0.0:8201";
    assert!(found["what"].as_str().is_some_and(|it| it.starts_with(what)), "{found}");
    assert!(found["remedy"].as_str().is_some_and(|it| it.contains("--free-ports")), "{found}");
    assert_eq!(met("orders").len(), 1);
    assert!(met("mails").is_empty() && met("caller").is_empty());
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

#[test]
fn code_that_is_not_as_the_proto_says_is_told_with_what_brings_it_in_line() {
    let service = "use crate::api;\npub struct Users;\nimpl api::UserService for Users {\n}\n";
    let folder = crate::project::project(&[("src/service.rs", service)]);
    let look = || {
        let ran = run(folder.path(), &["doctor", "shop", "--json"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let findings = findings(&ran);
        let sync = of(&findings, "shop", "sync");
        assert_eq!(sync.len(), 1, "{findings:?}");
        sync[0].clone()
    };
    let found = look();
    assert_eq!(found["mark"], "bad", "{found}");
    let what = found["what"].as_str().unwrap_or_default();
    for method in ["get_user", "list_users", "import_users"] {
        assert!(what.contains(&format!(": {method} of user.v1.UserService is missing")), "{what}");
    }
    assert!(found["remedy"].as_str().is_some_and(|it| it.contains("`bia sync`")), "{found}");
    assert_eq!(run(folder.path(), &["sync"]).code, 0);
    assert_eq!(look()["mark"], "ok");
    crate::project::write(folder.path(), "src/service.rs", "impl UserService for {");
    let found = look();
    assert_eq!(found["mark"], "bad", "{found}");
    assert!(found["what"].as_str().is_some_and(|it| it.contains("src/service.rs")), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consul_that_is_well_is_found_well() {
    let Some(agent) = Agent::dev("a_consul_that_is_well_is_found_well").await else { return };
    let ran: Ran = bia(example())
        .args(["doctor", "--json"])
        .env("BIA_REGISTRY__KIND", "consul")
        .env("BIA_REGISTRY__CONSUL__ADDRESS", agent.address())
        .output()
        .expect("it runs")
        .into();
    let found = findings(&ran);
    let consul = of(&found, "user-service", "consul");
    assert_eq!(consul[0]["mark"], "ok", "{consul:?}");
    let what = consul[0]["what"].as_str().unwrap_or_default();
    assert!(what.contains("dc1, no token is set"), "{what}");
}
