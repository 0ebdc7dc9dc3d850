//! Connections grow old and are let go without losing a call.

use std::time::Duration;

use tokio::time::Instant;

use super::raw::{self, Frame, Peer};
use super::serve;

const ANY_STREAM: u32 = (1 << 31) - 1;

#[tokio::test]
async fn an_old_connection_gets_goaway_in_two_steps_and_every_call_is_answered() {
    let served = serve(|settings| {
        settings.connection.max_age = Duration::from_millis(100);
    })
    .await;
    let mut peer = Peer::connect(served.address).await;
    peer.call(1, "/t.Echo/Slow", "before").await;

    // First: no new connection's worth of calls is refused yet, whatever is on its way.
    assert_eq!(peer.await_kind(raw::GOAWAY).await.unwrap().goaway(), (ANY_STREAM, 0));
    let ping = peer.next().await.unwrap();
    assert_eq!((ping.kind, ping.flags), (raw::PING, 0));
    peer.call(3, "/t.Echo/Slow", "on its way").await;
    served.entered(2).await;

    // Second: the peer has heard; the last call that is taken.
    peer.answer_ping(&ping).await;
    assert_eq!(peer.await_kind(raw::GOAWAY).await.unwrap().goaway(), (3, 0));
    served.let_through(2);
    let ends =
        [peer.await_kind(raw::DATA).await.unwrap(), peer.await_kind(raw::DATA).await.unwrap()];
    let mut streams = ends.map(|frame| frame.stream);
    streams.sort_unstable();
    assert_eq!(streams, [1, 3]);
    assert_eq!(peer.await_kind(raw::GOAWAY).await, None, "the connection ends with its last call");
    served.still_serves().await;
}

#[tokio::test]
async fn a_stream_on_an_old_connection_goes_on_until_the_grace_ends() {
    let served = serve(|settings| {
        settings.connection.max_age = Duration::from_millis(50);
        settings.connection.grace = Duration::from_millis(400);
    })
    .await;
    let mut peer = Peer::connect(served.address).await;
    peer.open(1, "/t.Echo/Chat").await;
    peer.await_kind(raw::GOAWAY).await.unwrap();
    let begun = Instant::now();
    for text in ["still", "here"] {
        peer.send(&Frame::new(raw::DATA, 0, 1, super::framed(text))).await;
        assert_eq!(peer.await_kind(raw::DATA).await.unwrap().payload, super::framed(text));
    }
    assert_eq!(peer.await_kind(raw::DATA).await, None);
    assert!(begun.elapsed() >= Duration::from_millis(390), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn connections_that_came_together_do_not_go_together() {
    let served = serve(|settings| {
        settings.connection.max_age = Duration::from_secs(1);
    })
    .await;
    let begun = Instant::now();
    let peers = (0..40).map(|_| async {
        let mut peer = Peer::connect(served.address).await;
        peer.await_kind(raw::GOAWAY).await.unwrap();
        begun.elapsed()
    });
    let mut ages = futures_util::future::join_all(peers).await;
    ages.sort_unstable();
    assert!(ages[0] >= Duration::from_millis(900), "{ages:?}");
    assert!(ages[39] - ages[0] >= Duration::from_millis(50), "{ages:?}");
}

#[tokio::test]
async fn a_connection_without_calls_is_let_go_if_that_is_set() {
    let served = serve(|settings| {
        settings.connection.max_idle = Duration::from_millis(100);
    })
    .await;
    let mut idle = Peer::connect(served.address).await;
    let mut busy = Peer::connect(served.address).await;
    busy.call(1, "/t.Echo/Slow", "busy").await;
    served.entered(1).await;
    assert_eq!(idle.await_kind(raw::GOAWAY).await.unwrap().goaway(), (ANY_STREAM, 0));
    served.let_through(1);
    assert_eq!(busy.await_kind(raw::DATA).await.unwrap().stream, 1);
}

#[tokio::test]
async fn an_old_connection_of_http1_ends_between_two_requests() {
    let served = serve(|settings| {
        settings.connection.max_age = Duration::from_millis(100);
    })
    .await;
    let mut connection = super::http1::Connection::connect(served.address).await;
    let begun = Instant::now();
    assert_eq!(connection.get("/").await.status, 404);
    assert_eq!(connection.read_to_end().await, "");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
