//! A caller of HTTP/1.1 that sees every byte.

use std::time::Duration;

use bia::testing::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No wait takes so long unless what is awaited does not happen.
const LONG: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
    /// Whether the body came to its end, and did not break off.
    pub(super) is_whole: bool,
}

impl Reply {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key == name).then_some(value)
        })
    }
}

/// Sends a request, and reads the answer to its end.
pub(super) async fn ask(
    app: &TestApp,
    request: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut io = send(app, request, headers, body).await;
    let mut all = Vec::new();
    // A reset is an end too.
    timeout(LONG, io.read_to_end(&mut all)).await.unwrap().ok();
    reply(&all)
}

/// Sends a request; what comes back is read by who asked.
pub(super) async fn send(
    app: &TestApp,
    request: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    let mut io = TcpStream::connect(app.address().unwrap()).await.unwrap();
    let mut head = format!("{request} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    io.write_all(head.as_bytes()).await.unwrap();
    io.write_all(body).await.unwrap();
    io
}

/// Reads until what came has `text` in it.
pub(super) async fn until(io: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        let read = timeout(LONG, io.read_buf(&mut all)).await;
        let so_far = String::from_utf8_lossy(&all).into_owned();
        assert_ne!(read.unwrap_or_else(|_| panic!("{so_far}")).unwrap(), 0, "{so_far}");
    }
    String::from_utf8(all).unwrap()
}

fn reply(all: &[u8]) -> Reply {
    let at = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(all[..at].to_vec()).unwrap();
    let (body, is_whole) = if head.contains("transfer-encoding: chunked") {
        unchunked(&all[at..])
    } else {
        (all[at..].to_vec(), true)
    };
    let status = head[9..12].parse().unwrap();
    Reply { status, head, body: String::from_utf8(body).unwrap(), is_whole }
}

fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(at) = rest.windows(2).position(|bytes| bytes == b"\r\n") else {
            return (body, false);
        };
        let length = std::str::from_utf8(&rest[..at]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return (body, true);
        }
        body.extend_from_slice(&rest[at + 2..at + 2 + length]);
        rest = &rest[at + 4 + length..];
    }
}
