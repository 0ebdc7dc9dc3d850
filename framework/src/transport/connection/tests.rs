//! The defaults, in hours of a clock that is wound by hand.

use proptest::prelude::proptest;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::transport::api;

/// The preface and empty settings.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn connect(change: impl FnOnce(&mut ServerSettings)) -> (DuplexStream, JoinHandle<Cause>) {
    let mut settings = ServerSettings::default();
    change(&mut settings);
    let in_force = api::InForce::new(settings).unwrap();
    let pipeline =
        api::pipeline(&in_force, Vec::new(), &[], crate::telemetry::Telemetry::off()).unwrap();
    let (near, far) = duplex(64 * 1024);
    let served = serve_io(far, pipeline, in_force.settings().full(), Peer::default(), Stop::new());
    (near, tokio::spawn(served))
}

/// How long a peer is kept that has sent `bytes` and goes on listening.
async fn kept(bytes: &[u8], change: impl FnOnce(&mut ServerSettings)) -> Duration {
    let begun = Instant::now();
    let (mut peer, served) = connect(change);
    peer.write_all(bytes).await.unwrap();
    peer.read_to_end(&mut Vec::new()).await.unwrap();
    let kept = begun.elapsed();
    // The connection waits a little for the peer to close its end.
    drop(peer);
    served.await.unwrap();
    kept
}

fn is_about(time: Duration, seconds: u64) -> bool {
    let expected = Duration::from_secs(seconds);
    expected <= time && time < expected + Duration::from_millis(100)
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_dropped_after_40_seconds() {
    let time = kept(HTTP2, |_| {}).await;
    assert!(is_about(time, 40), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_or_half_is_dropped_after_10_seconds() {
    for bytes in [&b""[..], &HTTP2[..12]] {
        let time = kept(bytes, |_| {}).await;
        assert!(is_about(time, 10), "{time:?}");
    }
    let time = kept(b"GET / HTTP/1.1\r\nhost:", |_| {}).await;
    assert!(is_about(time, 10), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_http1_waits_75_seconds_for_its_next_request() {
    let time = kept(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", |_| {}).await;
    assert!(is_about(time, 75), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_asked_to_go_after_nine_to_eleven_minutes() {
    for _ in 0..20 {
        // This peer does not answer the ping of the GOAWAY: it is given another 10 s.
        let time = kept(HTTP2, |settings| settings.keepalive.interval = Duration::ZERO).await;
        let (low, high) = (Duration::from_secs(9 * 60 + 10), Duration::from_secs(11 * 60 + 11));
        assert!(low <= time && time <= high, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_ends_nothing() {
    let (mut peer, served) = connect(|settings| {
        settings.keepalive.interval = Duration::ZERO;
        settings.connection.max_age = Duration::ZERO;
    });
    peer.write_all(HTTP2).await.unwrap();
    let end = async { while peer.read_u8().await.is_ok() {} };
    assert!(timeout(Duration::from_secs(100 * 3600), end).await.is_err());
    assert!(!served.is_finished());
}

proptest! {
    #[test]
    fn ages_are_spread_over_a_fifth_of_the_age(seconds in 1_u64..100_000, random in 0.0..=1.0) {
        let age = Duration::from_secs(seconds);
        let spread = jittered(age, random);
        assert!(age.mul_f64(0.899_999) <= spread && spread <= age.mul_f64(1.100_001));
    }
}
