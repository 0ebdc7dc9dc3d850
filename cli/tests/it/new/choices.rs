//! Every choice that `bia new` leaves makes a service that works: in a real Consul, in a real PostgreSQL.

use std::path::Path;

use tokio::runtime::Runtime;

use super::built::{answers_on_each_face, program, stopped_in_order, works, works_with};
use super::postgres::Schema;
use super::running::Running;
use super::{empty, good};
use crate::command::run;
use crate::consul::Agent;

#[test]
fn a_service_on_consul_and_postgres_is_found_called_and_keeps_what_it_is_given() {
    let test = "a_service_on_consul_and_postgres_is_found_called_and_keeps_what_it_is_given";
    let runtime = Runtime::new().expect("a runtime");
    let Some(agent) = runtime.block_on(Agent::dev(test)) else { return };
    let Some(schema) = Schema::make("vaults", test) else { return };
    let folder = empty();
    let choices = ["--registry", "consul", "--database", "postgres"];
    good(folder.path(), &[&["new", "vault-service"][..], &choices].concat());
    let root = folder.path().join("vault-service");
    works_with(&root, "cargo", &["test"], &[("TEST_POSTGRES_URL", schema.server())]);
    works(&root, "cargo", &["build"]);

    let start = || {
        let at_consul = format!("registry.consul.address=http://{}", agent.address());
        let in_schema = format!("data.url={}", schema.url());
        Running::start_with(&program("vault-service"), &root, &[&at_consul, &in_schema])
    };
    let running = start();
    answers_on_each_face(
        &running,
        "POST /v1/vaults",
        r#"{"name": "first"}"#,
        "/vault.v1.VaultService/ListVaults",
    );
    assert_eq!(schema.rows("vaults"), "1");
    // Its settings lead there from its folder, the address of the agent as Consul's own users say it.
    let asked = |arguments: &[&str]| {
        let mut command = crate::command::bia(&root);
        command.args(arguments).env("CONSUL_HTTP_ADDR", agent.address());
        crate::command::Ran::from(command.output().expect("it runs"))
    };
    let ran = asked(&["services", "--registry", "consul"]);
    let address = running.api.to_string();
    assert!(ran.out.contains("vault-service") && ran.out.contains(&address), "{ran:?}");
    let ran = asked(&["call", "vault-service", "ListVaults", "--registry", "consul"]);
    assert!(ran.code == 0 && ran.out.contains(r#""name":"first""#), "{ran:?}");
    stopped_in_order(&running.stop());

    // It has gone from the registry, and has what it kept when it comes back.
    let ran = asked(&["services", "--registry", "consul"]);
    assert!(!ran.out.contains("vault-service"), "{ran:?}");
    let running = start();
    let list = running.json("GET /v1/vaults", "");
    assert!(list.contains(r#""name":"first""#), "{list}");
    stopped_in_order(&running.stop());
}

/// With those of the workspace in `built`, each two choices of different kinds are there together.
const CHOICES: [(&str, &str, &str, &str); 5] = [
    ("bale-service", "consul", "sqlite", "grpc"),
    ("label-service", "none", "postgres", "all"),
    ("depot-service", "local", "postgres", "grpc"),
    ("truck-service", "consul", "none", "all"),
    ("dock-service", "none", "sqlite", "all"),
];

#[test]
fn services_of_all_choices_pass_their_ci_in_one_workspace_and_answer() {
    let test = "services_of_all_choices_pass_their_ci_in_one_workspace_and_answer";
    let runtime = Runtime::new().expect("a runtime");
    let Some(agent) = runtime.block_on(Agent::dev(test)) else { return };
    let Some(schema) = Schema::make("labels", test) else { return };
    let folder = empty();
    good(folder.path(), &["new", "yard", "--workspace", "-q"]);
    let yard = folder.path().join("yard");
    for (name, registry, database, faces) in CHOICES {
        let choices = ["--registry", registry, "--database", database, "--faces", faces];
        good(&yard, &[&["add", "service", name][..], &choices].concat());
    }
    works_with(&yard, "sh", &[".ci/run"], &[("TEST_POSTGRES_URL", schema.server())]);
    works(&yard, "cargo", &["build", "--workspace"]);

    let registry = folder.path().join("registry");
    let path = format!("registry.local.path={}", registry.display());
    let consul = format!("registry.consul.address=http://{}", agent.address());
    let mut all = Vec::new();
    for (name, _, database, faces) in CHOICES {
        // What the README of one with PostgreSQL promises: a file does, without a server.
        let in_file = format!("data.url=sqlite://{}/{name}.db?mode=rwc", folder.path().display());
        let in_schema = format!("data.url={}", schema.url());
        let settings: &[&str] = match (database, name) {
            ("none", _) => &[&path, &consul],
            (_, "label-service") => &[&path, &consul, &in_schema],
            _ => &[&path, &consul, &in_file],
        };
        let running =
            Running::start_with(&program(name), &yard.join("services").join(name), settings);
        let one = name.trim_end_matches("-service");
        let capital = format!("{}{}", one[..1].to_uppercase(), &one[1..]);
        let list = format!("/{one}.v1.{capital}Service/List{capital}s");
        if faces == "all" {
            let create = format!("POST /v1/{one}s");
            answers_on_each_face(&running, &create, r#"{"name": "first"}"#, &list);
        } else {
            let create = format!("POST /{one}.v1.{capital}Service/Create{capital}");
            let body = format!(r#"{{"{one}": {{"name": "first"}}}}"#);
            answers_on_each_face(&running, &create, &body, &list);
        }
        all.push(running);
    }
    assert_eq!(schema.rows("labels"), "1");
    assert_eq!(
        in_registry(&yard, &["--consul", agent.address()]),
        ["bale-service", "truck-service"]
    );
    let path = registry.display().to_string();
    assert_eq!(in_registry(&yard, &["--registry-path", &path]), ["depot-service"]);
    for running in all {
        stopped_in_order(&running.stop());
    }
}

/// The names of the services in a registry.
fn in_registry(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = run(folder, &[&["services", "--json"][..], arguments].concat());
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let instances = told["instances"].as_array().expect("a list");
    instances.iter().filter_map(|it| it["service"].as_str().map(str::to_owned)).collect()
}
