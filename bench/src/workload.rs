//! The calls that are measured, and what their answers must be.

use std::io::{Read, Write};

use prost::Message as _;
use serde::Serialize;

use crate::proto::{Many, Message};

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
}

impl Workload {
    /// The method's path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Unary | Self::Gzip => "/bench.v1.Echo/Unary",
            Self::Waiting => "/bench.v1.Echo/Wait",
            Self::Stream => "/bench.v1.Echo/Stream",
        }
    }

    /// Whether messages are compressed.
    pub fn gzip(self) -> bool {
        self == Self::Gzip
    }

    /// How many messages a call answers.
    pub fn messages(self) -> u32 {
        if self == Self::Stream { STREAMED } else { 1 }
    }

    /// The message that is sent, as it goes on the wire.
    pub fn request(self) -> Vec<u8> {
        match self {
            Self::Unary | Self::Waiting => framed(0, &self.reply().encode_to_vec()),
            Self::Stream => {
                let request = Many { count: STREAMED, payload: self.reply().payload };
                framed(0, &request.encode_to_vec())
            }
            Self::Gzip => framed(1, &gzip(&self.reply().encode_to_vec())),
        }
    }

    /// Each message that must come back.
    pub fn reply(self) -> Message {
        let payload = match self {
            Self::Unary | Self::Waiting | Self::Stream => vec![b'a'; PAYLOAD],
            Self::Gzip => text(TEXT),
        };
        Message { payload }
    }

    /// Checks the bytes that a call was answered with.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn check(self, mut data: &[u8]) -> Result<(), String> {
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
            if Message::decode(&message[..]).map_err(|error| error.to_string())? != expected {
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
            assert_eq!(workload.check(&echo), Ok(()));
            assert!(workload.check(&[]).is_err());
            echo.truncate(echo.len() - 1);
            assert!(workload.check(&echo).is_err());
        }
        assert!(Workload::Unary.check(&Workload::Gzip.request()).is_err());
    }

    #[test]
    fn a_stream_is_right_when_all_its_messages_came() {
        let one = framed(0, &Workload::Stream.reply().encode_to_vec());
        assert_eq!(Workload::Stream.check(&one.repeat(STREAMED as usize)), Ok(()));
        assert!(Workload::Stream.check(&one.repeat(STREAMED as usize - 1)).is_err());
    }
}
