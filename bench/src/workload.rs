//! The calls that are measured, and what their answers must be.

use std::io::{Read, Write};

use prost::Message as _;
use serde::Serialize;

use crate::peer::Peer;
use crate::proto::{Many, Message, Record, record};

/// Bytes of payload in a plain message.
pub const PAYLOAD: usize = 64;
/// Bytes of payload in a message that is worth compressing.
const TEXT: usize = 4096;
/// Messages in one answer of a streaming call.
pub const STREAMED: u32 = 1000;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// A message of 64 bytes each way.
    Unary,
    /// The same with a handler that waits once, as for a database.
    Waiting,
    /// A message of 4 KiB of text each way, compressed both ways.
    Gzip,
    /// One message there, a thousand of 64 bytes back.
    Stream,
    /// A record of ten fields each way, as gRPC or as JSON.
    Record,
}

/// What a call is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub gzip: bool,
}

impl Workload {
    /// How a call of a peer begins.
    pub fn wire(self, peer: Peer) -> Wire {
        if peer.is_json() {
            let body = RECORD.as_bytes().to_vec();
            return Wire {
                path: "/v1/records",
                content_type: "application/json",
                body,
                gzip: false,
            };
        }
        let path = match self {
            Self::Unary | Self::Gzip => "/bench.v1.Echo/Unary",
            Self::Waiting => "/bench.v1.Echo/Wait",
            Self::Stream => "/bench.v1.Echo/Stream",
            Self::Record => "/bench.v1.Echo/Store",
        };
        Wire { path, content_type: "application/grpc", body: self.request(), gzip: self.gzip() }
    }

    /// Whether messages are compressed.
    pub fn gzip(self) -> bool {
        self == Self::Gzip
    }

    /// How many messages a call answers.
    pub fn messages(self) -> u32 {
        if self == Self::Stream { STREAMED } else { 1 }
    }

    /// The gRPC message that is sent, as it goes on the wire.
    fn request(self) -> Vec<u8> {
        match self {
            Self::Unary | Self::Waiting => framed(0, &self.reply()),
            Self::Stream => {
                let request = Many { count: STREAMED, payload: vec![b'a'; PAYLOAD] };
                framed(0, &request.encode_to_vec())
            }
            Self::Gzip => framed(1, &gzip(&self.reply())),
            Self::Record => framed(0, &self.reply()),
        }
    }

    /// Each message that must come back, as protobuf.
    fn reply(self) -> Vec<u8> {
        match self {
            Self::Unary | Self::Waiting | Self::Stream => {
                Message { payload: vec![b'a'; PAYLOAD] }.encode_to_vec()
            }
            Self::Gzip => Message { payload: text(TEXT) }.encode_to_vec(),
            Self::Record => record().encode_to_vec(),
        }
    }

    /// Checks the bytes that a call of a peer was answered with.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn check(self, peer: Peer, data: &[u8]) -> Result<(), String> {
        if !peer.is_json() {
            return self.check_frames(data);
        }
        let parsed = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text);
        let answer = parsed(data).map_err(|error| format!("no JSON came back: {error}"))?;
        if parsed(RECORD.as_bytes()).is_ok_and(|record| record == answer) {
            Ok(())
        } else {
            Err(format!("another record came back: {answer}"))
        }
    }

    fn check_frames(self, mut data: &[u8]) -> Result<(), String> {
        let expected = self.reply();
        let mut count = 0;
        while let Some(([flag, a, b, c, d], rest)) = data.split_first_chunk() {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            let message = rest.get(..length).ok_or("a message is cut off")?;
            let message = match (*flag, self.gzip()) {
                (0, false) => message.to_vec(),
                (1, true) => gunzip(message)?,
                (flag, _) => return Err(format!("a message has the flag {flag}")),
            };
            if message != expected {
                return Err("a message is not what was sent".into());
            }
            count += 1;
            data = &rest[length..];
        }
        if count == self.messages() {
            Ok(())
        } else {
            Err(format!("{count} messages came back, not {}", self.messages()))
        }
    }
}

/// What [`record`] is in JSON: every peer answers it so.
const RECORD: &str = concat!(
    r#"{"id":"0194d2c1-6f3e-7bd4-9a55-1c2e3f405162","displayName":"Ada Lovelace","#,
    r#""email":"ada@example.org","age":36,"balance":"1815121018","score":0.875,"active":true,"#,
    r#""status":"STATUS_ACTIVE","tags":["first","analyst"],"#,
    r#""address":{"street":"12 St James's Square","city":"London","country":"GB"}}"#,
);

pub fn record() -> Record {
    Record {
        id: "0194d2c1-6f3e-7bd4-9a55-1c2e3f405162".to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        email: "ada@example.org".to_owned(),
        age: 36,
        balance: 1_815_121_018,
        score: 0.875,
        active: true,
        status: record::Status::Active.into(),
        tags: vec!["first".to_owned(), "analyst".to_owned()],
        address: Some(record::Address {
            street: "12 St James's Square".to_owned(),
            city: "London".to_owned(),
            country: "GB".to_owned(),
        }),
    }
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut out = vec![flag];
    out.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(message);
    out
}

/// Text such as services send: records that are alike but not the same.
fn text(length: usize) -> Vec<u8> {
    let records = (0_u32..).map(|number| {
        let id = number.wrapping_mul(2_654_435_761);
        format!("{{\"id\":\"{id:08x}\",\"name\":\"user {number}\",\"status\":\"ACTIVE\"}},")
    });
    let mut out = Vec::with_capacity(length + 64);
    for record in records {
        out.extend_from_slice(record.as_bytes());
        if out.len() >= length {
            break;
        }
    }
    out.truncate(length);
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail.
    encoder.write_all(data).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn gunzip(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = flate2::read::GzDecoder::new(data).read_to_end(&mut out);
    read.map(|_| out).map_err(|error| format!("a message is not gzip: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_right_and_anything_else_is_not() {
        for workload in [Workload::Unary, Workload::Waiting, Workload::Gzip] {
            let mut echo = workload.request();
            assert_eq!(workload.check(Peer::Bia, &echo), Ok(()));
            assert!(workload.check(Peer::Bia, &[]).is_err());
            echo.truncate(echo.len() - 1);
            assert!(workload.check(Peer::Bia, &echo).is_err());
        }
        assert!(Workload::Unary.check(Peer::Bia, &Workload::Gzip.request()).is_err());
    }

    #[test]
    fn a_stream_is_right_when_all_its_messages_came() {
        let one = framed(0, &Workload::Stream.reply());
        assert_eq!(Workload::Stream.check(Peer::Bia, &one.repeat(STREAMED as usize)), Ok(()));
        assert!(Workload::Stream.check(Peer::Bia, &one.repeat(STREAMED as usize - 1)).is_err());
    }

    #[test]
    fn a_record_is_right_in_whatever_order_its_fields_come() {
        let (start, rest) = RECORD.split_once(r#","age":36"#).unwrap();
        let other = format!("{{\"age\":36,{}{rest}", &start[1..]);
        assert_eq!(Workload::Record.check(Peer::Axum, other.as_bytes()), Ok(()));
        assert!(Workload::Record.check(Peer::Axum, b"{}").is_err());
    }
}
