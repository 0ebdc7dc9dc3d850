//! Services that are started anew, one after the other, while others call them.

use super::fixture::consul::Agent;
use super::fixture::free_ports;
use super::fleet::Fleet;

const ROUNDS: usize = 10;

#[tokio::test]
async fn a_rolling_restart_on_the_local_registry_loses_no_call() {
    roll(Fleet::local().with("stop.drain_delay=400ms")).await;
}

#[tokio::test]
async fn a_rolling_restart_without_a_drain_delay_loses_no_call_either() {
    roll(Fleet::local().with("stop.drain_delay=0s")).await;
}

#[tokio::test]
async fn a_rolling_restart_on_consul_loses_no_call() {
    let test = "a_rolling_restart_on_consul_loses_no_call";
    let Some(agent) = Agent::dev(test).await else { return };
    roll(Fleet::consul(agent.url()).with("stop.drain_delay=400ms")).await;
}

/// Two instances, each started anew ten times, as soon as the other one is up again.
///
/// One comes back at its old address, as on machines; the other at a new one, as in containers.
async fn roll(fleet: Fleet) {
    let [port] = free_ports(&["127.0.0.1"]);
    let addresses =
        [format!("server.address=127.0.0.1:{port}"), "server.address=127.0.0.1:0".into()];
    let start = async |round: usize, place: usize| {
        fleet.user(&format!("{round}-{place}"), &[&addresses[place]]).await
    };
    let mut nodes = vec![start(0, 0).await, start(0, 1).await];
    let caller = fleet.caller(&[]).await;
    for round in 1..=ROUNDS {
        for place in [0, 1] {
            nodes.remove(0).stop().await;
            nodes.push(start(round, place).await);
        }
    }
    let ids: Vec<_> =
        (0..=ROUNDS).flat_map(|round| [0, 1].map(|place| format!("{round}-{place}"))).collect();
    let last = ids.last().unwrap().as_str();
    caller.reported("a call to the last", |it| it.answered().contains_key(last)).await;
    let reports = caller.stop().await.reports;
    reports.assert_none_lost(ids.iter().map(String::as_str));
}
