//! Lanes: a change is tried by calls of its own, and by no others.

use bia::balance::LANE_HEADER;
use bia::{Context, Metadata};

use super::membership::{discovered, instance};
use super::*;

async fn who_in(channel: &Channel, lane: &str) -> bia::Result<String> {
    timeout(LONG, channel.unary(&WHO, ()).metadata(LANE_HEADER, lane)).await.unwrap()
}

#[tokio::test]
async fn calls_of_a_lane_go_to_its_instances_and_no_other_calls_do() {
    let (plain, blue, other) = (Peer::start().await, Peer::start().await, Peer::start().await);
    let (say, channel) = discovered(settings());
    let all = [
        instance(&plain),
        instance(&blue).with_metadata("lane", "blue"),
        instance(&other).with_metadata("lane", ""),
    ];
    say.send(Ok(all.into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 3]).await;
    for _ in 0..20 {
        assert_eq!(who_in(&channel, "blue").await.unwrap(), blue.name());
        // An empty name is no lane, and nobody is in the green one.
        for lane in ["green", ""] {
            assert_ne!(who_in(&channel, lane).await.unwrap(), blue.name());
        }
        assert_ne!(who(&channel).await.unwrap(), blue.name());
    }
    let lanes: Vec<_> = channel.state().nodes.into_iter().filter_map(|node| node.lane).collect();
    assert_eq!(lanes, ["blue"]);
}

#[tokio::test]
async fn what_a_call_in_a_lane_causes_is_in_it_too() {
    let (plain, blue) = (Peer::start().await, Peer::start().await);
    let (say, channel) = discovered(settings());
    let all = [instance(&plain), instance(&blue).with_metadata("lane", "blue")];
    say.send(Ok(all.into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 2]).await;
    let mut metadata = Metadata::new();
    metadata.append(LANE_HEADER, "blue");
    let served = Context::background().with_metadata(metadata);
    assert_eq!(served.scope(who(&channel)).await.unwrap(), blue.name());
}

#[tokio::test]
async fn a_lane_that_loses_its_instances_loses_no_call() {
    let (plain, blue) = (Peer::start().await, Peer::start().await);
    let (say, channel) = discovered(settings());
    let tried = |lane: &str| instance(&blue).with_metadata("lane", lane);
    say.send(Ok([instance(&plain), tried("blue")].into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 2]).await;
    // One that comes to serve everybody is what a change that went well ends with.
    say.send(Ok([tried("")].into())).await.unwrap();
    until(|| channel.state().nodes.len() == 1).await;
    assert_eq!(who(&channel).await.unwrap(), blue.name());
    say.send(Ok([instance(&plain), tried("blue")].into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 2]).await;

    blue.set_health(Health::NotServing);
    phases(&channel, &[NodePhase::Ready, NodePhase::NotServing]).await;
    assert_eq!(who_in(&channel, "blue").await.unwrap(), plain.name());
    blue.set_health(Health::Serving);
    phases(&channel, &[NodePhase::Ready; 2]).await;
    assert_eq!(who_in(&channel, "blue").await.unwrap(), blue.name());
    say.send(Ok([instance(&plain)].into())).await.unwrap();
    until(|| channel.state().nodes.len() == 1).await;
    assert_eq!(who_in(&channel, "blue").await.unwrap(), plain.name());
}

#[tokio::test]
async fn where_all_are_in_lanes_a_call_in_none_is_told_so() {
    let blue = Peer::start().await;
    let (say, channel) = discovered(settings());
    say.send(Ok([instance(&blue).with_metadata("lane", "blue")].into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready]).await;
    let error = who(&channel).await.unwrap_err();
    let told = "user-service has no instance (1 known, 1 in a lane that the call is not in)";
    assert_eq!((error.reason(), error.message()), ("NODE_NOT_FOUND", told));
    assert_eq!(who_in(&channel, "blue").await.unwrap(), blue.name());
}
