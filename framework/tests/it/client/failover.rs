//! Calls that no node has processed go to another; calls that one may have processed never do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bia::balance::BalancerKind;
use futures_util::{StreamExt, stream};
use h2::Reason;

use super::*;

#[tokio::test]
async fn a_refused_call_goes_to_another_node_at_once() {
    let (refusing, answering) = (Peer::start().await, Peer::start().await);
    let channel = direct(&[&refusing, &answering], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    refusing.set_mode(Mode::Refuse);
    for _ in 0..50 {
        assert_eq!(who(&channel).await.unwrap(), answering.name());
    }
    // A stream goes too, with what was read of it.
    for _ in 0..20 {
        let words = stream::iter(["a", "b"].map(str::to_owned));
        let joined: String = channel.client_stream(&JOIN, words).await.unwrap();
        assert_eq!(joined, "ab");
    }
    assert_eq!(refusing.calls(), 0);
}

#[tokio::test]
async fn a_call_that_every_node_refuses_fails_as_unavailable_and_is_not_tried_for_ever() {
    let peers = [Peer::start().await, Peer::start().await];
    let channel = direct(&[&peers[0], &peers[1]], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    peers.iter().for_each(|peer| peer.set_mode(Mode::Refuse));
    let error = who(&channel).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (503, "STREAM_RESET"));
    assert!(error.message().contains("REFUSED_STREAM"), "{error}");
}

#[tokio::test]
async fn a_call_that_may_have_been_processed_is_never_sent_twice() {
    let peers = [Peer::start().await, Peer::start().await];
    let channel = direct(&[&peers[0], &peers[1]], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    for (mode, code) in [
        (Mode::Reset(Reason::INTERNAL_ERROR), 500),
        (Mode::Reset(Reason::CANCEL), 499),
        (Mode::Cut, 503),
    ] {
        let before = peers[0].calls() + peers[1].calls();
        peers.iter().for_each(|peer| peer.set_mode(mode));
        let error = who(&channel).await.unwrap_err();
        assert_eq!(error.code(), code, "{mode:?} {error}");
        assert_eq!(peers[0].calls() + peers[1].calls(), before + 1, "{mode:?}");
    }
}

#[tokio::test]
async fn a_stream_of_which_too_much_was_read_to_be_kept_is_not_sent_to_another_node() {
    let (refusing, answering) = (Peer::start().await, Peer::start().await);
    let settings = ClientSettings { balancer: BalancerKind::RoundRobin, ..settings() };
    let channel = direct(&[&refusing, &answering], settings);
    phases(&channel, &[NodePhase::Ready; 2]).await;
    let mut lost = 0;
    for _ in 0..20 {
        refusing.set_mode(Mode::RefuseLater);
        let requests = stream::repeat("x".repeat(10_000)).take(30);
        match channel.client_stream::<_, String, _>(&JOIN, requests).await {
            Ok(joined) => assert_eq!(joined.len(), 300_000),
            Err(error) => {
                assert_eq!((error.code(), error.reason()), (503, "STREAM_RESET"));
                lost += 1;
            }
        }
    }
    assert_eq!(lost, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_when_connections_are_told_to_go_away_under_load() {
    let peers = [Peer::start().await, Peer::start().await];
    for nodes in [vec![&peers[0]], vec![&peers[0], &peers[1]]] {
        let channel = direct(&nodes, settings());
        let before = peers[0].connections();
        let (done, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
        let load = async |size: usize| {
            while !done.load(Ordering::SeqCst) {
                let text = "x".repeat(size);
                let call = channel.unary::<_, String>(&ECHO, text.clone());
                assert!(timeout(LONG, call).await.unwrap().unwrap() == text);
                ended.fetch_add(1, Ordering::SeqCst);
            }
        };
        let goaway = async {
            for round in 0..20 {
                until(|| ended.load(Ordering::SeqCst) >= round * 10).await;
                nodes.iter().for_each(|peer| peer.go_away());
            }
            done.store(true, Ordering::SeqCst);
        };
        tokio::join!(load(1), load(10), load(1_000), load(100_000), goaway);
        assert!(peers[0].connections() > before + 3, "{}", peers[0].connections());
    }
}

#[tokio::test]
async fn calls_in_flight_end_in_order_on_a_connection_that_goes_away() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let slow = tokio::spawn(channel.unary::<_, String>(&SLOW, ()));
    timeout(LONG, peer.shared.entered.acquire()).await.unwrap().unwrap().forget();
    peer.go_away();
    until(|| peer.connections() == 2).await;
    assert_eq!(who(&channel).await.unwrap(), peer.name());
    peer.shared.gate.add_permits(1);
    assert_eq!(timeout(LONG, slow).await.unwrap().unwrap().unwrap(), peer.name());
    // Nothing holds the old connection open: the health watch has moved.
    until(|| peer.shared.open.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_node_that_died_gets_no_calls_and_gets_them_again_when_it_is_back() {
    let (mut dying, living) = (Peer::start().await, Peer::start().await);
    let channel = direct(&[&dying, &living], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    dying.kill();
    phases(&channel, &[NodePhase::Ready, NodePhase::Unreachable]).await;
    for _ in 0..20 {
        assert_eq!(who(&channel).await.unwrap(), living.name());
    }
    let back = Peer::build(&dying.address.to_string(), None, Health::Serving).await;
    phases(&channel, &[NodePhase::Ready; 2]).await;
    until_called(&channel, &back).await;
}

async fn until_called(channel: &Channel, peer: &Peer) {
    let begun = Instant::now();
    while peer.calls() == 0 {
        assert!(begun.elapsed() < LONG, "the node gets no calls");
        who(channel).await.unwrap();
    }
}

#[tokio::test]
async fn more_calls_than_one_connection_takes_open_another_and_none_waits_for_ever() {
    let peer = Peer::with_max_streams(10).await;
    let settings = ClientSettings { max_connections_per_node: 3, ..settings() };
    let channel = direct(&[&peer], settings);
    let calls: Vec<_> =
        (0..30).map(|_| tokio::spawn(channel.unary::<_, String>(&SLOW, ()))).collect();
    timeout(LONG, peer.shared.entered.acquire_many(30)).await.unwrap().unwrap().forget();
    assert_eq!(peer.connections(), 3);
    assert_eq!(channel.state().nodes[0].in_flight, 30);

    // One more has no place, until one is free.
    let waiting = tokio::spawn(channel.unary::<_, String>(&SLOW, ()));
    let error = channel.unary::<_, String>(&WHO, ()).timeout(Duration::from_millis(50)).await;
    assert_eq!(error.unwrap_err().code(), 504);
    peer.shared.gate.add_permits(31);
    for call in calls {
        timeout(LONG, call).await.unwrap().unwrap().unwrap();
    }
    timeout(LONG, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(peer.connections(), 3);
}
