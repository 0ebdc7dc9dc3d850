//! Settings in the keys of real Consul agents.

use std::sync::Arc;
use std::time::Duration;

use bia::Config;
use bia::backend::consul::{
    Applied, ConsulKeys, ConsulSettings, ConsulSource, ConsulSourceSettings, Step,
};
use bia::config::{FileSource, MemorySource, Snapshot, Source, Variables};
use bia::testing::conformance;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::fixture::consul::{Agent, Cluster};

const LIMIT: Duration = Duration::from_secs(60);

fn source(url: String, prefix: &str) -> ConsulSource {
    let settings = ConsulSourceSettings::at(url, prefix);
    ConsulSource::new(&settings, &ConsulSettings::default()).unwrap()
}

fn texts(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.documents.iter().map(|it| std::str::from_utf8(&it.bytes).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_consul_keep_what_a_source_promises() {
    let Some(agent) = Agent::dev("keys_of_consul_keep_what_a_source_promises").await else {
        return;
    };
    let agent = Arc::new(agent);
    let url = agent.url();
    conformance::source(
        move |place| source(url.clone(), &format!("config/{place}")),
        move |place, name, text| {
            let agent = Arc::clone(&agent);
            async move { agent.write(&format!("config/{place}/{name}"), text.as_deref()).await }
        },
    )
    .await;
}

#[tokio::test]
async fn a_source_in_memory_keeps_what_a_source_promises() {
    let places = Arc::new(std::sync::Mutex::new(std::collections::HashMap::new()));
    let at = move |place: &str| -> MemorySource {
        places.lock().unwrap().entry(place.to_owned()).or_insert_with(MemorySource::new).clone()
    };
    let writer = at.clone();
    conformance::source(at, move |place, name, text| {
        let source = writer(&place);
        async move {
            match text {
                Some(text) => source.set(&name, text),
                None => source.remove(&name),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_folders_keep_what_a_source_promises() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let made = root.clone();
    conformance::source(
        move |place| FileSource::new(made.join(place)),
        move |place, name, text| {
            let place = root.join(place);
            async move {
                std::fs::create_dir_all(&place).unwrap();
                match text {
                    Some(text) => {
                        std::fs::write(place.join(".new"), text).unwrap();
                        std::fs::rename(place.join(".new"), place.join(name)).unwrap();
                    }
                    None => std::fs::remove_file(place.join(name)).unwrap(),
                }
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_neighbour_whose_name_begins_alike_is_not_read() {
    let Some(agent) = Agent::dev("a_neighbour_whose_name_begins_alike_is_not_read").await else {
        return;
    };
    agent.write("config/users/app.yaml", Some("a: 1")).await;
    agent.write("config/users-old/app.yaml", Some("a: 2")).await;
    let source = source(agent.url(), "config/users");
    assert_eq!(texts(&source.load().await.unwrap()), ["a: 1"]);
    agent.write("config/users-old/app.yaml", Some("a: 3")).await;
    timeout(Duration::from_millis(500), source.changed()).await.unwrap_err();
}

#[tokio::test]
async fn an_agent_that_is_away_is_told_and_found_again() {
    let test = "an_agent_that_is_away_is_told_and_found_again";
    let Some(mut agent) = Agent::dev(test).await else { return };
    agent.write("config/users/app.yaml", Some("a: 1")).await;
    let source = source(agent.url(), "config/users");
    source.load().await.unwrap();
    agent.kill().await;
    timeout(LIMIT, source.changed()).await.unwrap();
    let error = source.load().await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_UNREACHABLE", "{error}");
    agent.start().await;
    agent.write("config/users/app.yaml", Some("a: 2")).await;
    let found = async {
        loop {
            source.changed().await;
            match source.load().await {
                Ok(snapshot) if texts(&snapshot) == ["a: 2"] => break,
                // It forgets what it held; whoever loads does not believe that.
                Ok(snapshot) => assert!(snapshot.documents.is_empty()),
                Err(_away) => {}
            }
        }
    };
    timeout(LIMIT, found).await.unwrap();
}

#[tokio::test]
async fn a_token_decides_what_is_read() {
    let Some(agent) = Agent::with_acl("a_token_decides_what_is_read").await else { return };
    agent.write("config/users/app.yaml", Some("a: 1")).await;
    let policy =
        json!({"Name": "users", "Rules": "key_prefix \"config/users\" { policy = \"read\" }"});
    agent.put("/v1/acl/policy", &policy.to_string()).await;
    let token = json!({"Policies": [{"Name": "users"}]});
    let token = agent.put("/v1/acl/token", &token.to_string()).await;
    let token = token["SecretID"].as_str().unwrap();
    let with = |token: &str| {
        let settings = ConsulSourceSettings::at(agent.url(), "config/users").with_token(token);
        ConsulSource::new(&settings, &ConsulSettings::default()).unwrap()
    };
    assert_eq!(texts(&with(token).load().await.unwrap()), ["a: 1"]);
    let error = with("6f3c8b1e-0000-0000-0000-000000000000").load().await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_FORBIDDEN", "{error}");
    assert!(error.message().contains("check config.consul.token"), "{error}");
}

#[tokio::test]
async fn settings_outlive_the_leader() {
    let Some(mut cluster) = Cluster::start("settings_outlive_the_leader").await else { return };
    let follower = cluster.follower().await;
    follower.write("config/users/app.yaml", Some("a: 1")).await;
    let url = follower.url();
    let source = source(url, "config/users");
    source.load().await.unwrap();
    let (left, _) = cluster.kill_leader().await;
    // Written as soon as there is a leader again.
    let written = async {
        while left.try_write("config/users/app.yaml", "a: 2").await.is_err() {
            // sleeps: Consul does not tell when it has a leader, it has to be asked.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let seen = async {
        loop {
            source.changed().await;
            match source.load().await {
                Ok(snapshot) if texts(&snapshot) == ["a: 2"] => break,
                Ok(snapshot) => assert_eq!(texts(&snapshot), ["a: 1"]),
                Err(_no_leader) => {}
            }
        }
    };
    timeout(LIMIT, async { tokio::join!(written, seen) }).await.unwrap();
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    greeting: String,
    number: u32,
}

async fn load(flags: &[String]) -> Result<Config<Own>, bia::Exit> {
    let arguments = flags.iter().flat_map(|flag| ["--set".to_owned(), flag.clone()]);
    bia::config::<Own>().arguments(arguments, &Variables::default()).await
}

fn flags(url: &str) -> Vec<String> {
    vec!["config.consul.prefix=config/users".to_owned(), format!("config.consul.address={url}")]
}

#[tokio::test]
async fn a_change_in_consul_is_in_force_within_a_second() {
    let Some(agent) = Agent::dev("a_change_in_consul_is_in_force_within_a_second").await else {
        return;
    };
    agent.write("config/users/app.yaml", Some("greeting: hello\nnumber: 1")).await;
    agent.write("config/users/app.prod.yaml", Some("number: 2")).await;
    let config = load(&flags(&agent.url())).await.unwrap();
    assert_eq!((config.get().greeting.as_str(), config.get().number), ("hello", 2));
    let _reloading = config.reloading();
    let mut greeting = config.watch(|own| own.greeting.clone());
    for round in 0..5 {
        let text = format!("hello {round}");
        agent.write("config/users/app.yaml", Some(&format!("greeting: {text}"))).await;
        let seen = timeout(Duration::from_secs(1), greeting.changed()).await.unwrap();
        assert_eq!(seen, text);
    }
    agent.write("config/users/app.yaml", Some("greeting: [")).await;
    agent.write("config/users/app.yaml", Some("greeting: last")).await;
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "last");
}

#[tokio::test]
async fn the_agent_of_the_registry_is_asked_unless_another_one_is_named() {
    let test = "the_agent_of_the_registry_is_asked_unless_another_one_is_named";
    let Some(agent) = Agent::dev(test).await else { return };
    agent.write("config/users.yaml", Some("greeting: hello")).await;
    let flags = [
        "config.consul.key=config/users.yaml".to_owned(),
        format!("registry.consul.address={}", agent.url()),
    ];
    assert_eq!(load(&flags).await.unwrap().get().greeting, "hello");
}

#[tokio::test]
async fn without_its_centre_a_service_does_not_start_and_says_why() {
    let mut flags = flags("http://127.0.0.1:1");
    flags.push("config.start_timeout=300ms".to_owned());
    let exit = load(&flags).await.unwrap_err();
    let said = exit.to_string();
    assert!(said.contains("cannot read settings from consul config/users/"), "{said}");
    assert!(said.contains("check that the agent runs, and config.consul.address"), "{said}");
    flags.push("config.consul.key=config/users.yaml".to_owned());
    let exit = load(&flags).await.unwrap_err();
    assert!(exit.to_string().contains("are both set"), "{exit}");
}

fn keys(settings: &ConsulSourceSettings) -> ConsulKeys {
    ConsulKeys::new(settings, &ConsulSettings::default()).unwrap()
}

#[tokio::test]
async fn several_keys_are_changed_at_once_or_none_if_one_was_changed_meanwhile() {
    let test = "several_keys_are_changed_at_once_or_none_if_one_was_changed_meanwhile";
    let Some(agent) = Agent::dev(test).await else { return };
    let keys = keys(&ConsulSourceSettings::at(agent.url(), "/config/users/"));
    assert_eq!((keys.place(), keys.is_prefix()), ("config/users/", true));
    let key = |name: &str| format!("config/users/{name}");
    let steps = ["app.prod.yaml", "app.yaml", ".hidden", "10-ü b.yaml"]
        .map(|name| Step::put(key(name), name.to_owned(), 0));
    assert_eq!(keys.apply(&steps).await.unwrap(), Applied::Whole);
    assert_eq!(keys.apply(&steps).await.unwrap(), Applied::Stale(key("app.prod.yaml")));
    let layers = keys.layers().await.unwrap();
    let names: Vec<&str> = layers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, [key("10-ü b.yaml"), key("app.yaml"), key("app.prod.yaml")]);
    assert_eq!(&*layers[1].bytes, b"app.yaml");
    assert_eq!(keys.below("config/users/.hid").await.unwrap().len(), 1);

    let (app, prod) = (&layers[1], &layers[2]);
    let change = [
        Step::put(&app.name, "a: 1", app.changed),
        Step::remove(&prod.name, prod.changed),
        Step::keep(&layers[0].name, layers[0].changed),
        Step::keep(key("none"), 0),
    ];
    agent.write(&key("none"), Some("x")).await;
    assert_eq!(keys.apply(&change).await.unwrap(), Applied::Stale(key("none")));
    assert_eq!(keys.layers().await.unwrap()[1..3], layers[1..3], "nothing was done");
    agent.write(&key("none"), None).await;
    agent.write(&prod.name, Some("other")).await;
    assert_eq!(keys.apply(&change).await.unwrap(), Applied::Stale(prod.name.clone()));
    agent.write(&app.name, Some("other")).await;
    let stale = [Step::keep(&app.name, app.changed)];
    assert_eq!(keys.apply(&stale).await.unwrap(), Applied::Stale(app.name.clone()));
    let gone = [Step::keep(key("gone"), 7)];
    assert_eq!(keys.apply(&gone).await.unwrap(), Applied::Stale(key("gone")));
    let many: Vec<Step> = (0..65).map(|it| Step::put(key(&it.to_string()), "", 0)).collect();
    let error = keys.apply(&many).await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_REFUSED", "{error}");
}

#[tokio::test]
async fn a_change_that_the_token_does_not_allow_is_told_with_its_key() {
    let test = "a_change_that_the_token_does_not_allow_is_told_with_its_key";
    let Some(agent) = Agent::with_acl(test).await else { return };
    let rules = "key_prefix \"config/users/\" { policy = \"write\" }";
    agent.put("/v1/acl/policy", &json!({"Name": "own", "Rules": rules}).to_string()).await;
    let token = json!({"Policies": [{"Name": "own"}]}).to_string();
    let token = agent.put("/v1/acl/token", &token).await;
    let settings = ConsulSourceSettings::at(agent.url(), "config/users")
        .with_token(token["SecretID"].as_str().unwrap());
    let keys = keys(&settings);
    let own = Step::put("config/users/app.yaml", "a: 1", 0);
    let other = Step::put("config/orders/app.yaml", "a: 1", 0);
    let error = keys.apply(&[own.clone(), other]).await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_FORBIDDEN", "{error}");
    assert!(error.message().contains("cannot write config/orders/app.yaml"), "{error}");
    assert!(keys.layers().await.unwrap().is_empty(), "nothing was done");
    assert_eq!(keys.apply(&[own]).await.unwrap(), Applied::Whole);
}
