//! What becomes of the calls of a service that is told to stop.

use std::time::Duration;

use bia::ClientSettings;
use futures_util::TryStreamExt;
use interop::api::fleet::v1::{GetUserRequest, ListUsersRequest, User, UserServiceClient};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::fleet::Fleet;
use super::process::{LIMIT, Process};

/// A call that takes so long is running when the signal comes.
fn held(hold_ms: u32) -> GetUserRequest {
    GetUserRequest { id: 1, hold_ms, failure: None }
}

fn client(fleet: &Fleet) -> UserServiceClient {
    UserServiceClient::new(fleet.channel("user-service", ClientSettings::default()))
}

async fn is_holding(node: &Process) {
    node.logs("that it holds a call", |line| line["message"] == "holding").await;
}

fn of_phase<'a>(log: &'a [Value], phase: &str) -> Option<&'a Value> {
    log.iter().find(|line| line["phase"] == phase)
}

#[tokio::test]
async fn a_slow_call_that_runs_when_the_signal_comes_finishes_and_the_process_ends_with_0() {
    for signal in ["TERM", "INT"] {
        let fleet = Fleet::local().with("stop.drain_delay=0s");
        let node = fleet.user("one", &[]).await;
        let call = tokio::spawn(client(&fleet).get_user(held(1_500)));
        is_holding(&node).await;
        node.signal(signal);
        let user = timeout(LIMIT, call).await.unwrap().unwrap().unwrap();
        assert_eq!(user.node, "one");
        let ended = node.ended().await;
        assert_eq!((ended.code, ended.words.as_str()), (Some(0), ""));
        assert!(of_phase(&ended.log, "cut").is_none(), "{:#?}", ended.log);
        assert!(of_phase(&ended.log, "drain").unwrap()["took_ms"].is_number());
    }
}

#[tokio::test]
async fn a_stuck_call_is_cut_at_the_limit_and_named_in_the_log() {
    let fleet = Fleet::local().with("stop.drain_delay=0s").with("stop.timeout=2s");
    let node = fleet.user("one", &[]).await;
    let call = tokio::spawn(client(&fleet).get_user(held(u32::MAX)));
    is_holding(&node).await;
    node.signal("TERM");
    let begun = Instant::now();
    let error = timeout(LIMIT, call).await.unwrap().unwrap().unwrap_err();
    assert!(begun.elapsed() > Duration::from_secs(1), "it has its time: {:?}", begun.elapsed());
    assert_eq!(error.code(), 503, "{error}");
    let ended = node.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(ended.code, Some(0), "{:#?}", ended.log);
    let cut = ended.log.iter().find(|line| line["calls"] == 1);
    let cut = cut.unwrap_or_else(|| panic!("nothing is named: {:#?}", ended.log));
    assert_eq!(cut["operations"], "/fleet.v1.UserService/GetUser (1)");
    assert_eq!(cut["level"], "warn");
}

#[tokio::test]
async fn an_open_stream_goes_on_to_its_end_while_new_calls_go_to_another_instance() {
    let fleet = Fleet::local().with("stop.drain_delay=0s");
    let one = fleet.user("one", &[]).await;
    let client = client(&fleet);
    let list = ListUsersRequest { count: 20, every_ms: 100 };
    let mut stream = client.list_users(list).await.unwrap();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.node, "one");
    let two = fleet.user("two", &[]).await;
    one.signal("TERM");
    one.phase("deregister").await;
    while client.get_user(held(0)).await.unwrap().node != "two" {}
    for _ in 0..20 {
        assert_eq!(client.get_user(held(0)).await.unwrap().node, "two");
    }
    let rest: Vec<User> = timeout(LIMIT, stream.try_collect()).await.unwrap().unwrap();
    assert_eq!(rest.len(), 19, "every message came");
    assert!(rest.iter().all(|user| user.node == "one"));
    assert_eq!(one.ended().await.code, Some(0));
    two.stop().await;
}
