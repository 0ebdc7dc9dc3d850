//! A layer that cannot be read: told by its name, and put right by whatever replaces it.

use crate::consul::Agent;

use super::{APP, config, done, refused, says};

const BROKEN: &str = "a: [";
const GOOD: &str = "data: {pool: 8}\n";
const PROD: &str = "config/users/app.prod.yaml";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_layer_is_replaced_by_a_file_or_by_what_it_said_before() {
    let test = "a_broken_layer_is_replaced_by_a_file_or_by_what_it_said_before";
    let Some(agent) = Agent::dev(test).await else { return };
    let file = agent.folder.path().join("app.yaml");
    std::fs::write(&file, GOOD).unwrap();
    let file = file.display().to_string();
    let set = ["set", "--file", &file];
    agent.write(PROD, "data: {pool: 9}\n").await;
    agent.write(APP, BROKEN).await;
    done(&agent, &[&set[..], &["--dry-run"]].concat());
    assert_eq!(agent.read(APP).await.unwrap(), BROKEN);
    done(&agent, &set);
    assert_eq!(agent.read(APP).await.unwrap(), GOOD);

    done(&agent, &["set", "--layer", "app.yaml", "data.pool=4"]);
    agent.write(APP, BROKEN).await;
    done(&agent, &["set", "--restore", "2"]);
    assert_eq!(agent.read(APP).await.unwrap(), GOOD);

    let key = agent.folder.path().join("key.pem").display().to_string();
    agent.write(APP, BROKEN).await;
    says(&config(&agent, &["sign", "--new-key", &key]), 1, &["app.yaml:", "repair app.yaml first"]);
    done(&agent, &["set", "--restore", "2"]);
    done(&agent, &["sign", "--new-key", &key]);
    agent.write(APP, BROKEN).await;
    done(&agent, &[&set[..], &["--key", &key]].concat());
    done(&agent, &["verify", "--key", &format!("{key}.pub")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_broken_layers_each_is_told_and_can_be_put_right() {
    let test = "of_two_broken_layers_each_is_told_and_can_be_put_right";
    let Some(agent) = Agent::dev(test).await else { return };
    let file = agent.folder.path().join("app.yaml");
    std::fs::write(&file, GOOD).unwrap();
    let file = file.display().to_string();
    agent.write(PROD, BROKEN).await;
    agent.write(APP, GOOD).await;
    let remedy = "`bia config set --file app.prod.yaml --layer app.prod.yaml`";
    let told = ["app.prod.yaml:", "repair app.prod.yaml first", remedy];
    refused(&agent, &["get"], &told);
    refused(&agent, &["set", "--layer", "app.yaml", "data.pool=4"], &told);
    refused(&agent, &["set", "--layer", "app.prod.yaml", "data.pool=4"], &told);
    assert_eq!(done(&agent, &["get", "data.pool", "--layer", "app.yaml"]).out, "8\n");

    agent.write(APP, BROKEN).await;
    let ran = done(&agent, &["set", "--file", &file]);
    assert!(ran.err.contains("warning: app.prod.yaml cannot be read either"), "{}", ran.err);
    done(&agent, &["set", "--file", &file, "--layer", "app.prod.yaml"]);
    assert_eq!(done(&agent, &["get", "data.pool"]).out, "8\n");
    // What replaces it is to be read itself.
    std::fs::write(&file, BROKEN).unwrap();
    refused(&agent, &["set", "--file", &file], &["app.yaml:", "nothing was written"]);
}
