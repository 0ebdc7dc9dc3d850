//! What is set, got and compared.

use serde_json::{Value, json};

use crate::consul::{Agent, meddler};

use super::{APP, config, config_in, done, example, refused, says};

const TEXT: &str =
    "# of users\ndata:\n  pool: 8 # per instance\n  password: hunter2\nserver: {timeout: 5s}\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_is_changed_in_its_place_and_got_with_the_line_that_it_stands_on() {
    let test = "a_setting_is_changed_in_its_place_and_got_with_the_line_that_it_stands_on";
    let Some(agent) = Agent::dev(test).await else { return };
    refused(&agent, &["get"], &["there are no settings at config/users", "bia config set"]);
    done(&agent, &["set", "data.pool=4"]);
    assert_eq!(agent.read(APP).await.unwrap(), "data:\n  pool: 4\n");
    agent.write(APP, TEXT).await;
    let ran = done(&agent, &["set", "data.pool=0123", "server.address=0.0.0.0:80"]);
    assert!(ran.err.contains("Updated config/users/app.yaml, change 2"), "{}", ran.err);
    assert!(
        ran.err.contains("-  pool: 8 # per instance\n+  pool: 0123 # per instance"),
        "{}",
        ran.err
    );
    let after = TEXT.replace("pool: 8", "pool: 0123").replace("5s}", "5s, address: 0.0.0.0:80}");
    assert_eq!(agent.read(APP).await.unwrap(), after);

    let ran = done(&agent, &["get", "data.pool"]);
    assert_eq!(ran.out, "0123\n");
    assert!(ran.err.contains("from app.yaml:3"), "{}", ran.err);
    assert_eq!(done(&agent, &["get", "data.password"]).out, "***\n");
    assert_eq!(done(&agent, &["get", "data.password", "--reveal"]).out, "hunter2\n");
    assert!(!done(&agent, &["get"]).out.contains("hunter2"));
    assert_eq!(done(&agent, &["get", "--raw"]).out, after);
    let ran = done(&agent, &["get", "data", "--json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        all,
        json!([
            {"key": "data.password", "value": "***", "layer": "app.yaml", "line": 4, "is_secret": true},
            {"key": "data.pool", "value": "0123", "layer": "app.yaml", "line": 3, "is_secret": false},
        ])
    );
    refused(&agent, &["get", "data.pol"], &["data.pol is not set", "did you mean data.pool?"]);
    refused(&agent, &["diff", "nope"], &["there is no file or folder nope", "--layer nope"]);
    let verify = ["verify", "--key", "missing.pub"];
    refused(&agent, &verify, &["missing.pub is no public key", "there is no such file"]);
    refused(&agent, &["get", "--layer", "ap.yaml"], &["did you mean app.yaml?"]);

    let ran = done(&agent, &["set", "data.pool=0123"]);
    assert!(ran.err.contains("says so already; nothing was written"), "{}", ran.err);
    let ran = done(&agent, &["set", "data.pool=9", "--dry-run"]);
    assert!(ran.out.contains("+  pool: 9 # per instance"), "{}", ran.out);
    assert_eq!(agent.read(APP).await.unwrap(), after);
    let ran = done(&agent, &["set", "data.password=hunter3", "--dry-run"]);
    assert!(ran.out.contains("*** (another one)") && !ran.out.contains("hunter"), "{}", ran.out);
    refused(
        &agent,
        &["set", "--unset", "data.pol"],
        &["is not set in app.yaml", "did you mean data.pool?"],
    );
    done(&agent, &["set", "--unset", "data.pool"]);
    assert_eq!(agent.read(APP).await.unwrap(), after.replace("  pool: 0123 # per instance\n", ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_above_is_told_and_layers_files_and_prefixes_are_compared() {
    let test = "a_layer_above_is_told_and_layers_files_and_prefixes_are_compared";
    let Some(agent) = Agent::dev(test).await else { return };
    agent.write(APP, TEXT).await;
    done(&agent, &["set", "--layer", "app.prod.yaml", "data.pool=16"]);
    let ran = done(&agent, &["set", "--layer", "app.yaml", "data.pool=9"]);
    assert!(ran.err.contains("app.prod.yaml:2 sets data.pool too"), "{}", ran.err);
    let ran = done(&agent, &["get", "data.pool"]);
    assert_eq!(ran.out, "16\n");
    assert!(ran.err.contains("from app.prod.yaml:2, over app.yaml:3 (9)"), "{}", ran.err);
    // Without a layer it is the one that is in force.
    done(&agent, &["set", "data.pool=32"]);
    assert_eq!(agent.read("config/users/app.prod.yaml").await.unwrap(), "data:\n  pool: 32\n");
    let ran = config(&agent, &["set", "data.pool=1", "server.timeout=1s"]);
    says(&ran, 2, &["several layers: app.prod.yaml, app.yaml", "--layer"]);

    let ran = config(&agent, &["diff", "--layer", "app.yaml", "--against", "app.prod.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("-  pool: 9 # per instance") && ran.out.contains("+  pool: 32"));
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    let folder = tempfile::tempdir().unwrap();
    for name in ["app.yaml", "app.prod.yaml"] {
        let text = agent.read(&format!("config/users/{name}")).await.unwrap();
        std::fs::write(folder.path().join(name), &text).unwrap();
        agent.write(&format!("config/staging/{name}"), &text).await;
    }
    let path = folder.path().display().to_string();
    done(&agent, &["diff", &path]);
    done(&agent, &["diff", "--against", "config/staging"]);
    agent.write("config/staging/app.yaml", "data: {pool: 1}\n").await;
    let ran = config(&agent, &["diff", "--against", "config/staging", "--json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &all[0]["state"], &all[1]["state"]),
        (1, &json!("same"), &json!("different"))
    );
    assert_eq!(
        config(&agent, &["diff", "--layer", "app.yaml", "--against", "config/staging/app.yaml"])
            .code,
        1
    );
    std::fs::remove_file(folder.path().join("app.yaml")).unwrap();
    let ran = config(&agent, &["diff", &path]);
    assert!(ran.code == 1 && ran.out.contains("+++ /dev/null"), "{}", ran.out);
    let file = folder.path().join("app.prod.yaml").display().to_string();
    done(&agent, &["diff", &file]);
    done(&agent, &["set", "--file", &file, "--layer", "app.yaml"]);
    assert_eq!(agent.read(APP).await.unwrap(), "data:\n  pool: 32\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_schema_of_the_service_does_not_take_is_not_written() {
    let test = "what_the_schema_of_the_service_does_not_take_is_not_written";
    let Some(agent) = Agent::dev(test).await else { return };
    let set = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["set"].iter().chain(arguments).copied().collect();
        config_in(&example(), agent.address(), &arguments)
    };
    says(
        &set(&["server.timeuot=5s", "data.max_connections=0"]),
        1,
        &[
            "server.timeuot in app.yaml:2: there is no such setting: did you mean timeout?",
            "data.max_connections in app.yaml:4: expected at least 1, found 0",
            "nothing was written",
        ],
    );
    says(&set(&["server.timeout=5"]), 1, &["expected a duration such as 10s", "found 5"]);
    says(&set(&["server.timeout=5 days"]), 1, &["expected a duration such as 10s"]);
    assert_eq!(agent.keys("config").await, Vec::<String>::new());
    says(&set(&["server.timeout=${LIMIT:5s}", "data.max_connections=8"]), 0, &["Created"]);
    let schema = example().join("settings.schema.json").display().to_string();
    refused(&agent, &["set", "admin=1", "--schema", &schema], &["admin in app.yaml"]);
    agent.write("config/users/app.prod.yaml", "a: [").await;
    refused(&agent, &["get"], &["app.prod.yaml:", "repair app.prod.yaml first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_second_loses_nobodys_change_and_is_shown_it() {
    let test = "who_comes_second_loses_nobodys_change_and_is_shown_it";
    let Some(agent) = Agent::dev(test).await else { return };
    agent.write(APP, TEXT).await;
    let between = meddler(&agent, APP, "data:\n  pool: 1 # theirs\n").await;
    let ran = config_in(agent.folder.path(), &between, &["set", "data.pool=2"]);
    says(
        &ran,
        1,
        &[
            "somebody changed config/users/app.yaml meanwhile; nothing was written",
            "+  pool: 1 # theirs",
        ],
    );
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    assert_eq!(agent.read(APP).await.unwrap(), "data:\n  pool: 1 # theirs\n");
    assert_eq!(agent.keys("config/.history").await, Vec::<String>::new(), "nor written down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_change_is_written_under_rollout_once_for_each_name() {
    let test = "a_staged_change_is_written_under_rollout_once_for_each_name";
    let Some(agent) = Agent::dev(test).await else { return };
    agent.write(APP, "data: {pool: 8}\n").await;
    done(&agent, &["set", "--staged", "bigger", "data.pool=32", "rollout.every=1m"]);
    let text = agent.read(APP).await.unwrap();
    assert_eq!(
        text,
        "data: {pool: 8}\nrollout:\n  id: bigger\n  change:\n    data:\n      pool: 32\n  every: 1m\n"
    );
    let ran = done(&agent, &["set", "data.pool=9", "--dry-run"]);
    assert!(ran.err.contains("stages data.pool"), "{}", ran.err);
    refused(
        &agent,
        &["set", "--staged", "other", "data.pool=1"],
        &["the change bigger is being rolled out"],
    );
    done(&agent, &["set", "--unset", "rollout", "data.pool=32"]);
    assert_eq!(agent.read(APP).await.unwrap(), "data: {pool: 32}\n");
    agent.write("config/users/.rollout/bigger/assignment", "{}").await;
    refused(&agent, &["set", "--staged", "bigger", "data.pool=1"], &["by the name bigger before"]);
    refused(&agent, &["set", "--staged", "bad id", "data.pool=1"], &["rollout.id"]);
    refused(
        &agent,
        &["set", "--staged", "id", "app.zone=a"],
        &["rollout.change.app", "cannot be changed step by step"],
    );
}

#[test]
fn what_was_typed_wrongly_is_told_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        (&["set", "=5"][..], "it is not said what =5 is the value of"),
        (&["set", "a=1", "a=2"], "a is given twice"),
        (&["set", "a.b=1", "a={c: 2}"], "a.b and a are given, and one is in the other"),
    ] {
        says(&config_in(folder.path(), "http://127.0.0.1:1", arguments), 2, &[told, "hint: "]);
    }
}
