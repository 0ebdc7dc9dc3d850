//! A peer of HTTP/2 made of frames: it sees what libraries hide, and misbehaves as told.

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::LONG;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame as RFC 9113 §4.1 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Bytes,
}

impl Frame {
    pub(super) fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Bytes>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    /// The last stream and the error code of a GOAWAY.
    pub(super) fn goaway(&self) -> (u32, u32) {
        assert_eq!(self.kind, GOAWAY, "{self:?}");
        (number(&self.payload[..4]), number(&self.payload[4..8]))
    }

    /// The error code of a `RST_STREAM`.
    pub(super) fn reset(&self) -> u32 {
        assert_eq!(self.kind, RST_STREAM, "{self:?}");
        number(&self.payload)
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_uint(self.payload.len() as u64, 3);
        out.put_u8(self.kind);
        out.put_u8(self.flags);
        out.put_u32(self.stream);
        out.put_slice(&self.payload);
        out.freeze()
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// A peer that does nothing by itself.
pub(super) struct Peer(pub(super) TcpStream);

impl Peer {
    /// A peer that has sent its preface and its settings.
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    pub(super) async fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        let mut io = TcpStream::connect(address).await?;
        io.write_all(PREFACE).await?;
        io.write_all(&Frame::new(SETTINGS, 0, 0, Bytes::new()).encode()).await?;
        Ok(Self(io))
    }

    pub(super) async fn send(&mut self, frame: &Frame) {
        self.0.write_all(&frame.encode()).await.unwrap();
    }

    /// Calls an operation with a message.
    pub(super) async fn call(&mut self, stream: u32, path: &str, text: &str) {
        self.open(stream, path).await;
        self.send(&Frame::new(DATA, END_STREAM, stream, super::framed(text))).await;
    }

    /// Opens a call whose messages are to come.
    pub(super) async fn open(&mut self, stream: u32, path: &str) {
        let head = headers(&[
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "here"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]);
        self.send(&Frame::new(HEADERS, END_HEADERS, stream, head)).await;
    }

    /// The next frame; none once the server has closed the connection.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        timeout(LONG, self.read()).await.unwrap()
    }

    async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        // A reset is an end too: the server had more to read when it closed.
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..9].try_into().unwrap()) & 0x7fff_ffff,
            payload: payload.into(),
        })
    }

    /// The next frame of a kind; what else comes is passed over, and pings are answered.
    pub(super) async fn await_kind(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind {
                return Some(frame);
            }
            if frame.kind == PING && frame.flags & ACK == 0 {
                self.answer_ping(&frame).await;
            }
        }
    }

    pub(super) async fn answer_ping(&mut self, ping: &Frame) {
        self.send(&Frame::new(PING, ACK, 0, ping.payload.clone())).await;
    }

    /// The frame that ends a stream; what else comes is passed over.
    pub(super) async fn await_end(&mut self, stream: u32) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            let ends = frame.kind == RST_STREAM
                || matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0;
            if frame.stream == stream && ends {
                return Some(frame);
            }
        }
    }
}

/// A header block in HPACK's plainest form: literals, never indexed (RFC 7541 §6.2.2).
pub(super) fn headers(list: &[(&str, &str)]) -> Bytes {
    let mut out = BytesMut::new();
    for (name, value) in list {
        out.put_u8(0);
        for text in [name, value] {
            length(&mut out, text.len());
            out.put_slice(text.as_bytes());
        }
    }
    out.freeze()
}

/// An integer with a prefix of seven bits (RFC 7541 §5.1).
fn length(out: &mut BytesMut, mut length: usize) {
    if length < 127 {
        out.put_u8(u8::try_from(length).unwrap());
        return;
    }
    out.put_u8(127);
    length -= 127;
    while length >= 128 {
        out.put_u8(u8::try_from(length % 128).unwrap() | 128);
        length /= 128;
    }
    out.put_u8(u8::try_from(length).unwrap());
}
