//! One connection that is kept full of calls, on a thread of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::frame::{self, Call, Head};

/// What all connections of a load share with who measures.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) stop: AtomicBool,
    /// Whether latencies are to be kept.
    pub(super) timing: AtomicBool,
    pub(super) calls: AtomicU64,
    /// Bytes of messages that were answered, their prefixes included.
    pub(super) data: AtomicU64,
}

/// A server that sends nothing for so long is stuck.
const SILENCE: Duration = Duration::from_secs(10);
/// Calls whose beginnings are remembered; far more than are in flight at once.
const REMEMBERED: u32 = 4096;
/// The connection's window is given back in pieces of this size.
const WINDOW_PIECE: u32 = 1 << 24;

pub(super) struct Connection<'a> {
    socket: TcpStream,
    shared: &'a Shared,
    call: &'a Call,
    out: Vec<u8>,
    next: u32,
    owed: u32,
    left: Option<u32>,
    under_way: u32,
    began: Vec<Instant>,
    latencies: Vec<Duration>,
}

impl<'a> Connection<'a> {
    /// Opens a connection for so many calls; for calls without end, if that is none.
    pub(super) fn open(
        address: SocketAddr,
        call: &'a Call,
        shared: &'a Shared,
        calls: Option<u32>,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE))?;
        Ok(Self {
            socket,
            shared,
            call,
            out: frame::opening(),
            next: 1,
            owed: 0,
            left: calls,
            under_way: 0,
            began: vec![Instant::now(); REMEMBERED as usize],
            latencies: Vec::new(),
        })
    }

    /// Keeps `in_flight` calls going until told to stop or until all are answered; gives back how
    /// long each took.
    pub(super) fn run(mut self, in_flight: u32) -> io::Result<Vec<Duration>> {
        for _ in 0..in_flight {
            self.begin();
        }
        let mut buffer = vec![0; 256 * 1024];
        let mut filled = 0;
        while self.under_way > 0 && !self.shared.stop.load(Ordering::Relaxed) {
            self.socket.write_all(&self.out)?;
            self.out.clear();
            let read = self.socket.read(&mut buffer[filled..])?;
            if read == 0 {
                return Err(broken("the server closed the connection"));
            }
            filled += read;
            let used = self.take(&buffer[..filled])?;
            buffer.copy_within(used..filled, 0);
            filled -= used;
        }
        Ok(self.latencies)
    }

    fn begin(&mut self) {
        if let Some(left) = &mut self.left {
            let Some(less) = left.checked_sub(1) else { return };
            *left = less;
        }
        self.under_way += 1;
        self.began[(self.next / 2 % REMEMBERED) as usize] = Instant::now();
        self.call.write(&mut self.out, self.next, self.next == 1);
        self.next += 2;
    }

    /// Reads the whole frames of `bytes`; gives back how many bytes they are.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (mut used, mut calls, mut data) = (0, 0, 0);
        while let Some(head) = Head::read(&bytes[used..]) {
            let Some(payload) = bytes[used + frame::HEAD..].get(..head.length) else { break };
            used += frame::HEAD + head.length;
            match head.kind {
                frame::DATA => {
                    data += head.length as u64;
                    self.owed += u32::try_from(head.length).unwrap_or(u32::MAX);
                }
                frame::SETTINGS if !head.has(frame::ACK) => {
                    frame::write(&mut self.out, frame::SETTINGS, frame::ACK, 0, &[]);
                }
                frame::PING if !head.has(frame::ACK) => {
                    frame::write(&mut self.out, frame::PING, frame::ACK, 0, payload);
                }
                frame::RST_STREAM => return Err(broken("the server reset a stream")),
                frame::GOAWAY => return Err(broken("the server sent GOAWAY")),
                _ => {}
            }
            if matches!(head.kind, frame::DATA | frame::HEADERS) && head.has(frame::END_STREAM) {
                calls += 1;
                self.end(head.stream);
                self.begin();
            }
        }
        if self.owed >= WINDOW_PIECE {
            frame::grow_window(&mut self.out, std::mem::take(&mut self.owed));
        }
        self.shared.calls.fetch_add(calls, Ordering::Relaxed);
        self.shared.data.fetch_add(data, Ordering::Relaxed);
        Ok(used)
    }

    fn end(&mut self, stream: u32) {
        self.under_way -= 1;
        if self.shared.timing.load(Ordering::Relaxed) {
            self.latencies.push(self.began[(stream / 2 % REMEMBERED) as usize].elapsed());
        }
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::other(what)
}
