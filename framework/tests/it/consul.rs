//! Registration and discovery against real Consul agents.

use std::time::Duration;

use bia::backend::consul::{Consul, ConsulSettings};
use bia::registry::{Discovery, Endpoint, Instance, Registrar, Watch};
use bia::testing::conformance;
use futures_util::StreamExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout, timeout_at};

use crate::fixture::consul::{Agent, Cluster, MASTER};

const SECOND: Duration = Duration::from_secs(1);

fn consul(settings: &ConsulSettings) -> Consul {
    Consul::new(settings).unwrap()
}

/// An agent's settings with a heartbeat that a test can wait for.
fn quick(agent: &Agent) -> ConsulSettings {
    ConsulSettings::at(agent.url()).with_interval(SECOND)
}

/// An instance whose endpoint takes connections.
async fn users(id: &str) -> (Instance, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endpoint = Endpoint::new("grpc", "127.0.0.1", port);
    (Instance::new(id, "users", "v1").with_endpoint(endpoint), listener)
}

async fn next(watch: &mut Watch) -> bia::Result<Vec<String>> {
    let item = timeout(60 * SECOND, watch.next()).await.unwrap().unwrap();
    item.map(|snapshot| snapshot.iter().map(|instance| instance.id.clone()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_keeps_what_a_registry_promises() {
    let Some(agent) = Agent::dev("consul_keeps_what_a_registry_promises").await else { return };
    let settings = quick(&agent);
    let make = move || consul(&settings);
    conformance::registry(make.clone(), make).expires_within(10 * SECOND).await;
}

#[tokio::test]
async fn a_registration_reads_field_by_field_as_that_of_kratos() {
    let test = "a_registration_reads_field_by_field_as_that_of_kratos";
    let Some(agent) = Agent::dev(test).await else { return };
    let settings = ConsulSettings { tags: vec!["canary".to_owned()], ..settings(&agent) };
    let instance = Instance::new("inst-1", "shelf", "v1.2.3")
        .with_endpoint(Endpoint::new("http", "10.1.2.3", 8000))
        .with_endpoint(Endpoint::new("grpc", "10.1.2.3", 9000))
        .with_metadata("weight", "10");
    let lease = consul(&settings).register(instance).await.unwrap();
    let service = agent.get("/v1/agent/service/inst-1").await;
    let expected = json!({
        "ID": "inst-1", "Service": "shelf", "Tags": ["version=v1.2.3", "canary"],
        "Port": 8000, "Address": "10.1.2.3", "Meta": {"weight": "10"},
        "TaggedAddresses": {
            "grpc": {"Address": "grpc://10.1.2.3:9000", "Port": 9000},
            "http": {"Address": "http://10.1.2.3:8000", "Port": 8000},
        },
    });
    for (field, value) in expected.as_object().unwrap() {
        // Consul adds addresses of its own to the tagged ones.
        match field.as_str() {
            "TaggedAddresses" => {
                for (scheme, address) in value.as_object().unwrap() {
                    assert_eq!(&service[field][scheme], address, "{field}.{scheme}");
                }
            }
            _ => assert_eq!(&service[field], value, "{field} in {service}"),
        }
    }
    let entries = agent.get("/v1/health/service/shelf?passing=1").await;
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["Service"]["Tags"], expected["Tags"]);
    assert_eq!(entries[0]["Service"]["Meta"], expected["Meta"]);
    let checks: Vec<_> = entries[0]["Checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["ServiceID"] != "")
        .collect();
    let ids: Vec<_> = checks.iter().map(|it| it["CheckID"].as_str().unwrap()).collect();
    assert_eq!(ids, ["service:inst-1", "service:inst-1:1", "service:inst-1:2"]);
    let types: Vec<_> = checks.iter().map(|it| it["Type"].as_str().unwrap()).collect();
    assert_eq!(types, ["ttl", "tcp", "tcp"]);
    assert_eq!((&checks[0]["Status"], &checks[0]["Output"]), (&json!("passing"), &json!("pass")));
    lease.release().await.unwrap();
    assert_eq!(agent.get("/v1/health/service/shelf").await, json!([]));
}

fn settings(agent: &Agent) -> ConsulSettings {
    ConsulSettings::at(agent.url())
}

#[tokio::test]
async fn what_kratos_registered_is_found() {
    let Some(agent) = Agent::dev("what_kratos_registered_is_found").await else { return };
    let kratos = json!({
        "ID": "inst-1", "Name": "shelf", "Tags": ["version=v1", "canary", "version=v2"],
        "Port": 8000, "Address": "2001:db8::1",
        "TaggedAddresses": {
            "http": {"Address": "http://[2001:db8::1]:8000?isSecure=false", "Port": 8000},
            "grpc": {"Address": "grpc://[2001:db8::1]:9000", "Port": 9000},
            "lan_ipv4": {"Address": "10.0.0.9", "Port": 1},
        },
        "Meta": {"weight": "10"}, "Check": null,
        "Checks": [{"CheckID": "service:inst-1", "TTL": "20s", "DeregisterCriticalServiceAfter": "600s"}],
    });
    let others = json!({"ID": "inst-2", "Name": "shelf", "Address": "10.9.9.9", "Port": 80});
    let critical = json!({
        "ID": "inst-3", "Name": "shelf", "Address": "10.9.9.9", "Port": 81,
        "Checks": [{"CheckID": "service:inst-3", "TTL": "20s"}],
    });
    for body in [&kratos, &others, &critical] {
        agent.put("/v1/agent/service/register", &body.to_string()).await;
    }
    agent.put("/v1/agent/check/update/service:inst-1", r#"{"Status":"passing"}"#).await;
    let client = consul(&settings(&agent));
    let found = client.watch("shelf").next().await.unwrap().unwrap();
    let expected = Instance::new("inst-1", "shelf", "v2")
        .with_endpoint(Endpoint::new("grpc", "2001:db8::1", 9000))
        .with_endpoint(Endpoint::new("http", "2001:db8::1", 8000))
        .with_metadata("weight", "10");
    let fallback =
        Instance::new("inst-2", "shelf", "").with_endpoint(Endpoint::new("http", "10.9.9.9", 80));
    assert_eq!(found[..], [expected, fallback]);
}

#[tokio::test]
async fn whoever_looks_into_consul_sees_all_services_and_why_an_instance_gets_no_calls() {
    let test = "whoever_looks_into_consul_sees_all_services_and_why_an_instance_gets_no_calls";
    let Some(agent) = Agent::dev(test).await else { return };
    let client = consul(&settings(&agent));
    let (well, _listener) = users("well").await;
    let lease = client.register(well.clone()).await.unwrap();
    let silent = json!({
        "ID": "silent", "Name": "users", "Address": "10.9.9.9", "Port": 81,
        "Checks": [{"Name": "heartbeat", "CheckID": "service:silent", "TTL": "20s"}],
    });
    agent.put("/v1/agent/service/register", &silent.to_string()).await;
    let mut services = client.services().await.unwrap();
    // It adds itself in its own time.
    services.retain(|name| name != "consul");
    assert_eq!(services, ["users"]);
    let listed = client.list("users").await.unwrap();
    let faults: Vec<_> =
        listed.iter().map(|it| (it.instance.id.as_str(), it.fault.as_deref())).collect();
    assert_eq!(faults, [("silent", Some("heartbeat is critical")), ("well", None)]);
    assert_eq!(listed[1].instance, well);
    assert_eq!(client.list("nobody").await.unwrap(), []);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn with_the_default_settings_the_first_to_come_and_the_last_to_leave_are_known_within_a_second()
 {
    let test = "with_the_default_settings_the_first_to_come_and_the_last_to_leave_are_known_within_a_second";
    let Some(agent) = Agent::dev(test).await else { return };
    let client = consul(&settings(&agent));
    let mut watch = client.watch("users");
    assert!(next(&mut watch).await.unwrap().is_empty());
    for round in 0..3 {
        let (instance, _listener) = users(&format!("i{round}")).await;
        let lease = consul(&settings(&agent)).register(instance.clone()).await.unwrap();
        let came = Instant::now();
        assert_eq!(next(&mut watch).await.unwrap(), [instance.id]);
        assert!(came.elapsed() < SECOND, "{:?}", came.elapsed());
        lease.release().await.unwrap();
        let left = Instant::now();
        assert!(next(&mut watch).await.unwrap().is_empty());
        assert!(left.elapsed() < SECOND, "{:?}", left.elapsed());
    }
}

#[tokio::test]
async fn an_agent_that_was_started_empty_has_everybody_again_within_a_heartbeat() {
    let test = "an_agent_that_was_started_empty_has_everybody_again_within_a_heartbeat";
    let Some(mut agent) = Agent::dev(test).await else { return };
    let interval = 4 * SECOND;
    let client = consul(&settings(&agent).with_interval(interval));
    let (one, _listener) = users("one").await;
    let (two, _listener) = users("two").await;
    let leases = [client.register(one).await.unwrap(), client.register(two).await.unwrap()];
    let mut watch = client.watch("users");
    while next(&mut watch).await.unwrap().len() < 2 {}
    agent.kill().await;
    let error = next(&mut watch).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (503, "CONSUL_UNREACHABLE"));
    assert!(error.message().contains("check that the agent runs, and registry.consul.address"));
    // The heartbeats fail meanwhile.
    for lease in &leases {
        let mut state = lease.state();
        timeout(3 * interval, state.wait_for(|it| it.error.is_some())).await.unwrap().unwrap();
    }
    agent.start().await;
    let back = Instant::now();
    for lease in &leases {
        let mut state = lease.state();
        let again = state.wait_for(|it| it.registered_again == 1 && it.held);
        timeout_at(back + interval, again).await.unwrap().unwrap();
    }
    let listed = agent.get("/v1/health/service/users?passing=1").await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    // It is told that the registry is back, and never that nobody serves.
    let mut recovered = false;
    while let Ok(item) = timeout(3 * interval, watch.next()).await {
        let Ok(snapshot) = item.unwrap() else { continue };
        assert_eq!(snapshot.len(), 2, "{snapshot:?}");
        recovered = true;
    }
    assert!(recovered);
    for lease in leases {
        lease.release().await.unwrap();
    }
    while !next(&mut watch).await.unwrap().is_empty() {}
}

#[tokio::test]
async fn who_does_not_come_back_after_an_outage_is_given_up_after_the_grace() {
    let test = "who_does_not_come_back_after_an_outage_is_given_up_after_the_grace";
    let Some(mut agent) = Agent::dev(test).await else { return };
    let client = consul(&quick(&agent));
    let (instance, _listener) = users("gone").await;
    let lease = client.register(instance).await.unwrap();
    let mut watch = client.watch("users");
    while next(&mut watch).await.unwrap().is_empty() {}
    agent.kill().await;
    drop(lease);
    next(&mut watch).await.unwrap_err();
    agent.start().await;
    assert_eq!(next(&mut watch).await.unwrap(), ["gone"], "it may come back");
    assert!(next(&mut watch).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_registration_that_was_removed_by_others_is_back_within_a_heartbeat() {
    let test = "a_registration_that_was_removed_by_others_is_back_within_a_heartbeat";
    let Some(agent) = Agent::dev(test).await else { return };
    let client = consul(&quick(&agent));
    let (instance, _listener) = users("a").await;
    let lease = client.register(instance).await.unwrap();
    let mut watch = client.watch("users");
    while next(&mut watch).await.unwrap().is_empty() {}
    agent.put("/v1/agent/service/deregister/a", "").await;
    assert!(next(&mut watch).await.unwrap().is_empty());
    let removed = Instant::now();
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    assert!(removed.elapsed() < 2 * SECOND, "{:?}", removed.elapsed());
    let mut state = lease.state();
    timeout(SECOND, state.wait_for(|it| it.registered_again == 1)).await.unwrap().unwrap();
    lease.release().await.unwrap();
}

/// A token with these rules.
async fn token(agent: &Agent, name: &str, rules: &str) -> String {
    agent.put("/v1/acl/policy", &json!({"Name": name, "Rules": rules}).to_string()).await;
    let token = json!({"Policies": [{"Name": name}]}).to_string();
    agent.put("/v1/acl/token", &token).await["SecretID"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_tells_what_it_is_and_whether_there_is_a_leader() {
    let test = "an_agent_tells_what_it_is_and_whether_there_is_a_leader";
    let Some(agent) = Agent::dev(test).await else { return };
    let status = consul(&settings(&agent)).status().await.unwrap();
    assert!(status.version.starts_with(|first: char| first.is_ascii_digit()), "{status:?}");
    assert_eq!(status.datacenter, "dc1");
    assert!(status.leader.is_some(), "{status:?}");
    // Without access control any token will do.
    let with_token = settings(&agent).with_token("6f3c8b1e-0000-4f0b-9a57-0c1d2e3f4a5b");
    assert_eq!(consul(&with_token).status().await.unwrap().leader, status.leader);
}

#[tokio::test]
async fn a_token_that_the_agent_does_not_know_is_told() {
    let test = "a_token_that_the_agent_does_not_know_is_told";
    let Some(agent) = Agent::with_acl(test).await else { return };
    let unknown = settings(&agent).with_token("6f3c8b1e-0000-4f0b-9a57-0c1d2e3f4a5b");
    let error = consul(&unknown).status().await.unwrap_err();
    assert_eq!(error.reason(), "CONSUL_FORBIDDEN", "{error}");
    assert!(error.message().contains("token"), "{error}");
    let known = consul(&settings(&agent).with_token(MASTER)).status().await.unwrap();
    assert!(known.leader.is_some() && !known.version.is_empty(), "{known:?}");
}

#[tokio::test]
async fn with_acls_the_token_decides_and_a_refusal_says_what_is_missing() {
    let test = "with_acls_the_token_decides_and_a_refusal_says_what_is_missing";
    let Some(agent) = Agent::with_acl(test).await else { return };
    let write = token(&agent, "write", r#"service "users" { policy = "write" }"#).await;
    let rules = r#"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#;
    let read = token(&agent, "read", rules).await;
    let (instance, _listener) = users("a").await;

    let refused = async |settings: ConsulSettings, instance: &Instance, expected: &[&str]| {
        let error = consul(&settings).register(instance.clone()).await.unwrap_err();
        assert_eq!(error.reason(), "CONSUL_FORBIDDEN");
        for part in expected {
            assert!(error.message().contains(part), "{part:?} in {error}");
        }
        assert!(!format!("{error:?} {settings:?}").contains(&write), "a token is never printed");
    };
    refused(settings(&agent), &instance, &["403", "set registry.consul.token"]).await;
    let unknown = settings(&agent).with_token("00000000-0000-0000-0000-000000000000");
    refused(unknown, &instance, &["ACL not found", "check registry.consul.token"]).await;
    let weak = settings(&agent).with_token(read.as_str());
    refused(weak, &instance, &["cannot register users a", "Permission denied", "that right"]).await;
    let mut other = instance.clone();
    other.name = "orders".to_owned();
    let strong = settings(&agent).with_token(write.as_str());
    refused(strong.clone(), &other, &["cannot register orders a", "Permission denied"]).await;

    let lease = consul(&strong).register(instance).await.unwrap();
    let reader = consul(&settings(&agent).with_token(read.as_str()));
    let mut watch = reader.watch("users");
    while next(&mut watch).await.unwrap().is_empty() {}
    lease.release().await.unwrap();
    assert!(next(&mut watch).await.unwrap().is_empty());

    let stranger = consul(&settings(&agent).with_token("00000000-0000-0000-0000-000000000000"));
    let error = next(&mut stranger.watch("users")).await.unwrap_err();
    assert!(error.message().contains("cannot list the instances of users"), "{error}");
    assert!(error.message().contains("check registry.consul.token"), "{error}");
}

#[tokio::test]
async fn an_agent_behind_tls_is_reached_with_its_own_ca_and_only_so() {
    let test = "an_agent_behind_tls_is_reached_with_its_own_ca_and_only_so";
    let Some(agent) = Agent::with_tls(test).await else { return };
    let plain = ConsulSettings::at(agent.https_url());
    let trusting = ConsulSettings { ca_file: Some(agent.ca_file()), ..plain.clone() };
    let (instance, _listener) = users("a").await;
    let client = consul(&trusting);
    let lease = client.register(instance.clone()).await.unwrap();
    let mut watch = client.watch("users");
    assert_eq!(next(&mut watch).await.unwrap(), ["a"]);
    lease.release().await.unwrap();
    assert!(next(&mut watch).await.unwrap().is_empty());

    if let Ok(client) = Consul::new(&plain) {
        let error = client.register(instance).await.unwrap_err();
        assert_eq!(error.reason(), "CONSUL_UNREACHABLE");
        assert!(error.message().contains("certificate"), "{error}");
        assert!(error.message().contains("registry.consul.ca_file"), "{error}");
    }
}

#[tokio::test]
async fn a_datacenter_that_is_none_is_said_to_be_so() {
    let test = "a_datacenter_that_is_none_is_said_to_be_so";
    let Some(agent) = Agent::dev(test).await else { return };
    let client = consul(&ConsulSettings { datacenter: "dc1".to_owned(), ..settings(&agent) });
    assert!(next(&mut client.watch("users")).await.unwrap().is_empty());
    let client = consul(&ConsulSettings { datacenter: "mars".to_owned(), ..settings(&agent) });
    let error = next(&mut client.watch("users")).await.unwrap_err();
    assert!(error.message().contains("No path to datacenter"), "{error}");
    // Only Consul Enterprise has namespaces.
    let client = consul(&ConsulSettings { namespace: "team".to_owned(), ..settings(&agent) });
    let error = next(&mut client.watch("users")).await.unwrap_err();
    assert!(error.message().contains("Namespaces are a Consul Enterprise feature"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_dies_stale_reads_go_on_and_registrations_survive() {
    let test = "when_the_leader_dies_stale_reads_go_on_and_registrations_survive";
    let Some(mut cluster) = Cluster::start(test).await else { return };
    let stale = ConsulSettings { stale: true, ..settings(cluster.follower().await) };
    let client = consul(&stale);
    let (one, _listener) = users("one").await;
    let (two, _second) = users("two").await;
    let lease = client.register(one).await.unwrap();
    let mut watch = client.watch("users");
    while next(&mut watch).await.unwrap().is_empty() {}

    let (left, other) = cluster.kill_leader().await;
    // Who looks now, at a server without a leader, is told at once and without an error.
    let late = consul(&ConsulSettings { address: left.url(), ..stale.clone() });
    let asked = Instant::now();
    assert_eq!(next(&mut late.watch("users")).await.unwrap(), ["one"]);
    assert!(asked.elapsed() < 5 * SECOND, "{:?}", asked.elapsed());

    // Registering goes on; the others know when there is a leader again.
    let second = client.register(two).await.unwrap();
    let other = consul(&ConsulSettings { address: other.url(), ..stale });
    let mut late = other.watch("users");
    while next(&mut late).await.unwrap() != ["one", "two"] {}
    loop {
        // No set in between misses the one that was there all the time.
        let ids = next(&mut watch).await.unwrap();
        assert!(ids.contains(&"one".to_owned()), "{ids:?}");
        if ids.len() == 2 {
            break;
        }
    }
    let state = lease.state().borrow().clone();
    assert!(state.held, "{state:?}");
    lease.release().await.unwrap();
    second.release().await.unwrap();
    while !next(&mut late).await.unwrap().is_empty() {}
}
