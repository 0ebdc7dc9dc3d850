//! Services that are started anew, one after the other, while others call them.

use std::collections::BTreeSet;

use super::fixture::consul::Agent;
use super::fixture::free_ports;
use super::fleet::Fleet;
use super::process::Process;

const ROUNDS: usize = 10;

/// More calls at one time than a connection may have without another one being worth making.
const LOAD: [&str; 3] = ["load.pause=1ms", "load.unary=8", "load.streams=3"];

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
    let caller = fleet.caller(&LOAD).await;
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

#[tokio::test]
async fn a_rolling_restart_of_services_that_call_each_other_loses_no_call() {
    let fleet = Fleet::local().with("stop.drain_delay=200ms");
    let start =
        async |role: &str, round: usize| fleet.node(role, &format!("{role}-{round}"), &[]).await;
    let (mut users, mut orders) = (Vec::new(), Vec::new());
    for round in [0, 1] {
        users.push(start("user", round).await);
        orders.push(start("order", round).await);
    }
    let load = ["load.orders=8", "load.unary=0", "load.streams=0", "load.pause=1ms"];
    let caller = fleet.caller(&load).await;
    // Both at a time: an order that is being served needs its user also while its service stops.
    for round in 2..6 {
        let roll = async |role: &str, nodes: &mut Vec<Process>| {
            nodes.remove(0).stop().await;
            nodes.push(start(role, round).await);
        };
        tokio::join!(roll("user", &mut users), roll("order", &mut orders));
    }
    caller.reported("a call to the last", |it| it.answered().contains_key("user-5")).await;
    let reports = caller.stop().await.reports;
    let ids: Vec<_> = (0..6).map(|round| format!("user-{round}")).collect();
    reports.assert_none_lost(ids.iter().map(String::as_str));
}

#[tokio::test]
async fn an_instance_that_is_killed_costs_the_calls_it_had_and_no_others() {
    let fleet = Fleet::local().with("stop.drain_delay=0s");
    let killed = fleet.user("killed", &[]).await;
    let others = [fleet.user("one", &[]).await, fleet.user("two", &[]).await];
    let caller = fleet.caller(&LOAD).await;
    caller.reported("calls to all", |it| it.answered().len() == 3).await;
    killed.signal("KILL");
    assert_eq!(killed.ended().await.code, None);
    let at = caller.next_reports(1).await.0[0].at_ms;
    let after = caller.next_reports(10).await;
    after.assert_none_lost(["one", "two"]);
    assert_eq!(after.answered().len(), 2, "it gets no more calls");

    let back = fleet.user("back", &[]).await;
    caller.reported("calls to the new one", |it| it.answered().contains_key("back")).await;
    let all = caller.stop().await.reports;
    let failed: BTreeSet<_> = all.failed().iter().map(|it| (it.code, it.reason.clone())).collect();
    assert!(failed.iter().all(|it| *it == (503, "CONNECTION_LOST".to_owned())), "{failed:?}");
    // One for each of the callers, if all of their calls were there.
    assert!(all.failed().len() <= 8 + 3 * 3, "{:#?}", all.failed());
    let late = all.0.iter().filter(|it| it.at_ms > at).flat_map(|it| &it.failed).count();
    assert_eq!(late, 0);
    for node in others.into_iter().chain([back]) {
        node.stop().await;
    }
}
