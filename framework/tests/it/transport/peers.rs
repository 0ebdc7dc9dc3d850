//! Peers that are slow, silent, dead or mad: each is let go, and nobody else notices.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::raw::{self, Frame, Peer};
use super::{Client, LONG, framed, serve};

async fn read_to_end(io: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is an end too: the server had more to read when it closed.
    timeout(LONG, io.read_to_end(&mut all)).await.unwrap().ok();
    all
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped_and_one_that_does_stays() {
    let served = serve(|settings| {
        settings.keepalive.interval = Duration::from_millis(100);
        settings.keepalive.timeout = Duration::from_secs(1);
    })
    .await;
    let begun = Instant::now();
    let mut dead = Peer::connect(served.address).await;
    let mut alive = Peer::connect(served.address).await;
    let answering = tokio::spawn(async move {
        for _ in 0..12 {
            let ping = alive.await_kind(raw::PING).await.unwrap();
            alive.answer_ping(&ping).await;
        }
        alive.call(1, "/t.Echo/Echo", "alive").await;
        alive.await_kind(raw::DATA).await.unwrap().payload
    });
    // A call that is running does not keep a dead peer.
    dead.call(1, "/t.Echo/Stuck", "").await;
    while dead.next().await.is_some() {}
    assert!(begun.elapsed() >= Duration::from_millis(1090), "{:?}", begun.elapsed());
    assert_eq!(answering.await.unwrap(), framed("alive"));
}

#[tokio::test]
async fn a_peer_that_does_not_say_what_it_speaks_is_dropped() {
    let served = serve(|settings| {
        settings.headers.read_timeout = Duration::from_millis(200);
    })
    .await;
    let begun = Instant::now();
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut half = TcpStream::connect(served.address).await.unwrap();
    half.write_all(&raw::PREFACE[..10]).await.unwrap();
    served.still_serves().await;
    assert_eq!(read_to_end(&mut silent).await, b"");
    assert_eq!(read_to_end(&mut half).await, b"");
    assert!(begun.elapsed() >= Duration::from_millis(190), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_peer_that_trickles_its_first_bytes_gets_no_more_time_for_it() {
    let served = serve(|settings| {
        settings.headers.read_timeout = Duration::from_millis(200);
    })
    .await;
    for bytes in [
        raw::PREFACE,
        b"GET / HTTP/1.1\r\nhost: a\r\nx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
    ] {
        let mut slow = TcpStream::connect(served.address).await.unwrap();
        let mut every = tokio::time::interval(Duration::from_millis(40));
        let mut sent = 0;
        let mut byte = [0];
        while sent < bytes.len() {
            tokio::select! {
                _ = every.tick() => {
                    // It may be closed by now: the read says so.
                    slow.write_all(&bytes[sent..=sent]).await.ok();
                    sent += 1;
                }
                read = slow.read(&mut byte) => {
                    assert!(!matches!(read, Ok(1..)), "nothing is answered");
                    break;
                }
            }
        }
        assert!(sent < bytes.len(), "dropped before it was through");
    }
    served.still_serves().await;
}

#[tokio::test]
async fn a_message_that_does_not_come_ends_its_call_at_the_deadline_and_no_other() {
    let served = serve(|settings| settings.timeout = Duration::from_millis(200)).await;
    let mut peer = Peer::connect(served.address).await;
    peer.open(1, "/t.Echo/Echo").await;
    peer.send(&Frame::new(raw::DATA, 0, 1, framed("half").slice(..4))).await;
    peer.call(3, "/t.Echo/Echo", "whole").await;
    assert_eq!(peer.await_kind(raw::DATA).await.unwrap().payload, framed("whole"));
    let end = loop {
        let end = peer.await_end(1).await.unwrap();
        if end.stream == 1 {
            break end;
        }
    };
    assert_eq!(end.kind, raw::HEADERS, "a status, not a reset");
    served.still_serves().await;
}

#[tokio::test]
async fn a_peer_that_reads_no_answer_is_cut_when_its_connection_is_old() {
    let served = serve(|settings| {
        settings.connection.max_age = Duration::from_millis(100);
        settings.connection.grace = Duration::from_millis(200);
    })
    .await;
    let mut peer = Peer::connect(served.address).await;
    // A window of one byte: the answer cannot be sent.
    peer.send(&Frame::new(raw::SETTINGS, 0, 0, vec![0, 4, 0, 0, 0, 1])).await;
    peer.call(1, "/t.Echo/Echo", "never read").await;
    while peer.await_kind(raw::DATA).await.is_some() {}
    served.still_serves().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_peer_that_takes_nothing_from_its_socket_is_dropped_by_the_system() {
    let served = serve(|settings| {
        settings.socket.user_timeout = Duration::from_millis(500);
        settings.keepalive.interval = Duration::ZERO;
        settings.keepalive.timeout = Duration::ZERO;
        // So that the peer need not read how much it may send.
        settings.connection.stream_window = 1 << 30;
        settings.connection.window = 1 << 30;
    })
    .await;
    let mut peer = Peer::connect(served.address).await;
    assert_eq!(peer.await_kind(raw::WINDOW_UPDATE).await.unwrap().stream, 0);
    peer.send(&Frame::new(raw::SETTINGS, raw::ACK, 0, Vec::new())).await;
    // It lets the server send without end, and reads none of it.
    peer.send(&Frame::new(raw::SETTINGS, 0, 0, vec![0, 4, 0x7f, 0xff, 0xff, 0xff])).await;
    peer.send(&Frame::new(raw::WINDOW_UPDATE, 0, 0, vec![0x7f, 0, 0, 0])).await;
    peer.open(1, "/t.Echo/Chat").await;
    let chunk = framed(&"a".repeat(16_000));
    let data = Frame::new(raw::DATA, 0, 1, chunk).encode();
    // More than both ends' sockets hold.
    for _ in 0..1500 {
        timeout(LONG, peer.0.write_all(&data)).await.unwrap().unwrap();
    }
    served.stop.begin();
    served.ended().await;
}

#[tokio::test]
async fn a_tunnel_is_refused() {
    let served = serve(|_| {}).await;
    let mut peer = Peer::connect(served.address).await;
    let head = raw::headers(&[
        (":method", "CONNECT"),
        (":authority", "elsewhere:22"),
        ("content-type", "application/grpc"),
    ]);
    peer.send(&Frame::new(raw::HEADERS, raw::END_HEADERS, 1, head)).await;
    let answer = peer.await_kind(raw::DATA).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(body["reason"], "METHOD_NOT_ALLOWED");
    served.still_serves().await;
}

#[tokio::test]
async fn garbage_ends_cleanly_and_others_are_served() {
    let served = serve(|settings| {
        settings.headers.read_timeout = Duration::from_millis(200);
        settings.keepalive.interval = Duration::from_millis(200);
        settings.keepalive.timeout = Duration::from_secs(1);
    })
    .await;
    let bystander = Client::connect(served.address).await;
    let frame =
        |kind, flags, stream, payload: &'static [u8]| Frame::new(kind, flags, stream, payload);
    let settings = frame(raw::SETTINGS, 0, 0, b"").encode();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("a hello of TLS", [&[0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[7; 60]].concat()),
        ("zeroes", vec![0; 4096]),
        ("ones", vec![0xff; 4096]),
        ("a line", b"hello, is there anybody?\r\n\r\n".to_vec()),
        (
            "a head without end",
            [b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(50)].concat(),
        ),
        ("another preface", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec()),
        ("a preface and text", [raw::PREFACE, b"GET / HTTP/1.1\r\n\r\n"].concat()),
        (
            "a preface and no settings",
            [raw::PREFACE, &frame(raw::PING, 0, 0, &[0; 8]).encode()].concat(),
        ),
        ("a frame that is too long", [raw::PREFACE, &settings, &[0xff; 9]].concat()),
        (
            "a short ping",
            [raw::PREFACE, &settings, &frame(raw::PING, 0, 0, b"abc").encode()].concat(),
        ),
        (
            "headers of no stream",
            [raw::PREFACE, &settings, &frame(raw::HEADERS, 4, 0, b"").encode()].concat(),
        ),
        (
            "data of no stream",
            [raw::PREFACE, &settings, &frame(raw::DATA, 0, 1, b"abc").encode()].concat(),
        ),
        (
            "a stream of ours",
            [raw::PREFACE, &settings, &frame(raw::HEADERS, 4, 2, b"").encode()].concat(),
        ),
        (
            "a continuation of nothing",
            [raw::PREFACE, &settings, &frame(raw::CONTINUATION, 4, 1, b"").encode()].concat(),
        ),
        (
            "no HPACK",
            [raw::PREFACE, &settings, &frame(raw::HEADERS, 4, 1, &[0xff; 32]).encode()].concat(),
        ),
        (
            "a window too wide",
            [
                raw::PREFACE,
                &settings,
                &frame(raw::WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).encode(),
            ]
            .concat(),
        ),
    ];
    let mad = table.into_iter().map(|(what, bytes)| async move {
        assert!(ends(served.address, &bytes).await, "{what}: still open");
    });
    let calls = async {
        for place in 0..100 {
            let text = format!("call {place}");
            let answer = bystander.call("/t.Echo/Echo", framed(&text)).await.unwrap();
            assert_eq!(answer.text(), text);
        }
    };
    tokio::join!(futures_util::future::join_all(mad), calls);
    served.still_serves().await;
}

/// Whether the server lets go of a peer that sends these bytes and then listens.
async fn ends(address: std::net::SocketAddr, bytes: &[u8]) -> bool {
    let mut mad = TcpStream::connect(address).await.unwrap();
    // It may be closed before all is written: the read says so.
    mad.write_all(bytes).await.ok();
    timeout(LONG, mad.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn random_bytes_end_cleanly_and_others_are_served() {
    let served = serve(|settings| {
        settings.headers.read_timeout = Duration::from_millis(200);
        settings.keepalive.interval = Duration::from_millis(200);
        settings.keepalive.timeout = Duration::from_secs(1);
    })
    .await;
    let bystander = Client::connect(served.address).await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let rounds = (0..60).map(|round| {
        let mut bytes: Vec<u8> = (0..random.usize(1..600)).map(|_| random.u8(..)).collect();
        if round % 3 > 0 {
            // As far as frames: random ones, every other time after honest settings.
            let settings = Frame::new(raw::SETTINGS, 0, 0, Vec::new()).encode();
            let honest = if round % 3 == 2 { &settings[..] } else { &[] };
            let kind = random.u8(..11);
            let frame = Frame::new(kind, random.u8(..), random.u32(..5), bytes).encode();
            bytes = [raw::PREFACE, honest, &frame].concat();
        }
        async move {
            assert!(ends(served.address, &bytes).await, "seed {seed}, round {round}: still open");
        }
    });
    futures_util::future::join_all(rounds).await;
    assert_eq!(bystander.call("/t.Echo/Echo", framed("here")).await.unwrap().text(), "here");
}

#[tokio::test]
async fn a_connection_too_many_is_closed_at_once_and_there_is_room_when_another_ends() {
    let served = serve(|settings| settings.connection.max = 2).await;
    let mut first = Peer::connect(served.address).await;
    first.call(1, "/t.Echo/Echo", "one").await;
    first.await_kind(raw::DATA).await.unwrap();
    let mut second = Peer::connect(served.address).await;
    second.call(1, "/t.Echo/Echo", "two").await;
    second.await_kind(raw::DATA).await.unwrap();
    let mut third = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(read_to_end(&mut third).await, b"");
    drop(first);
    // Its end is noticed in its own time.
    let serves = async {
        loop {
            let io = TcpStream::connect(served.address).await.unwrap();
            let Ok((send, connection)) = h2::client::handshake(io).await else { continue };
            tokio::spawn(connection);
            if let Ok(answer) = Client(send).call("/t.Echo/Echo", framed("three")).await {
                return answer.text();
            }
        }
    };
    assert_eq!(timeout(LONG, serves).await.unwrap(), "three");
}

#[tokio::test]
async fn a_call_too_many_on_one_connection_is_refused_as_never_processed() {
    let served = serve(|settings| settings.connection.max_streams = 2).await;
    let mut peer = Peer::connect(served.address).await;
    let told = peer.await_kind(raw::SETTINGS).await.unwrap();
    let limit = told.payload.chunks(6).find(|setting| setting[..2] == [0, 3]);
    assert_eq!(limit, Some(&[0, 3, 0, 0, 0, 2][..]), "the limit is told");
    for stream in [1, 3, 5] {
        peer.call(stream, "/t.Echo/Slow", "").await;
    }
    let refused = peer.await_kind(raw::RST_STREAM).await.unwrap();
    assert_eq!((refused.stream, refused.reset()), (5, 7), "REFUSED_STREAM");
    served.entered(2).await;
    served.let_through(2);
    peer.await_end(1).await.unwrap();
    served.still_serves().await;
}

#[tokio::test]
async fn calls_given_up_faster_than_they_are_taken_end_the_connection() {
    let served = serve(|settings| settings.connection.max_pending_resets = 10).await;
    let mut peer = Peer::connect(served.address).await;
    let head = raw::headers(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/t.Echo/Stuck"),
        (":authority", "here"),
    ]);
    let mut flood = Vec::new();
    for stream in (1..400).step_by(2) {
        flood.extend_from_slice(
            &Frame::new(raw::HEADERS, raw::END_HEADERS, stream, head.clone()).encode(),
        );
        flood.extend_from_slice(&Frame::new(raw::RST_STREAM, 0, stream, vec![0, 0, 0, 8]).encode());
    }
    peer.0.write_all(&flood).await.unwrap();
    let (_, code) = peer.await_kind(raw::GOAWAY).await.unwrap().goaway();
    assert_eq!(code, 11, "ENHANCE_YOUR_CALM");
    served.still_serves().await;
}
