//! Registries that fail while services that they introduced to each other call each other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::fixture::consul::{Agent, Cluster};
use super::fleet::Fleet;
use super::process::{LIMIT, Process};

/// How often services tell Consul that they live, by default.
const HEARTBEAT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_agent_that_stops_for_30_s_and_starts_empty_costs_no_call() {
    let test = "an_agent_that_stops_for_30_s_and_starts_empty_costs_no_call";
    let Some(mut agent) = Agent::dev(test).await else { return };
    let fleet = Fleet::consul(agent.url());
    let nodes = [fleet.user("one", &[]).await, fleet.user("two", &[]).await];
    let caller = fleet.caller(&[]).await;

    agent.kill().await;
    let stopped = Instant::now();
    // Both sides say that the registry is away, and go on.
    let page = until(&caller, |page| !page["channels"][0]["registry"]["error"].is_null()).await;
    let channel = &page["channels"][0];
    let error = channel["registry"]["error"].as_str().unwrap();
    assert!(error.contains("cannot list the instances of user-service"), "{error}");
    assert_eq!(channel["target"], "user-service");
    assert_eq!(channel["nodes"].as_array().unwrap().len(), 2, "{page:#}");
    assert!(channel["nodes"].as_array().unwrap().iter().all(|node| node["phase"] == "ready"));
    let page = until(&nodes[0], |page| page["announced"]["lease"]["error"].is_string()).await;
    assert_eq!(page["announced"]["instance"]["id"], "one");
    // sleeps: the outage itself.
    sleep(Duration::from_secs(30).saturating_sub(stopped.elapsed())).await;
    let page = until(&nodes[0], |_| true).await;
    assert_eq!(page["announced"]["lease"]["held"], false, "{page:#}");

    agent.start().await;
    let back = Instant::now();
    while registered(&agent).await.len() < 2 {
        assert!(back.elapsed() < HEARTBEAT, "{:?}", registered(&agent).await);
        // sleeps: asked from outside, Consul does not tell by itself.
        sleep(Duration::from_millis(50)).await;
    }
    assert!(back.elapsed() < HEARTBEAT, "{:?}", back.elapsed());
    for node in &nodes {
        until(node, |page| page["announced"]["lease"]["registered_again"] == 1).await;
    }
    let page = until(&caller, |page| page["channels"][0]["registry"]["error"].is_null()).await;
    assert_eq!(page["channels"][0]["nodes"].as_array().unwrap().len(), 2, "{page:#}");

    // One that comes now is found, as ever.
    let three = fleet.user("three", &[]).await;
    caller.reported("a call to three", |it| it.answered().contains_key("three")).await;
    caller.stop().await.reports.assert_none_lost(["one", "two", "three"]);
    drop((nodes, three));
}

#[tokio::test]
async fn servers_of_consul_whose_leader_is_killed_cost_no_call() {
    let test = "servers_of_consul_whose_leader_is_killed_cost_no_call";
    let Some(mut cluster) = Cluster::start(test).await else { return };
    let fleet = Fleet::consul(cluster.follower().await.url()).with("stop.drain_delay=400ms");
    let one = fleet.user("one", &[]).await;
    let two = fleet.user("two", &[]).await;
    let caller = fleet.caller(&[]).await;

    cluster.kill_leader().await;
    // A deployment goes on meanwhile: it waits for the next leader, the calls do not.
    one.stop().await;
    let three = fleet.user("three", &[]).await;
    caller.reported("a call to three", |it| it.answered().contains_key("three")).await;
    two.stop().await;
    caller.stop().await.reports.assert_none_lost(["one", "two", "three"]);
    three.stop().await;
}

/// Reads an operator's page until it is as expected.
pub(super) async fn until(process: &Process, is: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let page = process.page("/registry").await;
        if is(&page) {
            return page;
        }
        assert!(begun.elapsed() < LIMIT, "{page:#}");
        // sleeps: a page does not tell by itself that it has changed.
        sleep(Duration::from_millis(50)).await;
    }
}

/// The ids that Consul lists as healthy.
async fn registered(agent: &Agent) -> Vec<Value> {
    let entries = agent.get("/v1/health/service/user-service?passing=1").await;
    let entries = entries.as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| json!(entry["Service"]["ID"])).collect()
}
