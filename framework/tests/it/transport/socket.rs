//! Sockets of the web as pages and clients of Kratos use them, over real connections.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{LONG, serve};

type Socket = WebSocketStream<TcpStream>;

async fn open(address: SocketAddr, path: &str, origin: Option<&str>) -> Result<Socket, Error> {
    let io = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let opened = timeout(LONG, tokio_tungstenite::client_async(request, io)).await.unwrap();
    opened.map(|(socket, _)| socket)
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// The next text, or how the server closed.
async fn hear(socket: &mut Socket) -> Result<String, (u16, String)> {
    loop {
        match timeout(LONG, socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
            Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                return Err((code.into(), reason.to_string()));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => return Err((0, format!("{other:?}"))),
        }
    }
}

/// The error that the server told before it closed.
fn told(text: &str) -> serde_json::Value {
    serde_json::from_str(text.strip_prefix("\u{1e}error:").unwrap()).unwrap()
}

#[tokio::test]
async fn a_page_talks_with_a_method_until_it_has_said_all() {
    let served = serve(|_| {}).await;
    let mut socket = open(served.address, "/t.Echo/Chat", None).await.unwrap();
    for text in ["\"one\"", "\"two\""] {
        say(&mut socket, text).await;
        assert_eq!(hear(&mut socket).await.unwrap(), text);
    }
    say(&mut socket, "\u{1e}end").await;
    assert_eq!(hear(&mut socket).await.unwrap_err().0, 1000);
    served.still_serves().await;
}

#[tokio::test]
async fn many_messages_are_answered_by_one() {
    let served = serve(|_| {}).await;
    let mut socket = open(served.address, "/t.Echo/Sum", None).await.unwrap();
    for text in ["\"a\"", "\"b\"", "\"c\"", "\u{1e}end"] {
        say(&mut socket, text).await;
    }
    assert_eq!(hear(&mut socket).await.unwrap(), "\"abc\"");
    assert_eq!(hear(&mut socket).await.unwrap_err().0, 1000);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_closes_the_socket() {
    let served = serve(|settings| settings.max_message_size = 100).await;
    let table = [
        (Message::text("{"), 1011, "CODEC"),
        (Message::text("\u{1e}what"), 1002, "WEBSOCKET_INVALID"),
        (Message::text(format!("\"{}\"", "a".repeat(200))), 1009, "MESSAGE_TOO_LARGE"),
        (Message::text("\u{1e}error:not me"), 1011, "CANCELLED"),
    ];
    for (message, code, reason) in table {
        let mut socket = open(served.address, "/t.Echo/Chat", None).await.unwrap();
        socket.send(message).await.unwrap();
        assert_eq!(told(&hear(&mut socket).await.unwrap())["reason"], reason);
        assert_eq!(hear(&mut socket).await.unwrap_err().0, code, "{reason}");
    }
    served.still_serves().await;
}

#[tokio::test]
async fn what_fails_before_it_is_open_is_an_answer_of_http() {
    let served = serve(|_| {}).await;
    let refused = async |path, origin| match open(served.address, path, origin).await {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            (response.status().as_u16(), body["reason"].as_str().unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("/t.Echo/None", None).await.0, 404);
    let strange = refused("/t.Echo/Chat", Some("https://evil.example")).await;
    assert_eq!(strange, (403, "ORIGIN_FORBIDDEN".to_owned()));
    let own = format!("http://{}", served.address);
    open(served.address, "/t.Echo/Chat", Some(&own)).await.unwrap();
}

#[tokio::test]
async fn a_socket_that_is_closed_or_lost_ends_its_call() {
    let served = serve(|_| {}).await;
    for lose in [false, true] {
        let mut socket = open(served.address, "/t.Echo/Chat", None).await.unwrap();
        say(&mut socket, "\"hi\"").await;
        hear(&mut socket).await.unwrap();
        if !lose {
            socket.close(None).await.unwrap();
        }
        drop(socket);
    }
    // The server could not end before its stop was cut if a call were still there.
    served.stop.begin();
    served.ended().await;
}

#[tokio::test]
async fn a_caller_that_closes_in_order_is_heard_to_the_end() {
    let served = serve(|_| {}).await;
    let mut socket = open(served.address, "/t.Echo/Sum", None).await.unwrap();
    say(&mut socket, "\"a\"").await;
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    socket.close(Some(goodbye)).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap_err().0, 1000);
    served.stop.begin();
    served.ended().await;
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_who_stays() {
    let served = serve(|_| {}).await;
    let mut socket = open(served.address, "/t.Echo/Chat", None).await.unwrap();
    say(&mut socket, "\"hi\"").await;
    hear(&mut socket).await.unwrap();
    served.stop.begin();
    say(&mut socket, "\"still here\"").await;
    assert_eq!(hear(&mut socket).await.unwrap(), "\"still here\"");
    served.stop.cut();
    assert_eq!(hear(&mut socket).await.unwrap_err(), (1001, "the server stops".to_owned()));
    served.ended().await;
}

#[tokio::test]
async fn a_peer_that_does_not_answer_pings_is_let_go() {
    let served = serve(|settings| {
        settings.keepalive.interval = Duration::from_millis(50);
        settings.keepalive.timeout = Duration::from_millis(50);
    })
    .await;
    let mut lively = open(served.address, "/t.Echo/Chat", None).await.unwrap();
    let silent = open(served.address, "/t.Echo/Chat", None).await.unwrap();
    let (mut io, _) = (silent.into_inner(), ());
    let mut all = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut io, &mut all);
    let answered = async {
        for _ in 0..6 {
            let ping = timeout(LONG, lively.next()).await.unwrap().unwrap().unwrap();
            assert!(ping.is_ping(), "{ping:?}");
        }
    };
    let (closed, ()) = tokio::join!(timeout(LONG, closed), answered);
    closed.unwrap().unwrap();
    assert_eq!(all, [0x89, 0], "one ping, and then the end");
    say(&mut lively, "\"hi\"").await;
    assert_eq!(hear(&mut lively).await.unwrap(), "\"hi\"");
}

#[tokio::test]
async fn who_does_not_read_slows_the_handler_and_not_the_others() {
    let served = serve(|_| {}).await;
    let mut slow = open(served.address, "/t.Echo/Chat", None).await.unwrap();
    let message = Message::text(format!("\"{}\"", "a".repeat(100_000)));
    let flood = async {
        for _ in 0..1000 {
            slow.feed(message.clone()).await.unwrap();
            slow.flush().await.unwrap();
        }
    };
    // A hundred megabytes do not fit into what sockets and the server hold: the sender has to wait.
    assert!(timeout(Duration::from_secs(2), flood).await.is_err(), "nothing held the sender up");
    served.still_serves().await;
    drop(slow);
    served.stop.begin();
    served.ended().await;
}
