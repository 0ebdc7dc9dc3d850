//! Nodes that fall silent: nothing that is sent to them arrives, and nobody says so.

use std::time::Duration;

use tokio::time::Instant;

use super::fleet::Fleet;
use super::network::Network;
use super::process::{Process, Reports};

/// What each call of these callers is given.
const DEADLINE: Duration = Duration::from_secs(1);

/// What a busy machine may add to a time.
const SLACK: Duration = Duration::from_millis(700);

/// How often a caller reports.
const REPORTS_A_SECOND: usize = 10;

#[tokio::test]
async fn calls_leave_a_node_that_fell_silent_within_the_keepalive_limit_and_come_back() {
    let test = "calls_leave_a_node_that_fell_silent_within_the_keepalive_limit_and_come_back";
    let Some(network) = Network::start(test).await else { return };
    let settings = ["client.keepalive.interval=1s", "client.keepalive.timeout=1s"];
    fall_silent(&network, &settings, Duration::from_secs(2)).await;
}

#[tokio::test]
async fn with_the_default_settings_calls_leave_a_node_that_fell_silent_within_40_s() {
    let test = "with_the_default_settings_calls_leave_a_node_that_fell_silent_within_40_s";
    let Some(network) = Network::start(test).await else { return };
    fall_silent(&network, &[], Duration::from_secs(40)).await;
}

#[tokio::test]
async fn a_node_that_falls_silent_is_found_although_nobody_calls_it() {
    let test = "a_node_that_falls_silent_is_found_although_nobody_calls_it";
    let Some(network) = Network::start(test).await else { return };
    let fleet = Fleet::local().with("stop.drain_delay=0s");
    let address = ["app.id=two", "server.address=10.99.2.12:0"];
    let node = fleet.up(fleet.command_by(&network.among_nodes(), "user", &address)).await;
    let settings = [
        "load.unary=0",
        "load.streams=0",
        "client.keepalive.interval=1s",
        "client.keepalive.timeout=1s",
        "telemetry.logs.filter=bia=debug",
    ];
    let command = fleet.command_by(&network.among_callers(), "caller", &settings);
    let caller = fleet.up(command).await;
    caller.logs("a connection", |line| line["message"] == "connected").await;
    network.swallow("10.99.2.12").await;
    let silent = Instant::now();
    caller.logs("a lost connection", |line| line["message"] == "connection lost").await;
    assert!(silent.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", silent.elapsed());
    network.heal("10.99.2.12").await;
    node.stop().await;
}

/// One of three nodes falls silent under load, and is heard again.
#[expect(clippy::print_stdout, reason = "how many calls failed is of interest, however few may")]
async fn fall_silent(network: &Network, settings: &[&str], limit: Duration) {
    let fleet = Fleet::local().with("stop.drain_delay=0s");
    let start = async |id: &str, address: &str| {
        let (id, address) = (format!("app.id={id}"), format!("server.address={address}:0"));
        let command = fleet.command_by(&network.among_nodes(), "user", &[&id, &address]);
        fleet.up(command).await
    };
    let nodes = [
        start("one", "10.99.2.11").await,
        start("two", "10.99.2.12").await,
        start("three", "10.99.2.13").await,
    ];
    let deadline = format!("load.timeout={}ms", DEADLINE.as_millis());
    let settings: Vec<_> = settings.iter().copied().chain([deadline.as_str()]).collect();
    let caller = fleet.command_by(&network.among_callers(), "caller", &settings);
    let caller = fleet.up(caller).await;
    caller.reported("calls to all", |it| it.answered().len() == 3).await;
    caller.next_reports(REPORTS_A_SECOND).await.assert_none_lost(["one", "two", "three"]);

    let before = caller.next_reports(1).await.0.last().unwrap().at_ms;
    network.swallow("10.99.2.12").await;
    let silent = quiet(&caller, before, limit).await;
    println!(
        "silent: {} calls failed, {} were answered; the last that failed began {:?} after",
        silent.failed().len(),
        silent.total(),
        last_begun(&silent, before)
    );
    for failed in silent.failed() {
        assert!([503, 504].contains(&failed.code), "{failed:?}");
        let took = Duration::from_millis(failed.took_ms);
        assert!(took <= DEADLINE + SLACK, "it waits longer than its deadline: {failed:?}");
    }
    assert!(silent.slowest() <= DEADLINE + SLACK, "{:?}", silent.slowest());
    let (one, three) = (silent.answered()["one"], silent.answered()["three"]);
    assert!(one > 50 && three > 50, "the others are called meanwhile: {one} {three}");
    let gone = caller.next_reports(REPORTS_A_SECOND).await;
    assert_eq!(gone.answered().get("two"), None, "nothing can come from there");

    network.heal("10.99.2.12").await;
    let from = caller.next_reports(1).await.0.last().unwrap().at_ms;
    let healed = caller
        .reported("calls to the node that is heard again", |it| {
            it.0.iter().any(|it| it.at_ms > from && it.answered.contains_key("two"))
        })
        .await;
    let back = healed.0.iter().find(|it| it.at_ms > from && it.answered.contains_key("two"));
    let took = Duration::from_millis(back.unwrap().at_ms - from);
    println!("healed: calls came back after {took:?}");
    assert!(took < Duration::from_secs(12), "a back-off and an attempt: {took:?}");
    caller.next_reports(REPORTS_A_SECOND).await.assert_none_lost(["one", "two", "three"]);
    let all = caller.stop().await.reports;
    let after: Vec<_> = all.0.iter().filter(|it| it.at_ms > from).cloned().collect();
    Reports(after).assert_none_lost(["one", "two", "three"]);
    for node in nodes {
        node.stop().await;
    }
}

/// The reports from `before` on, until no call has failed for some deadlines.
///
/// By then the last that failed must have begun within the limit.
async fn quiet(caller: &Process, before: u64, limit: Duration) -> Reports {
    let calm = REPORTS_A_SECOND * usize::try_from(3 * DEADLINE.as_secs()).unwrap();
    let is_calm = |all: &Reports| {
        let after = all.0.iter().filter(|it| it.at_ms > before).count();
        let failed = all.0.iter().rev().take(calm).any(|it| !it.failed.is_empty());
        after >= calm && !failed
    };
    let all = caller.reported("no more calls fail", is_calm).await;
    let silent = Reports(all.0.into_iter().filter(|it| it.at_ms > before).collect());
    let last = last_begun(&silent, before);
    assert!(last <= limit + SLACK, "a call that began {last:?} after failed");
    silent
}

/// How long after `before` the last call began that failed.
fn last_begun(reports: &Reports, before: u64) -> Duration {
    let begun = reports
        .0
        .iter()
        .flat_map(|report| report.failed.iter().map(|it| report.at_ms.saturating_sub(it.took_ms)));
    Duration::from_millis(begun.max().unwrap_or(before).saturating_sub(before))
}
