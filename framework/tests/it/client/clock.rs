//! The defaults, tried on a clock wound by hand: nodes within the process, hours within a moment.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bia::Streaming;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::time::sleep;

use super::peer::Shared;
use super::proxy::carry;
use super::*;

fn inside(node: &Arc<Shared>, settings: ClientSettings) -> Channel {
    let node = Arc::clone(node);
    let connect = move |_: &_| std::future::ready(Ok(node.connect()));
    Channel::builder("node:1").settings(settings).connect_with(connect).build().unwrap()
}

fn node() -> Arc<Shared> {
    Shared::new("node:1".to_owned(), None, Health::Serving)
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_time_ends_after_10_seconds() {
    let node = node();
    let channel = inside(&node, ClientSettings::default());
    let begun = Instant::now();
    let error = channel.unary::<_, String>(&SLOW, ()).await.unwrap_err();
    assert_eq!(error.code(), 504);
    assert!(begun.elapsed() - Duration::from_secs(10) < Duration::from_millis(10));
    assert_eq!(error.message(), "/t.T/Slow on node:1 did not end within 10s");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_to_a_peer_that_lives_is_kept_for_hours() {
    let node = node();
    let channel = inside(&node, ClientSettings::default());
    who(&channel).await.unwrap();
    // sleeps: on a paused clock.
    sleep(Duration::from_secs(4 * 3600)).await;
    who(&channel).await.unwrap();
    assert_eq!(node.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_fell_silent_is_given_up_within_40_seconds() {
    let node = node();
    let silent = watch::Sender::new(false);
    let heard = silent.subscribe();
    let connected = Arc::clone(&node);
    let connect = move |_: &_| {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let ((from_near, to_near), (from_far, to_far)) =
            (tokio::io::split(far), tokio::io::split(connected.connect()));
        tokio::spawn(carry(from_near, to_far, heard.clone()));
        tokio::spawn(carry(from_far, to_near, heard.clone()));
        std::future::ready(Ok(near))
    };
    let settings = ClientSettings { timeout: Duration::ZERO, ..ClientSettings::default() };
    let channel =
        Channel::builder("node:1").settings(settings).connect_with(connect).build().unwrap();
    who(&channel).await.unwrap();
    silent.send_replace(true);
    let begun = Instant::now();
    let error = channel.unary::<_, String>(&WHO, ()).await.unwrap_err();
    assert!(begun.elapsed() <= Duration::from_millis(40_100), "{:?}", begun.elapsed());
    assert!(error.message().contains("did not answer a ping within 10s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_not_needed_any_more_are_given_up() {
    let node = Shared::new("node:1".to_owned(), Some(10), Health::Serving);
    let channel = inside(&node, ClientSettings::default());
    let mut held = Vec::new();
    for _ in 0..25 {
        let stream: Streaming<String> = channel.server_stream(&HOLD, ()).await.unwrap();
        held.push(stream);
    }
    assert_eq!(channel.state().nodes[0].connections, 3);
    held.truncate(1);
    // sleeps: on a paused clock.
    sleep(Duration::from_secs(300)).await;
    assert_eq!(channel.state().nodes[0].connections, 1);
    // The stream that is left has its connection as long as it needs it.
    node.gate.add_permits(1);
    let last = held.remove(0);
    assert_eq!(futures_util::StreamExt::count(last).await, 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(node.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_is_tried_again_more_and_more_slowly() {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&attempts);
    let connect = move |_: &_| {
        noted.lock().unwrap().push(Instant::now());
        std::future::ready(Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into()))
    };
    let channel = Channel::builder("node:1").connect_with(connect).build().unwrap();
    // sleeps: on a paused clock.
    sleep(Duration::from_secs(120)).await;
    let attempts = attempts.lock().unwrap();
    let waits: Vec<_> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let close = |wait: Duration, full: u64| {
        let full = Duration::from_millis(full);
        full / 2 <= wait && wait <= full + Duration::from_millis(2)
    };
    for (wait, full) in waits.iter().zip([100, 200, 400, 800, 1600, 3200]) {
        assert!(close(*wait, full), "{waits:?}");
    }
    assert!(waits[6..].iter().all(|wait| close(*wait, 5000)), "{waits:?}");
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn many_nodes_are_connected_to_a_few_at_a_time() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let node = node();
    let connect = move |_: &_| {
        let (now, most, node) = (Arc::clone(&counted), Arc::clone(&peak), Arc::clone(&node));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // sleeps: on a paused clock.
            sleep(Duration::from_millis(100)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(node.connect())
        }
    };
    let addresses: Vec<_> = (0..50).map(|place| format!("node-{place}:1")).collect();
    let target = format!("direct:///{}", addresses.join(","));
    let channel = Channel::builder(target).connect_with(connect).build().unwrap();
    phases(&channel, &[NodePhase::Ready; 50]).await;
    assert_eq!(most.load(Ordering::SeqCst), 16);
}

/// Takes a connection, and finds the first ping one too many.
async fn easily_annoyed(mut socket: DuplexStream, pinged: Arc<Mutex<Vec<Duration>>>) {
    let begun = Instant::now();
    let mut preface = [0; 24];
    socket.read_exact(&mut preface).await.unwrap();
    socket.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut frame = vec![0; length];
        socket.read_exact(&mut frame).await.unwrap();
        if head[3] == 6 {
            pinged.lock().unwrap().push(begun.elapsed());
            let debug = b"too_many_pings";
            let mut goaway = vec![0, 0, 8 + 14, 7, 0, 0, 0, 0, 0];
            goaway.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 11]);
            goaway.extend_from_slice(debug);
            socket.write_all(&goaway).await.unwrap();
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_finds_it_is_pinged_too_often_is_pinged_less() {
    let pinged = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&pinged);
    let connect = move |_: &_| {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(easily_annoyed(far, Arc::clone(&noted)));
        std::future::ready(Ok(near))
    };
    let settings = ClientSettings { health_check: false, ..ClientSettings::default() };
    let channel =
        Channel::builder("node:1").settings(settings).connect_with(connect).build().unwrap();
    // sleeps: on a paused clock.
    sleep(Duration::from_secs(30 + 60 + 120 + 240 + 60)).await;
    let pinged: Vec<_> = pinged.lock().unwrap().iter().map(Duration::as_secs).collect();
    assert_eq!(pinged, [30, 60, 120, 240]);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_health_watch_that_breaks_is_begun_anew_and_what_it_last_said_stands() {
    let node = node();
    let channel = inside(&node, ClientSettings::default());
    who(&channel).await.unwrap();
    let watches = node.watches.load(Ordering::SeqCst);
    node.set_health(Health::Broken);
    // sleeps: on a paused clock.
    sleep(Duration::from_secs(10)).await;
    assert!(node.watches.load(Ordering::SeqCst) > watches + 3);
    who(&channel).await.unwrap();
    assert_eq!(channel.state().nodes[0].phase, NodePhase::Ready);
    node.set_health(Health::NotServing);
    phases(&channel, &[NodePhase::NotServing]).await;
    assert_eq!(node.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_costs_nothing_between_two_attempts_to_reach_it() {
    let node = node();
    let attempts = Arc::new(AtomicUsize::new(0));
    let (connected, count) = (Arc::clone(&node), Arc::clone(&attempts));
    let connect = move |_: &_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        std::future::ready(if first {
            Ok(connected.connect())
        } else {
            Err(io::Error::from(io::ErrorKind::ConnectionRefused))
        })
    };
    let channel = Channel::builder("node:1").connect_with(connect).build().unwrap();
    phases(&channel, &[NodePhase::Ready]).await;
    *node.mode.lock().unwrap() = Mode::Cut;
    who(&channel).await.unwrap_err();
    // sleeps: on a paused clock, which stands still for as long as any task is busy.
    sleep(Duration::from_secs(60)).await;
    assert!((12..60).contains(&attempts.load(Ordering::SeqCst)), "{attempts:?}");
}
