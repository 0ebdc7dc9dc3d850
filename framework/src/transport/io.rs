//! A connection's bytes: looks at the first ones without taking them away, notes when more come, and
//! lets the last ones arrive.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a peer may take to close its end of a connection that we have closed.
const LINGER: Duration = Duration::from_secs(1);

/// The protocol that the first bytes of a connection speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1, or garbage, which HTTP/1 has an answer to.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

/// How often something has arrived from the peer. Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals(Arc<AtomicU64>);

impl Arrivals {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection whose first bytes have been looked at.
#[derive(Debug)]
pub(super) struct Opened<IO> {
    io: IO,
    /// The first bytes, until they are read.
    first: [u8; PREFACE.len()],
    range: std::ops::Range<usize>,
    arrivals: Arrivals,
    lingering: Lingering,
}

/// How far a connection has come in closing.
#[derive(Debug)]
enum Lingering {
    Open,
    /// Our end is closed; the peer's is waited for.
    Until(Pin<Box<Sleep>>),
}

impl<IO: AsyncRead + Unpin> Opened<IO> {
    /// Reads until it is known which protocol the peer speaks; `None` if it went away before a byte.
    pub(super) async fn open(mut io: IO) -> io::Result<Option<(Protocol, Self)>> {
        let mut first = [0; PREFACE.len()];
        let mut end = 0;
        let protocol = loop {
            let read = io.read(&mut first[end..]).await?;
            end += read;
            if first[..end] != PREFACE[..end] {
                break Protocol::Http1;
            }
            if end == PREFACE.len() {
                break Protocol::Http2;
            }
            if read == 0 {
                if end == 0 {
                    return Ok(None);
                }
                break Protocol::Http1;
            }
        };
        let opened = Self {
            io,
            first,
            range: 0..end,
            arrivals: Arrivals::default(),
            lingering: Lingering::Open,
        };
        Ok(Some((protocol, opened)))
    }

    pub(super) fn arrivals(&self) -> Arrivals {
        self.arrivals.clone()
    }

    /// Whether the first byte is that of a TLS handshake (RFC 8446 §5.1).
    pub(super) fn is_tls(&self) -> bool {
        self.first[self.range.clone()].first() == Some(&0x16)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Opened<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.range.is_empty() {
            ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        } else {
            let end = self.range.end.min(self.range.start + buffer.remaining());
            buffer.put_slice(&self.first[self.range.start..end]);
            self.range.start = end;
        }
        if buffer.filled().len() > before {
            self.arrivals.note();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Opened<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Closes our end, and waits for the peer to close its own.
    ///
    /// A socket that is closed while something of the peer's is unread is reset, and with that the peer
    /// loses what it has not read yet: its last answers, and the GOAWAY that tells it which calls
    /// were not processed (RFC 9113 §6.8, RFC 9293 §3.10.4).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.lingering, Lingering::Open) {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            this.lingering = Lingering::Until(Box::pin(tokio::time::sleep(LINGER)));
        }
        if let Lingering::Until(limit) = &mut this.lingering
            && limit.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut space = [0; 1024];
            let mut unread = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut this.io).poll_read(cx, &mut unread));
            if read.is_err() || unread.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn opened(pieces: &[&[u8]]) -> (Option<Protocol>, Vec<u8>) {
        let (mut near, far) = tokio::io::duplex(64);
        let feed = async {
            for piece in pieces {
                near.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(near);
        };
        let read = async {
            let Some((protocol, mut io)) = Opened::open(far).await.unwrap() else {
                return (None, Vec::new());
            };
            let mut all = Vec::new();
            io.read_to_end(&mut all).await.unwrap();
            (Some(protocol), all)
        };
        tokio::join!(feed, read).1
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_protocol_and_are_read_again() {
        let table: [(&[&[u8]], Option<Protocol>); 7] = [
            (&[PREFACE, b"rest"], Some(Protocol::Http2)),
            (&[b"PRI * HT", b"TP/2.0\r\n\r\nSM\r\n\r\nre", b"st"], Some(Protocol::Http2)),
            (&[b"GET / HTTP/1.1\r\n\r\n"], Some(Protocol::Http1)),
            (&[b"PRI * HTTP/2.0\r\n\r\nXX"], Some(Protocol::Http1)),
            (&[b"P"], Some(Protocol::Http1)),
            (&[&[0x16, 3, 1, 0]], Some(Protocol::Http1)),
            (&[], None),
        ];
        for (pieces, expected) in table {
            let (protocol, all) = opened(pieces).await;
            assert_eq!(protocol, expected, "{pieces:?}");
            assert_eq!(all, pieces.concat());
        }
    }

    #[tokio::test]
    async fn what_is_read_is_noted() {
        let (mut near, far) = tokio::io::duplex(64);
        near.write_all(b"GET").await.unwrap();
        let (_, mut io) = Opened::open(far).await.unwrap().unwrap();
        let arrivals = io.arrivals();
        assert_eq!(arrivals.count(), 0);
        io.read_exact(&mut [0; 3]).await.unwrap();
        assert_eq!(arrivals.count(), 1);
    }

    #[tokio::test]
    async fn a_peer_that_sends_on_still_reads_the_last_that_was_said() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut peer = tokio::net::TcpStream::connect(address).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        peer.write_all(PREFACE).await.unwrap();
        let (_, mut io) = Opened::open(socket).await.unwrap().unwrap();
        let last = vec![7; 1 << 20];
        let says = async {
            io.write_all(&last).await.unwrap();
            io.shutdown().await.unwrap();
            drop(io);
        };
        let reads = async {
            // What nobody reads any more would reset the connection.
            peer.write_all(b"more").await.unwrap();
            let mut all = Vec::new();
            peer.read_to_end(&mut all).await.unwrap();
            drop(peer);
            all
        };
        let ((), all) = tokio::join!(says, reads);
        assert!(all == last);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_closes_is_waited_for_a_second() {
        let (mut near, far) = tokio::io::duplex(64);
        near.write_all(PREFACE).await.unwrap();
        let (_, mut io) = Opened::open(far).await.unwrap().unwrap();
        let begun = tokio::time::Instant::now();
        io.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), LINGER);
    }
}
