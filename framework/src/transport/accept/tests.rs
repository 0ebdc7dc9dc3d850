use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::*;
use crate::transport::api;

type Turn = io::Result<DuplexStream>;

/// Gives out what it is sent.
struct Script {
    turns: Mutex<mpsc::UnboundedReceiver<Turn>>,
    asked: Arc<std::sync::Mutex<Vec<Instant>>>,
}

impl Script {
    fn new() -> (mpsc::UnboundedSender<Turn>, Self) {
        let (send, turns) = mpsc::unbounded_channel();
        (send, Self { turns: Mutex::new(turns), asked: Arc::default() })
    }
}

impl Accept for Script {
    type Io = DuplexStream;

    async fn accept(&self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        let turn = self.turns.lock().await.recv().await;
        let Some(turn) = turn else { return std::future::pending().await };
        self.asked.lock().unwrap().push(Instant::now());
        turn.map(|io| (io, None))
    }
}

/// A server over a script, and what stops it.
fn serving(max: usize, listener: Script) -> (Stop, tokio::task::JoinHandle<()>) {
    let stop = Stop::new();
    let asked = stop.clone();
    (stop, tokio::spawn(async move { connections(max).serve(listener, &asked).await }))
}

fn connections(max: usize) -> Connections {
    let mut settings = ServerSettings::default();
    settings.connection.max = max;
    let in_force = api::InForce::new(settings).unwrap();
    let pipeline =
        api::pipeline(&in_force, Vec::new(), &[], crate::telemetry::Telemetry::off()).unwrap();
    Connections::new(pipeline, in_force.settings().clone(), None, Room::new(None))
}

fn no_files() -> io::Result<DuplexStream> {
    Err(io::Error::from_raw_os_error(24))
}

async fn asks(mut io: DuplexStream) -> String {
    let request = b"GET /none HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    if io.write_all(request).await.is_ok() {
        io.read_to_string(&mut answer).await.unwrap();
    }
    answer
}

#[tokio::test(start_paused = true)]
async fn a_system_without_files_is_asked_more_and_more_slowly_and_then_served_again() {
    let (turns, listener) = Script::new();
    let asked = Arc::clone(&listener.asked);
    let (near, far) = duplex(1024);
    for _ in 0..12 {
        turns.send(no_files()).unwrap();
    }
    turns.send(Err(io::ErrorKind::ConnectionAborted.into())).unwrap();
    turns.send(Ok(far)).unwrap();
    let (stop, server) = serving(10, listener);
    assert!(asks(near).await.starts_with("HTTP/1.1 404"));
    stop.begin();
    server.await.unwrap();

    let asked = asked.lock().unwrap();
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] <= Duration::from_millis(6), "{waits:?}");
    assert!(waits[..12].iter().all(|wait| *wait <= Duration::from_millis(1001)), "{waits:?}");
    assert!(waits[11] >= Duration::from_millis(500), "{waits:?}");
    assert_eq!(waits[12], Duration::ZERO, "a peer that went away is no reason to wait");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_accept_stops_at_once_when_asked() {
    let (turns, listener) = Script::new();
    for _ in 0..100 {
        turns.send(no_files()).unwrap();
    }
    let (stop, server) = serving(10, listener);
    tokio::task::yield_now().await;
    let begun = Instant::now();
    stop.begin();
    server.await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_connection_too_many_is_closed_at_once_and_there_is_room_again_later() {
    let (turns, listener) = Script::new();
    let (stop, server) = serving(1, listener);
    let (first, one) = duplex(1024);
    let (second, two) = duplex(1024);
    turns.send(Ok(one)).unwrap();
    turns.send(Ok(two)).unwrap();
    assert_eq!(asks(second).await, "");
    assert!(asks(first).await.starts_with("HTTP/1.1 404"));
    // sleeps: on a paused clock, until the server has seen that the first one is gone.
    sleep(Duration::from_millis(1)).await;
    let (third, three) = duplex(1024);
    turns.send(Ok(three)).unwrap();
    assert!(asks(third).await.starts_with("HTTP/1.1 404"));
    stop.begin();
    server.await.unwrap();
}

#[test]
fn some_files_are_kept_for_what_is_not_a_connection() {
    let table = [
        (20_000, None, 20_000),
        (20_000, Some(1_000_000), 20_000),
        (20_000, Some(1024), 960),
        (20_000, Some(100), 50),
        (10, Some(1024), 10),
    ];
    for (max, files, expected) in table {
        assert_eq!(Room::new(files).of(max), expected, "{max} of {files:?}");
    }
}

#[test]
fn stuck_operations_are_named_with_how_many() {
    assert_eq!(
        Named(&[("/a.A/Get", 2), ("/b.B/Watch", 1)]).to_string(),
        "/a.A/Get (2), /b.B/Watch (1)"
    );
}
