//! A stop loses no call that can finish, and does not wait for those that cannot.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tracing_subscriber::fmt::MakeWriter;

use super::raw::{self, Frame, Peer};
use super::{Client, LONG, framed, serve};

#[tokio::test]
async fn a_slow_call_finishes_although_the_server_stops() {
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.call("/t.Echo/Slow", framed("slow")).await }
    });
    served.entered(1).await;
    served.stop.begin();
    // Whoever comes now is refused at once and goes elsewhere.
    timeout(LONG, async { while TcpStream::connect(served.address).await.is_ok() {} })
        .await
        .unwrap();
    served.let_through(1);
    assert_eq!(call.await.unwrap().unwrap().text(), "slow");
    served.ended().await;
}

#[tokio::test]
async fn under_load_every_call_that_came_to_its_handler_is_answered() {
    for _ in 0..10 {
        let served = serve(|_| {}).await;
        served.let_through(1_000_000);
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let address = served.address;
                tokio::spawn(async move {
                    let client = Client::connect(address).await;
                    let mut answered = 0;
                    loop {
                        match client.call("/t.Echo/Slow", framed("load")).await {
                            Ok(answer) => assert_eq!(answer.text(), "load"),
                            // Its handler has not seen it: another instance can.
                            Err(error) => {
                                assert!(!error.is_reset(), "{error}");
                                return answered;
                            }
                        }
                        answered += 1;
                    }
                })
            })
            .collect();
        served.entered(400).await;
        served.stop.begin();
        let mut answered = 0;
        for caller in callers {
            answered += timeout(LONG, caller).await.unwrap().unwrap();
        }
        assert_eq!(answered, served.entered.available_permits() + 400);
        served.ended().await;
    }
}

#[tokio::test]
async fn a_call_of_http1_finishes_although_the_server_stops() {
    let served = serve(|_| {}).await;
    let mut connection = super::http1::Connection::connect(served.address).await;
    connection.write("POST /none HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n").await;
    served.stop.begin();
    connection.write("hi").await;
    assert!(connection.read_to_end().await.starts_with("HTTP/1.1 404 "));
    served.ended().await;
}

#[tokio::test]
async fn calls_that_wait_to_be_accepted_when_the_stop_begins_are_answered() {
    let served = serve(|_| {}).await;
    // The system accepts these; nobody has yielded to the server yet.
    let mut peers: Vec<_> = (0..20)
        .map(|_| {
            let mut io = std::net::TcpStream::connect(served.address).unwrap();
            io.write_all(raw::PREFACE).unwrap();
            io
        })
        .collect();
    served.stop.begin();
    for io in peers.drain(..) {
        io.set_nonblocking(true).unwrap();
        let mut peer = Peer(TcpStream::from_std(io).unwrap());
        peer.send(&Frame::new(raw::SETTINGS, 0, 0, Vec::new())).await;
        peer.call(1, "/t.Echo/Echo", "late").await;
        assert_eq!(peer.await_kind(raw::DATA).await.unwrap().payload, framed("late"));
    }
    served.ended().await;
}

#[tokio::test]
async fn a_stream_is_told_to_go_and_goes_on_until_it_is_cut() {
    let served = serve(|_| {}).await;
    let mut peer = Peer::connect(served.address).await;
    peer.open(1, "/t.Echo/Chat").await;
    peer.send(&Frame::new(raw::DATA, 0, 1, framed("one"))).await;
    peer.await_kind(raw::DATA).await.unwrap();
    served.stop.begin();
    assert_eq!(peer.await_kind(raw::GOAWAY).await.unwrap().goaway(), ((1 << 31) - 1, 0));
    assert_eq!(peer.await_kind(raw::GOAWAY).await.unwrap().goaway(), (1, 0));
    peer.send(&Frame::new(raw::DATA, 0, 1, framed("two"))).await;
    assert_eq!(peer.await_kind(raw::DATA).await.unwrap().payload, framed("two"));
    served.stop.cut();
    assert_eq!(peer.await_kind(raw::DATA).await, None);
    served.ended().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_stop() {
    let served = serve(|_| {}).await;
    let mut http2 = Peer::connect(served.address).await;
    http2.call(1, "/t.Echo/Echo", "hi").await;
    http2.await_kind(raw::DATA).await.unwrap();
    let mut http1 = super::http1::Connection::connect(served.address).await;
    assert_eq!(http1.get("/none").await.status, 404);
    let silent = TcpStream::connect(served.address).await.unwrap();
    let begun = Instant::now();
    served.stop.begin();
    assert_eq!(http2.await_kind(raw::DATA).await, None);
    assert_eq!(http1.read_to_end().await, "");
    served.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(silent);
}

#[tokio::test]
async fn a_peer_that_is_dead_does_not_hold_up_a_stop() {
    let served = serve(|settings| {
        settings.keepalive.timeout = Duration::from_millis(200);
    })
    .await;
    let mut peer = Peer::connect(served.address).await;
    peer.call(1, "/t.Echo/Echo", "hi").await;
    peer.await_kind(raw::DATA).await.unwrap();
    served.stop.begin();
    // From here on it answers nothing, the ping of the GOAWAY least of all.
    served.ended().await;
}

/// What is logged while a test runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self, containing: &str) -> Vec<String> {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines().filter(|line| line.contains(containing)).map(str::to_owned).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn stuck_calls_are_cut_and_named_in_one_line_of_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let served = serve(|_| {}).await;
    let client = Client::connect(served.address).await;
    let calls: Vec<_> = ["/t.Echo/Stuck", "/t.Echo/Slow", "/t.Echo/Stuck"]
        .map(|path| {
            let client = client.clone();
            tokio::spawn(async move { client.call(path, framed("")).await })
        })
        .into();
    served.entered(3).await;
    served.stop.begin();
    served.stop.cut();
    for call in calls {
        assert!(call.await.unwrap().is_err());
    }
    served.ended().await;
    let lines = log.lines("cutting calls");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(" WARN "), "{lines:?}");
    assert!(lines[0].contains("/t.Echo/Slow (1), /t.Echo/Stuck (2)"), "{lines:?}");
    assert!(lines[0].contains("calls=3"), "{lines:?}");
}

#[tokio::test]
async fn a_server_that_is_dropped_takes_its_connections_with_it() {
    let served = serve(|_| {}).await;
    let mut peer = Peer::connect(served.address).await;
    peer.open(1, "/t.Echo/Chat").await;
    peer.await_kind(raw::HEADERS).await.unwrap();
    served.task.abort();
    assert_eq!(peer.await_kind(raw::DATA).await, None);
}
