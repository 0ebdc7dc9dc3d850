//! What a change is checked against: a file, the service's program, or nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Ran, bia};
use crate::consul::Agent;
use crate::fakes::Workspace;

use super::says;

const KEY: &str = "config/sample/app.yaml";

fn set(folder: &Path, agent: &Agent, arguments: &[&str]) -> Ran {
    let mut command = bia(folder);
    command.args(["config", "set", "--consul", agent.address()]).args(arguments);
    command.env_remove("CARGO_TARGET_DIR").output().unwrap().into()
}

/// The sample service, built; where its crate is.
fn sample() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cargo = Command::new("cargo");
    // What cargo told this test of itself would have build scripts think that something has changed.
    for (name, _) in std::env::vars_os() {
        let is_of_this = name.to_string_lossy().starts_with("CARGO_") || name == "OUT_DIR";
        if is_of_this && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--quiet", "--offline", "--package", "sample-service"]);
    assert!(cargo.current_dir(repository).status().unwrap().success());
    repository.join("templates/service")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_built_program_does_not_take_is_not_written() {
    let test = "what_a_built_program_does_not_take_is_not_written";
    let Some(agent) = Agent::dev(test).await else { return };
    let sample = sample();
    let set = |arguments: &[&str]| {
        set(
            &sample,
            &agent,
            &[&["--prefix", "config/sample", "-s", "sample-service"], arguments].concat(),
        )
    };
    let program = "sample-service --config-schema";
    let ran = set(&["data.max_connections=8"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("checked by ") && ran.err.contains(program), "{}", ran.err);
    let before = agent.read(KEY).await.unwrap();
    for (change, told) in [
        (
            "data.max_connections=many",
            "data.max_connections in app.yaml:2: expected a whole number",
        ),
        ("data.max_conections=8", "there is no such setting: did you mean max_connections?"),
        ("telemetry.logs.access.enabled=maybe", "expected true or false, found \"maybe\""),
        ("server.timeout=5", "expected a duration such as 10s"),
        ("server.adress=a", "server.adress in app.yaml:4: there is no such setting"),
    ] {
        let ran = set(&[change]);
        says(&ran, 1, &[told, "nothing was written", program, "`cargo build`"]);
    }
    // A change that is staged is settings too.
    let staged = ["--staged", "more", "data.max_conections=8"];
    says(&set(&staged), 1, &["rollout.change.data.max_conections in app.yaml", "did you mean"]);
    assert_eq!(set(&["--staged", "more", "data.max_connections=9"]).code, 0);
    assert!(agent.read(KEY).await.unwrap().starts_with(&before));
}

/// A service of which only a script is there that prints `schema`.
fn project(schema: &str) -> Workspace {
    let settings = "config: {consul: {prefix: config/sample}}\n";
    let project = Workspace::of(&[("sample", settings)]);
    project
        .program("target/debug/sample", &format!("test $1 = --config-schema && echo '{schema}'"));
    project
}

const TAKES: &str = r#"{"properties": {"a": {"type": "integer"}}, "additionalProperties": false}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_said_goes_before_that_of_the_service_and_that_before_its_program() {
    let test = "a_file_that_is_said_goes_before_that_of_the_service_and_that_before_its_program";
    let Some(agent) = Agent::dev(test).await else { return };
    let project = project(TAKES);
    let set = |arguments: &[&str]| set(project.folder(), &agent, arguments);
    says(&set(&["b=1"]), 1, &["checked by target/debug/sample --config-schema", "no such setting"]);
    project.write("sample/settings.schema.json", &TAKES.replace("\"a\"", "\"b\""));
    says(&set(&["b=1"]), 0, &["checked by sample/settings.schema.json"]);
    project.write("said.json", &TAKES.replace("\"a\"", "\"c\""));
    let ran = set(&["c=1", "--schema", "said.json"]);
    says(&ran, 1, &["checked by said.json", "b in app.yaml:1: there is no such setting"]);

    // Cargo builds where it is told to, and the newer of two profiles holds.
    std::fs::remove_file(project.path("sample/settings.schema.json")).unwrap();
    project.program("elsewhere/release/sample", &format!("echo '{TAKES}'"));
    let mut command = bia(project.folder());
    command.args(["config", "set", "a=1", "--unset", "b", "--consul", agent.address()]);
    let output = command.env("CARGO_TARGET_DIR", project.path("elsewhere")).output().unwrap();
    says(&output.into(), 0, &["checked by elsewhere/release/sample --config-schema"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_old_is_told_one_that_tells_nothing_refused_and_none_said() {
    let test = "a_program_that_is_old_is_told_one_that_tells_nothing_refused_and_none_said";
    let Some(agent) = Agent::dev(test).await else { return };
    let project = project(TAKES);
    let set = |arguments: &[&str]| set(project.folder(), &agent, arguments);
    assert!(!set(&["a=1"]).err.contains("was changed"), "nothing of its settings is newer");
    project.write("sample/src/settings.rs", "#[derive(Deserialize)] struct Settings;\n");
    let built = std::fs::File::open(project.path("target/debug/sample")).unwrap();
    built.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let ran = set(&["a=2"]);
    says(&ran, 0, &["warning: sample/src/settings.rs was changed after", "`cargo build`"]);

    project.program("target/debug/sample", "echo 'no such flag' >&2; exit 2");
    let ran = set(&["a=3"]);
    says(
        &ran,
        1,
        &["prints no schema: it ended with exit status: 2: no such flag", "--schema FILE"],
    );
    std::fs::remove_file(project.path("target/debug/sample")).unwrap();
    let ran = set(&["a=3"]);
    says(
        &ran,
        0,
        &["nothing but what is the framework's is checked", "`cargo build`", "--schema FILE"],
    );
    assert_eq!(agent.read(KEY).await.unwrap(), "a: 3\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_schema_takes_and_a_service_does_not_start_with_is_told() {
    let test = "what_a_schema_takes_and_a_service_does_not_start_with_is_told";
    let Some(agent) = Agent::dev(test).await else { return };
    let project = project("{}");
    let set = |arguments: &[&str]| set(project.folder(), &agent, arguments);
    let ran = set(&["server.address="]);
    let told = "warning: a service does not start with it: server.address: expected host:port";
    says(&ran, 0, &[told]);
    // What is wrong beside it was not asked about; what is empty because it is off is right.
    let ran = set(&["admin.address=", "server.timeout=5s"]);
    assert!(ran.code == 0 && !ran.err.contains("does not start"), "{}", ran.err);
    // The files of the service are below: 2 s are enough where nothing is waited for before.
    project.write(
        "sample/configs/app.yaml",
        "config: {consul: {prefix: config/sample}}\nstop: {drain_delay: 0s}\n",
    );
    let ran = set(&["server.address=:8000", "stop.timeout=2s"]);
    assert!(ran.code == 0 && !ran.err.contains("does not start"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_framework_does_not_take_is_refused_where_no_service_was_built() {
    let test = "what_the_framework_does_not_take_is_refused_where_no_service_was_built";
    let Some(agent) = Agent::dev(test).await else { return };
    let project = Workspace::of(&[("sample", "config: {consul: {prefix: config/sample}}\n")]);
    let set = |arguments: &[&str]| set(project.folder(), &agent, arguments);
    for (change, told) in [
        ("server.timeout=banana", "server.timeout: \"banana\" does not begin with a number"),
        (
            "server.tiemout=5s",
            "server.tiemout: there is no such setting: did you mean server.timeout?",
        ),
        ("telemetry.logs.access.enabled=maybe", "telemetry.logs.access.enabled: "),
    ] {
        says(&set(&[change]), 1, &[told, "nothing was written", "--schema FILE"]);
        says(&set(&["--staged", "more", change]), 1, &[told, "nothing was written"]);
    }
    assert_eq!(agent.read(KEY).await, None);
    // What it depends on may be set elsewhere, what is the service's own is not known here.
    says(&set(&["server.address="]), 0, &["warning: a service does not start with it"]);
    says(&set(&["server.timeout=${LIMIT}", "sample.timeout=banana"]), 0, &["Updated"]);
    // A service with another framework says so itself.
    project.write("said.json", "{}");
    says(&set(&["server.tiemout=5s", "--schema", "said.json"]), 0, &["checked by said.json"]);
}
