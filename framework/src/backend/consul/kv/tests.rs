use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;
use crate::backend::consul::tests::{Agent, plain};

const LONG: Duration = Duration::from_secs(30);

/// What an agent answers that holds these keys, each with its value and its index.
fn keys(index: Option<u64>, keys: &[(&str, &str, u64)]) -> Response<Full<Bytes>> {
    let entries: Vec<Value> = keys
        .iter()
        .map(|(key, value, index)| {
            let value = (!value.is_empty()).then(|| STANDARD.encode(value));
            json!({"Key": key, "Value": value, "ModifyIndex": index, "Flags": 0, "LockIndex": 0})
        })
        .collect();
    let status = if entries.is_empty() { 404 } else { 200 };
    let body = if entries.is_empty() { String::new() } else { Value::from(entries).to_string() };
    let mut answer = plain(status, &body);
    if let Some(index) = index {
        answer.headers_mut().insert("x-consul-index", index.into());
    }
    answer
}

fn source(agent: &Agent) -> ConsulSource {
    let settings = ConsulSourceSettings::at(&agent.url, "config/users");
    ConsulSource::new(&settings, &ConsulSettings::default()).unwrap()
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.documents.iter().map(|document| document.name.as_str()).collect()
}

async fn changed(source: &ConsulSource) {
    timeout(LONG, source.changed()).await.unwrap();
}

#[tokio::test]
async fn every_key_below_the_prefix_is_a_layer_in_the_order_of_names() {
    let agent = Agent::new(|_, _| async {
        keys(
            Some(7),
            &[
                ("config/users/", "", 1),
                ("config/users/.rollout/a/1", "{}", 1),
                ("config/users/app.prod.yaml", "b: 1", 2),
                ("config/users/app.yaml", "a: 1", 3),
                ("config/users/deep/", "", 1),
                ("config/users/deep/.hidden.yaml", "c: 1", 1),
                ("config/users/deep/x.json", "", 1),
            ],
        )
    })
    .await;
    let source = source(&agent);
    let snapshot = source.load().await.unwrap();
    let expected =
        ["config/users/app.yaml", "config/users/app.prod.yaml", "config/users/deep/x.json"];
    assert_eq!(names(&snapshot), expected);
    assert_eq!(snapshot.documents[0].bytes, "a: 1");
    assert_eq!((snapshot.revision.as_str(), source.name().as_str()), ("7", "consul config/users/"));
    assert_eq!(agent.asked()[0].what, "GET /v1/kv/config/users/?recurse");
}

#[tokio::test]
async fn a_single_key_is_the_only_layer() {
    let agent = Agent::new(|_, _| async { keys(Some(7), &[("a b/é.yaml", "a: 1", 2)]) }).await;
    let settings = ConsulSourceSettings {
        key: "/a b/é.yaml".to_owned(),
        datacenter: Some("dc2".to_owned()),
        ..ConsulSourceSettings::at(&agent.url, "")
    };
    let registry = ConsulSettings {
        namespace: "team".to_owned(),
        ..ConsulSettings::at("http://nowhere:1").with_token("t0k3n")
    };
    let source = ConsulSource::new(&settings, &registry).unwrap();
    assert_eq!(names(&source.load().await.unwrap()), ["a b/é.yaml"]);
    let asked = &agent.asked()[0];
    assert_eq!(asked.what, "GET /v1/kv/a%20b/%C3%A9.yaml?dc=dc2&ns=team");
    assert_eq!(asked.token.as_deref(), Some("t0k3n"), "what is not set is the registry's");
}

#[tokio::test]
async fn no_keys_are_an_answer_from_which_a_change_is_waited_for() {
    let agent = Agent::new(|number, asked| async move {
        match number {
            0 => keys(Some(5), &[]),
            1 => {
                assert_eq!(asked.what, "GET /v1/kv/config/users/?recurse&wait=55000ms&index=5");
                // Something else was written, elsewhere.
                keys(Some(6), &[])
            }
            _ => keys(Some(9), &[("config/users/a.yaml", "a: 1", 9)]),
        }
    })
    .await;
    let source = source(&agent);
    assert!(source.load().await.unwrap().documents.is_empty());
    changed(&source).await;
    assert_eq!(agent.asked().len(), 3, "an index that moves for others is no hint");
    assert_eq!(names(&source.load().await.unwrap()), ["config/users/a.yaml"]);
}

#[tokio::test]
async fn a_value_that_is_no_text_is_refused_by_its_key() {
    let agent = Agent::new(|_, _| async {
        let entry = json!([{"Key": "config/users/a.yaml", "Value": "/////w==", "ModifyIndex": 3}]);
        plain(200, &entry.to_string())
    })
    .await;
    let error = source(&agent).load().await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_KEYS_UNREADABLE");
    assert!(error.message().contains("key config/users/a.yaml at consul http://"), "{error}");
}

#[tokio::test]
async fn an_index_that_goes_back_begins_anew() {
    let agent = Agent::new(|number, asked| async move {
        match number {
            0 => keys(Some(50), &[("config/users/a.yaml", "a: 1", 50)]),
            1 => {
                assert!(asked.what.contains("&index=50"), "{}", asked.what);
                // Another agent, restored from what was saved.
                keys(Some(7), &[("config/users/a.yaml", "a: 1", 50)])
            }
            _ => {
                assert!(!asked.what.contains("index"), "{}", asked.what);
                keys(Some(8), &[("config/users/a.yaml", "a: 2", 8)])
            }
        }
    })
    .await;
    let source = source(&agent);
    source.load().await.unwrap();
    changed(&source).await;
    assert_eq!(source.load().await.unwrap().documents[0].bytes, "a: 2");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_loaded_or_not() {
    let agent = Agent::new(|number, _| async move {
        match number {
            0 => keys(Some(1), &[("config/users/a.yaml", "a: 1", 1)]),
            1 => keys(Some(2), &[("config/users/a.yaml", "a: 2", 2)]),
            _ => std::future::pending().await,
        }
    })
    .await;
    let source = source(&agent);
    source.load().await.unwrap();
    changed(&source).await;
    timeout(Duration::from_secs(50), source.changed()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_answers_at_once_without_news_is_not_asked_in_a_loop() {
    let agent =
        Agent::new(|_, _| async { keys(None, &[("config/users/a.yaml", "a: 1", 1)]) }).await;
    let source = source(&agent);
    source.load().await.unwrap();
    timeout(Duration::from_secs(60), source.changed()).await.unwrap_err();
    let asked = agent.asked().len();
    assert!((5..40).contains(&asked), "asked {asked} times in a minute");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_away_is_tried_again_and_again_with_pauses() {
    let down = Arc::new(AtomicUsize::new(0));
    let failures = Arc::clone(&down);
    let agent = Agent::new(move |number, _| {
        let failures = Arc::clone(&failures);
        async move {
            if number == 0 || failures.load(Ordering::SeqCst) >= 20 {
                return keys(Some(1), &[("config/users/a.yaml", "a: 1", 1)]);
            }
            failures.fetch_add(1, Ordering::SeqCst);
            plain(500, "rpc error: No cluster leader")
        }
    })
    .await;
    let source = source(&agent);
    source.load().await.unwrap();
    let begun = Instant::now();
    let mut loads = 0;
    loop {
        source.changed().await;
        loads += 1;
        match source.load().await {
            Ok(snapshot) => break assert_eq!(names(&snapshot), ["config/users/a.yaml"]),
            Err(error) => {
                let expected = "cannot read config/users/ at consul http://";
                assert!(error.message().starts_with(expected), "{error}");
                assert!(error.message().contains("No cluster leader"), "{error}");
            }
        }
    }
    let took = begun.elapsed();
    assert!((15..30).contains(&loads), "{loads} loads");
    assert!(took > Duration::from_secs(60) && took < Duration::from_secs(240), "{took:?}");
}

#[tokio::test]
async fn a_server_that_has_no_leader_is_not_believed_to_hold_nothing() {
    let agent = Agent::new(|number, _| async move {
        let mut answer = match number {
            0 => keys(Some(5), &[("config/users/a.yaml", "a: 1", 5)]),
            _ => keys(Some(1), &[]),
        };
        let leader = if number == 1 { "false" } else { "true" };
        answer.headers_mut().insert("x-consul-knownleader", leader.parse().unwrap());
        answer
    })
    .await;
    let source = source(&agent);
    source.load().await.unwrap();
    let error = source.load().await.unwrap_err();
    assert!(error.message().contains("has no leader and lists no keys"), "{error}");
    changed(&source).await;
    assert!(source.load().await.unwrap().documents.is_empty(), "with one it is");
}

#[tokio::test]
async fn what_the_agent_refuses_is_told_with_the_setting_that_helps() {
    let table = [
        (None, 403, "Permission denied", "set config.consul.token"),
        (Some("t"), 403, "Permission denied", "give the token of config.consul.token that right"),
        (Some("t"), 403, "ACL not found", "check config.consul.token"),
    ];
    for (token, status, body, expected) in table {
        let agent = Agent::new(move |_, _| async move { plain(status, body) }).await;
        let settings = ConsulSourceSettings {
            token: token.map(Into::into),
            ..ConsulSourceSettings::at(&agent.url, "config/users")
        };
        let source = ConsulSource::new(&settings, &ConsulSettings::default()).unwrap();
        let error = source.load().await.unwrap_err();
        assert_eq!(error.reason(), "CONSUL_FORBIDDEN");
        assert!(error.message().contains(expected), "{error}");
    }
    let settings = ConsulSourceSettings::at("http://127.0.0.1:1", "x");
    let source = ConsulSource::new(&settings, &ConsulSettings::default()).unwrap();
    let error = source.load().await.unwrap_err();
    assert!(error.message().contains("check that the agent runs, and config.consul.address"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let table = [
        (ConsulSourceSettings::default(), "set config.consul.prefix or config.consul.key"),
        (ConsulSourceSettings::at("h:1", "/"), "the root is never read whole"),
        (
            ConsulSourceSettings { key: "b".to_owned(), ..ConsulSourceSettings::at("h:1", "a") },
            "are both set",
        ),
        (ConsulSourceSettings::at("ftp://h:1", "a"), "config.consul.address \"ftp://h:1\" is no"),
    ];
    for (settings, expected) in table {
        let error = ConsulSource::new(&settings, &ConsulSettings::default()).unwrap_err();
        assert_eq!(error.reason(), "CONSUL_SETTINGS_INVALID");
        assert!(error.message().contains(expected), "{error}");
    }
}

#[test]
fn the_order_is_that_of_names_without_their_ending() {
    let mut names =
        ["b.json", "app.yaml", "app.prod.yaml", "app-x.toml", "20.yml", "10.yaml", "d/.x"];
    names.sort_by_key(|name| stem(name));
    assert_eq!(
        names,
        ["10.yaml", "20.yml", "app.yaml", "app-x.toml", "app.prod.yaml", "b.json", "d/.x"]
    );
}
