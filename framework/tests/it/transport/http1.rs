//! HTTP/1.1 on the one port: heads, keep-alive and what proxies do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{LONG, serve};

/// A caller that writes bytes.
pub(super) struct Connection(TcpStream);

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

/// What came back, of bytes.
#[derive(Debug)]
pub(super) struct RawReply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> serde_json::Value {
        assert!(self.head.contains("content-type: application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Connection {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(super) async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub(super) async fn get(&mut self, path: &str) -> Reply {
        self.write(&format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n")).await;
        self.reply().await
    }

    /// The next answer, with a body if it says how long that is.
    pub(super) async fn reply(&mut self) -> Reply {
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        timeout(LONG, self.0.read_exact(&mut body)).await.unwrap().unwrap();
        let status = head[9..12].parse().unwrap();
        Reply { status, head, body: String::from_utf8(body).unwrap() }
    }

    /// The next answer, of bytes, in chunks or of a length that its head tells.
    pub(super) async fn raw_reply(&mut self) -> RawReply {
        let head = self.head().await;
        let mut body = Vec::new();
        if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
            body = self.exactly(length.parse().unwrap()).await;
        } else {
            assert!(head.contains("transfer-encoding: chunked"), "{head}");
            while let Some(chunk) = self.chunk().await {
                body.extend_from_slice(&chunk);
            }
        }
        RawReply { status: head[9..12].parse().unwrap(), head, body }
    }

    /// The next chunk of an answer; none after the last.
    pub(super) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        while !line.ends_with("\r\n") {
            line.push(char::from(timeout(LONG, self.0.read_u8()).await.unwrap().unwrap()));
        }
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = self.exactly(length + 2).await;
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        timeout(LONG, self.0.read_exact(&mut bytes)).await.unwrap().unwrap();
        bytes
    }

    /// The head of the next answer.
    pub(super) async fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let byte = timeout(LONG, self.0.read_u8()).await.unwrap().unwrap();
            head.push(char::from(byte));
        }
        head
    }

    pub(super) async fn read_to_end(&mut self) -> String {
        let mut all = Vec::new();
        // A reset is an end too: the server had more to read when it closed.
        timeout(LONG, self.0.read_to_end(&mut all)).await.unwrap().ok();
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[tokio::test]
async fn requests_come_one_after_another_on_one_connection_and_errors_are_json() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    for path in ["/", "/v1/none"] {
        let reply = connection.get(path).await;
        assert_eq!(reply.status, 404);
        assert_eq!(reply.json()["reason"], "PATH_UNKNOWN");
    }
}

#[tokio::test]
async fn head_is_answered_without_a_body_and_the_connection_goes_on() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    connection.write("HEAD /none HTTP/1.1\r\nhost: here\r\n\r\n").await;
    let head = connection.head().await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert!(head.contains("content-length: "), "{head}");
    assert_eq!(connection.get("/").await.status, 404);
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let served = serve(|_| {}).await;
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let mut connection = Connection::connect(served.address).await;
        connection.write(&format!("GET / HTTP/1.1\r\n{hosts}\r\n")).await;
        let reply = connection.reply().await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["reason"], "HOST_MISSING");
    }
    let mut connection = Connection::connect(served.address).await;
    connection.write("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(connection.reply().await.status, 404, "HTTP/1.0 had no hosts");
}

#[tokio::test]
async fn an_upgrade_to_h2c_is_passed_over_and_the_request_answered() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    connection
        .write(
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\n\
             upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n",
        )
        .await;
    assert_eq!(connection.reply().await.status, 404);
    assert_eq!(connection.get("/").await.status, 404);
}

#[tokio::test]
async fn who_expects_a_go_ahead_gets_an_answer() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    connection
        .write("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        .await;
    // Nothing here wants the body: the answer comes without it.
    assert_eq!(connection.reply().await.status, 404);
}

#[tokio::test]
async fn grpc_over_http1_is_told_to_use_http2() {
    let served = serve(|_| {}).await;
    let mut connection = Connection::connect(served.address).await;
    connection
        .write(
            "POST /t.Echo/Echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n\
             content-length: 0\r\n\r\n",
        )
        .await;
    let reply = connection.reply().await;
    assert_eq!(reply.status, 505);
    assert_eq!(reply.json()["reason"], "HTTP_VERSION_UNSUPPORTED");
}

#[tokio::test]
async fn a_connection_waits_longer_for_a_request_than_for_the_rest_of_one() {
    let served = serve(|settings| {
        settings.headers.read_timeout = Duration::from_millis(100);
        settings.keepalive.http1 = Duration::from_millis(700);
    })
    .await;
    let begun = tokio::time::Instant::now();
    let mut quiet = Connection::connect(served.address).await;
    assert_eq!(quiet.get("/").await.status, 404);
    let mut slow = Connection::connect(served.address).await;
    assert_eq!(slow.get("/").await.status, 404);
    slow.write("GET / HT").await;
    let ended = async |mut connection: Connection| {
        assert_eq!(connection.read_to_end().await, "");
        begun.elapsed()
    };
    let (slow, quiet) = tokio::join!(ended(slow), ended(quiet));
    assert!(slow >= Duration::from_millis(100), "{slow:?}");
    assert!(quiet >= Duration::from_millis(700), "{quiet:?}");
    assert!(slow < quiet, "{slow:?} {quiet:?}");
}

#[tokio::test]
async fn a_connection_without_keep_alive_is_closed_after_its_answer() {
    let served = serve(|settings| settings.keepalive.http1 = Duration::ZERO).await;
    let mut connection = Connection::connect(served.address).await;
    let reply = connection.get("/").await;
    assert!(reply.head.contains("connection: close"), "{reply:?}");
    assert_eq!(connection.read_to_end().await, "");
}
