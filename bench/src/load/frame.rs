//! The frames of HTTP/2 that a caller needs, and the headers of a gRPC call, as bytes.

use crate::workload::Wire;

pub(super) const HEAD: usize = 9;
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const INITIAL_WINDOW_SIZE: u16 = 4;
/// As large as a window may be, so that ours never hold a server up.
const WINDOW: u32 = (1 << 31) - 1;
const DEFAULT_WINDOW: u32 = 65_535;

/// What stands before each frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, stream @ ..] = *bytes.first_chunk::<HEAD>()?;
        Some(Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & WINDOW,
        })
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

pub(super) fn write(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&length[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// The first bytes of a connection.
pub(super) fn opening() -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    let mut settings = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
    settings.extend_from_slice(&WINDOW.to_be_bytes());
    write(&mut out, SETTINGS, 0, 0, &settings);
    grow_window(&mut out, WINDOW - DEFAULT_WINDOW);
    out
}

/// Lets the server send so many bytes more on the connection.
pub(super) fn grow_window(out: &mut Vec<u8>, by: u32) {
    write(out, WINDOW_UPDATE, 0, 0, &by.to_be_bytes());
}

/// The header blocks of a call that is made again and again.
///
/// The first puts the headers into the server's table, every later one refers to them there, as any
/// client with a compressing encoder does (RFC 7541 §6.1, §6.2.1).
#[derive(Debug)]
pub(super) struct Call {
    first: Vec<u8>,
    later: Vec<u8>,
    message: Vec<u8>,
}

impl Call {
    /// A call at `authority`.
    pub(super) fn new(wire: &Wire, authority: &str) -> Self {
        // Names by their place in the static table (RFC 7541, appendix A), or spelt out.
        let mut headers = vec![
            (Name::Known(4), wire.path),
            (Name::Known(1), authority),
            (Name::Known(31), wire.content_type),
            (Name::Known(58), "grpc-load/1.0"),
        ];
        if wire.content_type == "application/grpc" {
            headers.push((Name::New("te"), "trailers"));
        }
        if wire.gzip {
            headers.push((Name::New("grpc-encoding"), "gzip"));
            headers.push((Name::New("grpc-accept-encoding"), "gzip"));
        }
        // `:method: POST` and `:scheme: http` stand whole in the static table.
        let mut first = vec![0x83, 0x86];
        let mut later = first.clone();
        for (place, (name, value)) in headers.iter().enumerate() {
            match name {
                Name::Known(index) => first.push(0x40 | index),
                Name::New(name) => {
                    first.push(0x40);
                    text(&mut first, name);
                }
            }
            text(&mut first, value);
            // The table's newest entry is 62; the first of ours is the oldest.
            let index = 61 + headers.len() - place;
            later.push(0x80 | u8::try_from(index).unwrap_or(0x7f));
        }
        Self { first, later, message: wire.body.clone() }
    }

    /// Puts the call on a stream of a connection; `is_first` on that connection.
    pub(super) fn write(&self, out: &mut Vec<u8>, stream: u32, is_first: bool) {
        let block = if is_first { &self.first } else { &self.later };
        write(out, HEADERS, END_HEADERS, stream, block);
        write(out, DATA, END_STREAM, stream, &self.message);
    }
}

enum Name {
    Known(u8),
    New(&'static str),
}

/// A string of less than 127 bytes, not Huffman-coded.
fn text(out: &mut Vec<u8>, text: &str) {
    let length = text.len().min(126);
    out.push(u8::try_from(length).unwrap_or(126));
    out.extend_from_slice(&text.as_bytes()[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let mut out = Vec::new();
        write(&mut out, HEADERS, END_HEADERS, 7, b"abc");
        let head = Head::read(&out).unwrap();
        assert_eq!(head, Head { length: 3, kind: HEADERS, flags: END_HEADERS, stream: 7 });
        assert_eq!(out.len(), HEAD + 3);
        assert_eq!(Head::read(&out[..HEAD - 1]), None);
    }

    #[test]
    fn later_calls_refer_to_the_headers_of_the_first() {
        let (path, content_type) = ("/a.B/C", "application/grpc");
        let wire = Wire { path, content_type, body: vec![0; 5], gzip: false };
        let call = Call::new(&wire, "localhost:1");
        // Five headers of our own: 66 is the path, 62 the newest.
        assert_eq!(call.later, [0x83, 0x86, 0x80 | 66, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62]);
        assert!(call.first.windows(6).any(|part| part == b"/a.B/C"));
    }
}
