use std::convert::Infallible;
use std::future::Future;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::registry::Endpoint;

/// What an agent was asked: method, path with query, token and body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) what: String,
    pub(super) token: Option<String>,
    pub(super) body: Value,
}

/// An agent that answers as a test says.
pub(super) struct Agent {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _task: AbortOnDropHandle<()>,
}

impl Agent {
    /// `answer` is given the number of the request and what was asked, and answers when it likes.
    pub(super) async fn new<F, Fut>(answer: F) -> Self
    where
        F: Fn(usize, Asked) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let serve = service_fn(move |request: Request<Incoming>| {
                    let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                    async move {
                        let asked = Asked::read(request).await;
                        let number = {
                            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                            seen.push(asked.clone());
                            seen.len() - 1
                        };
                        Ok::<_, Infallible>(answer(number, asked).await)
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), serve);
                connections.spawn(connection);
            }
        });
        Self { url, asked, _task: AbortOnDropHandle::new(task) }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asked {
    async fn read(request: Request<Incoming>) -> Self {
        let what = format!("{} {}", request.method(), request.uri());
        let token = request.headers().get("x-consul-token");
        let token = token.map(|token| token.to_str().unwrap().to_owned());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Self { what, token, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
    }
}

pub(super) fn plain(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(body.to_owned())).unwrap()
}

fn listing(index: Option<&str>, ids: &[&str]) -> Response<Full<Bytes>> {
    let entries: Vec<_> = ids
        .iter()
        .map(|id| json!({"Service": {"ID": id, "Service": "users", "Address": "h", "Port": 1}}))
        .collect();
    let mut answer = plain(200, &Value::from(entries).to_string());
    if let Some(index) = index {
        answer.headers_mut().insert("x-consul-index", index.parse().unwrap());
    }
    answer
}

async fn next(watch: &mut Watch) -> Result<Vec<String>> {
    let item = timeout(Duration::from_secs(30), watch.next()).await.unwrap().unwrap();
    item.map(|snapshot| snapshot.iter().map(|instance| instance.id.clone()).collect())
}

#[tokio::test]
async fn a_registration_is_written_field_by_field_as_kratos_writes_it() {
    let agent = Agent::new(|_, _| async { plain(200, "") }).await;
    let settings = ConsulSettings {
        tags: vec!["canary".to_owned()],
        token: "t0k3n".into(),
        ..ConsulSettings::at(&agent.url)
    };
    let consul = Consul::new(&settings).unwrap();
    let instance = Instance::new("inst-1", "shelf", "v1.2.3")
        .with_endpoint(Endpoint::new("http", "10.1.2.3", 8000))
        .with_endpoint(Endpoint::new("grpc", "10.1.2.3", 9000))
        .with_metadata("weight", "10");
    let lease = consul.register(instance).await.unwrap();
    lease.release().await.unwrap();
    let tcp = |authority: &str| {
        json!({"Interval": "10s", "Timeout": "5s", "TCP": authority, "Status": "passing",
               "DeregisterCriticalServiceAfter": "600s"})
    };
    let registration = json!({
        "ID": "inst-1", "Name": "shelf", "Tags": ["version=v1.2.3", "canary"],
        "Port": 8000, "Address": "10.1.2.3",
        "TaggedAddresses": {
            "grpc": {"Address": "grpc://10.1.2.3:9000", "Port": 9000},
            "http": {"Address": "http://10.1.2.3:8000", "Port": 8000},
        },
        "Meta": {"weight": "10"}, "Check": null,
        "Checks": [
            tcp("10.1.2.3:8000"),
            tcp("10.1.2.3:9000"),
            {"CheckID": "service:inst-1", "TTL": "20s", "DeregisterCriticalServiceAfter": "600s"},
        ],
    });
    let asked =
        |what: &str, body| Asked { what: what.to_owned(), token: Some("t0k3n".to_owned()), body };
    let expected = [
        asked("PUT /v1/agent/service/register", registration),
        asked(
            "PUT /v1/agent/check/update/service%3Ainst-1",
            json!({"Status": "passing", "Output": "pass"}),
        ),
        asked("PUT /v1/agent/service/deregister/inst-1", Value::Null),
    ];
    assert_eq!(agent.asked(), expected);
}

#[test]
fn what_an_instance_does_not_have_is_left_out_of_its_registration() {
    let settings = ConsulSettings {
        tcp_checks: false,
        interval: Duration::from_millis(1500),
        ..ConsulSettings::default()
    };
    let written = |instance: &Instance, settings: &ConsulSettings| {
        serde_json::to_value(entry::Registration::new(instance, settings)).unwrap()
    };
    let bare = Instance::new("1", "users", "");
    let expected = json!({
        "ID": "1", "Name": "users", "Tags": ["version="], "TaggedAddresses": {}, "Check": null,
        "Checks": [{"CheckID": "service:1", "TTL": "3s", "DeregisterCriticalServiceAfter": "600s"}],
    });
    assert_eq!(written(&bare, &settings), expected);
    let six = bare.with_endpoint(Endpoint::new("grpc", "2001:db8::1", 9000));
    let six = written(&six, &ConsulSettings { tcp_checks: true, ..settings });
    assert_eq!(six["Address"], "2001:db8::1");
    assert_eq!(six["Checks"][0]["TCP"], "[2001:db8::1]:9000");
    assert_eq!(six["Checks"][0]["Interval"], "1500ms");
}

#[tokio::test]
async fn a_query_carries_datacenter_namespace_and_whether_it_may_be_stale() {
    let agent = Agent::new(|number, _| async move {
        match number {
            0 => listing(Some("7"), &["a"]),
            _ => std::future::pending().await,
        }
    })
    .await;
    let settings = ConsulSettings {
        datacenter: "dc 2".to_owned(),
        namespace: "team&a".to_owned(),
        stale: true,
        ..ConsulSettings::at(format!("{}/", agent.url))
    };
    let consul = Consul::new(&settings).unwrap();
    let mut watch = consul.watch("a/ü");
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    while agent.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    let asked: Vec<_> = agent.asked().into_iter().map(|asked| asked.what).collect();
    let path = "GET /v1/health/service/a%2F%C3%BC?passing=1&wait=55000ms";
    let rest = "&dc=dc%202&stale&ns=team%26a";
    assert_eq!(asked, [format!("{path}{rest}"), format!("{path}&index=7{rest}")]);
    assert_eq!(agent.asked()[0].token, None);
}

#[tokio::test]
async fn an_index_that_goes_back_begins_anew() {
    let agent = Agent::new(|number, _| async move {
        match number {
            0 => listing(Some("9"), &["a", "b"]),
            1 | 2 => listing(Some("3"), &["a"]),
            _ => std::future::pending().await,
        }
    })
    .await;
    let grace = Some(Duration::from_millis(50));
    let settings = ConsulSettings { rejoin_grace: grace, ..ConsulSettings::at(&agent.url) };
    let consul = Consul::new(&settings).unwrap();
    let mut watch = consul.watch("users");
    assert_eq!(next(&mut watch).await.unwrap(), ["a", "b"]);
    // Whoever is missing from an earlier state of the registry has the time to come back.
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    while agent.asked().len() < 4 {
        tokio::task::yield_now().await;
    }
    let indexes: Vec<_> = agent
        .asked()
        .iter()
        .map(|asked| asked.what.split_once("&index=").map(|(_, index)| index.to_owned()))
        .collect();
    assert_eq!(indexes, [None, Some("9".to_owned()), None, Some("3".to_owned())]);
}

#[tokio::test]
async fn an_agent_that_answers_at_once_without_an_index_makes_no_busy_loop() {
    let agent = Agent::new(|_, _| async { listing(None, &["a"]) }).await;
    let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
    let mut watch = consul.watch("users");
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    // Nothing more comes, and hardly anything more is asked.
    assert!(timeout(Duration::from_millis(1500), watch.next()).await.is_err());
    assert!(agent.asked().len() <= 8, "{}", agent.asked().len());
}

#[tokio::test]
async fn several_watches_of_a_service_are_one_query() {
    let agent = Agent::new(|number, _| async move {
        match number {
            0 => listing(Some("7"), &["a"]),
            _ => std::future::pending().await,
        }
    })
    .await;
    let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
    let mut watches: Vec<_> = (0..5).map(|_| consul.watch("users")).collect();
    for watch in &mut watches {
        assert_eq!(next(watch).await.unwrap(), ["a"]);
    }
    let queries = agent.asked().iter().filter(|asked| !asked.what.contains("index")).count();
    assert_eq!(queries, 1);
}

#[tokio::test]
async fn an_agent_that_fails_is_told_once_and_its_return_even_without_a_change() {
    let agent = Agent::new(|number, _| async move {
        match number {
            0 | 4 => listing(Some("7"), &["a"]),
            1..=3 => plain(500, "No cluster leader"),
            _ => std::future::pending().await,
        }
    })
    .await;
    let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
    let mut watch = consul.watch("users");
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    let error = next(&mut watch).await.unwrap_err();
    let expected = format!(
        "cannot list the instances of users at consul {}: it answers 500 \"No cluster leader\"",
        agent.url
    );
    assert_eq!((error.code(), error.message()), (503, expected.as_str()));
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    assert!(agent.asked()[4].what.ends_with("wait=55000ms"), "it begins anew");
}

#[tokio::test]
async fn a_server_without_a_leader_is_not_believed_that_nobody_serves() {
    let agent = Agent::new(|number, _| async move {
        let mut answer = match number {
            0 => return listing(Some("7"), &["a"]),
            1 => listing(Some("1"), &[]),
            2 => listing(Some("8"), &["b"]),
            _ => std::future::pending().await,
        };
        answer.headers_mut().insert("x-consul-knownleader", "false".parse().unwrap());
        answer
    })
    .await;
    let grace = Some(Duration::from_millis(50));
    let settings = ConsulSettings { rejoin_grace: grace, ..ConsulSettings::at(&agent.url) };
    let consul = Consul::new(&settings).unwrap();
    let mut watch = consul.watch("users");
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    let error = next(&mut watch).await.unwrap_err();
    assert!(error.message().contains("has no leader and lists nobody"), "{error}");
    while next(&mut watch).await.unwrap() != ["b"] {}
}

#[tokio::test]
async fn a_set_that_the_acls_emptied_is_an_error_with_a_remedy() {
    let agent = Agent::new(|_, _| async {
        let mut answer = listing(Some("7"), &[]);
        let headers = answer.headers_mut();
        headers.insert("x-consul-results-filtered-by-acls", "true".parse().unwrap());
        answer
    })
    .await;
    let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
    let error = next(&mut consul.watch("users")).await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_FORBIDDEN");
    assert!(error.message().ends_with("give it service:read and node:read"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_an_error_and_not_an_empty_set() {
    for garbage in ["<html>proxy</html>", "{}", "[{\"Node\":{}}]"] {
        let agent = Agent::new(move |_, _| async move { plain(200, garbage) }).await;
        let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
        let error = next(&mut consul.watch("users")).await.unwrap_err();
        assert!(error.message().ends_with("its answer is not understood"), "{error}");
    }
}

#[tokio::test]
async fn an_agent_that_forgot_an_instance_has_it_again_in_the_same_heartbeat() {
    let table = [
        (404, "Unknown check \"service:1\""),
        (500, "CheckID \"service:1\" does not have associated TTL"),
    ];
    for (status, body) in table {
        let agent = Agent::new(move |number, _| async move {
            // Registered, passed; then a heartbeat that it does not know.
            if number == 2 { plain(status, body) } else { plain(200, "") }
        })
        .await;
        let interval = Duration::from_millis(300);
        let settings = ConsulSettings::at(&agent.url).with_interval(interval);
        let begun = Instant::now();
        let consul = Consul::new(&settings).unwrap();
        let lease = consul.register(Instance::new("1", "users", "v1")).await.unwrap();
        let mut state = lease.state();
        state.wait_for(|state| state.registered_again == 1 && state.held).await.unwrap();
        assert!(begun.elapsed() < interval * 2, "{:?}", begun.elapsed());
        lease.release().await.unwrap();
        let asked: Vec<_> = agent.asked().into_iter().map(|asked| asked.what).collect();
        assert_eq!(asked[3], "PUT /v1/agent/service/register");
        assert_eq!(asked[4], "PUT /v1/agent/check/update/service%3A1");
    }
}

#[tokio::test]
async fn a_lease_says_why_it_is_not_renewed_and_that_it_no_longer_holds() {
    let agent = Agent::new(|number, _| async move {
        if (2..8).contains(&number) { plain(403, "ACL not found") } else { plain(200, "") }
    })
    .await;
    let settings = ConsulSettings::at(&agent.url)
        .with_interval(Duration::from_millis(100))
        .with_token("t0k3n");
    let consul = Consul::new(&settings).unwrap();
    let lease = consul.register(Instance::new("1", "users", "v1")).await.unwrap();
    let mut state = lease.state();
    let failed = state.wait_for(|state| state.error.is_some()).await.unwrap().clone();
    assert!(failed.held, "its time to live is not over");
    let error = failed.error.unwrap();
    assert!(error.contains("cannot renew users 1"), "{error}");
    assert!(error.contains("check registry.consul.token"), "{error}");
    state.wait_for(|state| state.held && state.error.is_none()).await.unwrap();
    lease.release().await.unwrap();
}

#[tokio::test]
async fn leaving_is_tried_again_and_an_instance_that_is_not_known_has_left() {
    for (answers, expected) in [([500, 404], true), ([500, 500], false)] {
        let agent = Agent::new(move |number, _| async move {
            if number < 2 { plain(200, "") } else { plain(answers[usize::from(number > 2)], "") }
        })
        .await;
        let consul = Consul::new(&ConsulSettings::at(&agent.url)).unwrap();
        let lease = consul.register(Instance::new("1", "users", "v1")).await.unwrap();
        assert_eq!(lease.release().await.is_ok(), expected);
    }
}

#[tokio::test]
async fn an_agent_that_does_not_answer_is_given_up_in_time() {
    let agent = Agent::new(|_, _| std::future::pending()).await;
    let limit = Duration::from_millis(100);
    let settings = ConsulSettings { timeout: limit, wait: limit, ..ConsulSettings::at(&agent.url) };
    let consul = Consul::new(&settings).unwrap();
    let error = consul.register(Instance::new("1", "users", "v1")).await.unwrap_err();
    assert!(error.is(504, "CONSUL_UNREACHABLE"), "{error}");
    assert!(error.message().contains("no answer within 100ms: check that the agent runs"));
    let begun = Instant::now();
    next(&mut consul.watch("users")).await.unwrap_err();
    assert!(begun.elapsed() > limit * 2, "a query may take its wait and a sixteenth more");
}

#[test]
fn settings_that_cannot_work_are_refused_with_a_remedy() {
    let table = [
        (ConsulSettings::at("ftp://h:1"), "is no address: write http://host:8500"),
        (ConsulSettings::at(""), "is no address: write http://host:8500"),
        (ConsulSettings::at("http://me:pass@h:1"), "is no address: write http://host:8500"),
        (ConsulSettings::default().with_token("a\nb"), "token holds what no header can"),
        (
            ConsulSettings {
                ca_file: Some("/no/ca.pem".into()),
                ..ConsulSettings::at("https://h:1")
            },
            "cannot read registry.consul.ca_file /no/ca.pem",
        ),
        (
            ConsulSettings { cert_file: Some("a".into()), ..ConsulSettings::at("https://h:1") },
            "cert_file and registry.consul.key_file go together",
        ),
    ];
    for (settings, expected) in table {
        let error = Consul::new(&settings).unwrap_err();
        assert_eq!(error.reason(), "CONSUL_SETTINGS_INVALID");
        assert!(error.message().contains(expected), "{error}");
    }
    let consul = Consul::new(&ConsulSettings::at("10.0.0.1:8500")).unwrap();
    assert_eq!(Registrar::describe(&consul), "consul at http://10.0.0.1:8500");
    assert_eq!(Discovery::describe(&consul), "consul at http://10.0.0.1:8500");
}

#[test]
fn settings_are_read_as_they_are_documented() {
    let settings: ConsulSettings =
        serde_json::from_value(json!({"token": "t0k3n", "interval": "5s", "rejoin_grace": "1m"}))
            .unwrap();
    let expected = ConsulSettings {
        rejoin_grace: Some(Duration::from_secs(60)),
        ..ConsulSettings::default().with_token("t0k3n").with_interval(Duration::from_secs(5))
    };
    assert_eq!(settings, expected);
    assert!(!format!("{settings:?}").contains("t0k3n"), "a token is never printed");
    let error = serde_json::from_value::<ConsulSettings>(json!({"adress": "h"})).unwrap_err();
    assert!(error.to_string().contains("unknown field `adress`, expected one of `address`"));
}
