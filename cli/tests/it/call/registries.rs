//! Which registries are looked into, and what is said of those that do not answer.

use bia::registry::{Endpoint, Instance, Registrar as _};
use serde_json::{Value, json};

use super::server::{Server, join};
use super::services::client;
use crate::command::{Ran, bia};
use crate::consul::Agent;
use crate::fakes::Workspace;
use crate::tools::free_ports;

/// Runs the command in a project, where this machine's registry is the folder `leases` of it.
fn run(project: &Workspace, arguments: &[&str]) -> Ran {
    let mut command = bia(project.folder());
    command.args(arguments).env("BIA_REGISTRY__LOCAL__PATH", project.path("leases"));
    command.env_remove("CARGO_TARGET_DIR").output().unwrap().into()
}

fn consul(address: &str) -> String {
    format!("registry: {{kind: consul, consul: {{address: 'http://{address}'}}}}\n")
}

fn nobody() -> String {
    let [port] = free_ports();
    format!("127.0.0.1:{port}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bia_run_started_is_found_whatever_registry_its_settings_name() {
    let away = nobody();
    let project = Workspace::of(&[("user-service", &consul(&away))]);
    let app = join(&project.path("leases"), "user-service", "").await;
    let ran = run(&project, &["call", "user-service", "GetUser", r#"{"id":"7"}"#, "-v"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("Ada"), "{}", ran.out);
    let leases = project.path("leases").display().to_string();
    assert!(ran.err.contains(&format!("> user-service in local folder {leases}")), "{}", ran.err);
    assert!(!ran.err.contains("warning"), "who is not needed is not asked: {}", ran.err);

    let ran = run(&project, &["services"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let row: Vec<&str> = ran.out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..2], ["user-service", "local"], "{}", ran.out);
    for told in [
        "warning: cannot list the services",
        &format!("at consul http://{away}"),
        "Connection refused",
        "hint: say where the agent is with --consul ADDRESS",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // Where it is said that only Consul counts, what is elsewhere does not.
    let ran = run(&project, &["call", "user-service", "GetUser", "--registry", "consul"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains(&format!("at consul http://{away}: it cannot be reached")),
        "{}",
        ran.err
    );
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_one_workspace_are_found_each_in_its_own_registry() {
    let test = "services_of_one_workspace_are_found_each_in_its_own_registry";
    let Some(agent) = Agent::dev(test).await else { return };
    let away = nobody();
    let project = Workspace::of(&[
        ("gone-service", &consul(&away)),
        ("order-service", &consul(agent.address())),
        ("user-service", "registry: {kind: none}\n"),
    ]);
    let app = join(&project.path("leases"), "user-service", "").await;
    let server = Server::start().await;
    let (host, port) = server.app.address().map(|at| (at.ip().to_string(), at.port())).unwrap();
    let orders = Instance::new("orders-1", "order-service", "2.0.0")
        .with_endpoint(Endpoint::new("grpc", &host, port));
    let lease = client(&agent).register(orders).await.unwrap();

    let ran = run(&project, &["call", "order-service", "GetUser", r#"{"id":"7"}"#, "-v"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let place = format!("consul at http://{}", agent.address());
    assert!(ran.err.contains(&format!("> order-service in {place}")), "{}", ran.err);

    let ran = run(&project, &["services"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let lines: Vec<_> = ran.out.lines().map(cells).collect();
    assert_eq!(lines[0][..2], ["SERVICE", "REGISTRY"]);
    let label = format!("consul {}", agent.address());
    assert_eq!(lines[1][..2], ["order-service", label.as_str()], "{}", ran.out);
    assert_eq!(lines[2][..2], ["user-service", "local"], "{}", ran.out);
    assert!(
        ran.err.contains(&format!("at consul http://{away}: it cannot be reached")),
        "{}",
        ran.err
    );

    let ran = run(&project, &["services", "--json"]);
    let seen: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(seen["instances"][0]["registry"], place);
    assert_eq!(seen["registries"][2], json!({"registry": place}));
    assert!(seen["registries"][1]["error"].as_str().unwrap().contains("refused"), "{seen}");

    // One that is nowhere: where was looked, where could not be, and who was meant.
    let ran = run(&project, &["call", "oder-service", "GetUser"]);
    assert_eq!(ran.code, 1);
    for told in [
        "nobody is registered as `oder-service` in local folder",
        &format!(", nor in {place}"),
        &format!("warning: cannot list the instances of oder-service at consul http://{away}"),
        "hint: did you mean order-service",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = run(&project, &["services", "--consul", agent.address(), "--json"]);
    let seen: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&seen["registry"], &seen["instances"][0]["registry"]),
        (&json!(place), &Value::Null)
    );
    lease.release().await.unwrap();
    app.stop().await.unwrap();
}

#[test]
fn where_nobody_is_found_and_a_registry_is_away_that_is_an_error() {
    let away = nobody();
    let project = Workspace::of(&[("user-service", &consul(&away))]);
    for arguments in [&["services"][..], &["services", "user-service"], &["call", "user-service"]] {
        let ran = run(&project, arguments);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        assert!(
            ran.err.contains(&format!("at consul http://{away}: it cannot be reached")),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("error: nobody is registered"), "{}", ran.err);
    }
}

#[test]
fn a_folder_that_is_only_looked_into_is_not_made_and_told_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("leases");
    let path = missing.display().to_string();
    for (arguments, code) in [
        (&["services"][..], 0),
        (&["services", "user-service"], 1),
        (&["call", "user-service", "GetUser"], 1),
        (&["routes", "--of", "user-service"], 1),
    ] {
        let ran = crate::command::run(
            folder.path(),
            &[arguments, &["--registry-path", path.as_str()]].concat(),
        );
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments:?}: {ran:?}");
        let told = format!("hint: there is no folder {path}: the first service that starts");
        assert!(ran.err.contains(&told), "{}", ran.err);
        assert!(!missing.exists(), "{arguments:?}");
    }
}
