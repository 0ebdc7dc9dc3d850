//! Where a connection's bytes go: a socket, or what else the user has.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::registry::Endpoint;

use super::secure::{self, Secure};
use super::settings::Protocol;

/// Both directions of a connection that is not TCP.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// Makes a connection to a place.
type Factory =
    dyn Fn(&Endpoint) -> BoxFuture<'static, io::Result<Pin<Box<dyn Duplex>>>> + Send + Sync;

/// How connections are made.
#[derive(Clone)]
pub(super) enum Connector {
    Tcp,
    Custom(Arc<Factory>),
}

impl Connector {
    pub(super) fn custom<F, Fut, Io>(connect: F) -> Self
    where
        F: Fn(&Endpoint) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<Io>> + Send + 'static,
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        Self::Custom(Arc::new(move |endpoint| {
            let connecting = connect(endpoint);
            Box::pin(async move { Ok(Box::pin(connecting.await?) as Pin<Box<dyn Duplex>>) })
        }))
    }
}

/// The way to the nodes of a channel.
pub(super) struct Way {
    pub(super) protocol: Protocol,
    pub(super) connector: Connector,
    /// What is shaken hands by over TCP, where the settings ask for TLS.
    pub(super) secure: Option<Secure>,
}

impl Way {
    /// `unacknowledged` is how long the kernel waits for an answer to what it has sent.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        unacknowledged: Duration,
    ) -> io::Result<Socket> {
        let socket = match &self.connector {
            Connector::Tcp => tcp(endpoint, unacknowledged).await?,
            Connector::Custom(connect) => return connect(endpoint).await.map(Socket::Other),
        };
        match &self.secure {
            None => Ok(Socket::Tcp(socket)),
            Some(secure) => {
                let shaken = secure.connect(socket, endpoint.host()).await;
                shaken.map(|stream| Socket::Tls(Box::new(stream))).map_err(|error| {
                    io::Error::new(error.kind(), format!("no handshake of TLS: {error}"))
                })
            }
        }
    }

    /// What instances lack that cannot be called this way.
    pub(super) fn wanted(&self) -> &'static str {
        match (self.protocol, &self.secure) {
            (Protocol::Grpc, None) => "without an endpoint for gRPC",
            (Protocol::Grpc, Some(_)) => "without an endpoint for gRPC over TLS (grpcs://)",
            (Protocol::Http, None) => "without an endpoint for HTTP",
            (Protocol::Http, Some(_)) => "without an endpoint for HTTP over TLS (https://)",
        }
    }

    /// The scheme of the endpoints that are called this way.
    pub(super) fn scheme(&self) -> &'static str {
        match (self.protocol, &self.secure) {
            (Protocol::Grpc, None) => "grpc",
            (Protocol::Grpc, Some(_)) => "grpcs",
            (Protocol::Http, None) => "http",
            (Protocol::Http, Some(_)) => "https",
        }
    }
}

/// The first address of a host that can be reached, in the order in which its name resolves.
async fn tcp(endpoint: &Endpoint, unacknowledged: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host((endpoint.host(), endpoint.port())).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                limit_unacknowledged(&stream, unacknowledged);
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Pings find dead peers where there is no such option, only later.
fn limit_unacknowledged(stream: &TcpStream, limit: Duration) {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
    if !limit.is_zero() {
        socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit)).ok();
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "fuchsia")))]
    let _: (&TcpStream, Duration) = (stream, limit);
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "Tcp",
            Self::Custom(_) => "Custom",
        })
    }
}

pub(super) enum Socket {
    Tcp(TcpStream),
    Tls(Box<secure::Stream>),
    Other(Pin<Box<dyn Duplex>>),
}

impl Socket {
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// How many bytes have gone through a connection, both ways.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
}

impl Traffic {
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }
}

/// A socket whose traffic is counted, and which is read to its end though it cannot be written any
/// more.
///
/// A peer that leaves says GOAWAY, closes, and does not see what we still write: the write fails before
/// what it said is read, and with that which calls it has processed. So a failed write is swallowed,
/// uncounted, and it is the reading side that ends the connection.
pub(super) struct Counted {
    socket: Socket,
    traffic: Arc<Traffic>,
    deaf: bool,
}

impl Counted {
    pub(super) fn new(socket: Socket, traffic: Arc<Traffic>) -> Self {
        Self { socket, traffic, deaf: false }
    }

    /// `bytes` of `all` were written; none if it failed.
    fn wrote(&mut self, bytes: Option<usize>, all: usize) -> usize {
        self.deaf |= bytes.is_none();
        self.traffic.written.fetch_add(bytes.unwrap_or(0) as u64, Ordering::Release);
        bytes.unwrap_or(all)
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Tls(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Other(socket) => socket.as_mut().poll_read(cx, buffer),
        };
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.traffic.read.fetch_add(bytes as u64, Ordering::Release);
        }
        outcome
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.deaf {
            return Poll::Ready(Ok(data.len()));
        }
        let outcome = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write(cx, data),
            Socket::Tls(socket) => Pin::new(socket).poll_write(cx, data),
            Socket::Other(socket) => socket.as_mut().poll_write(cx, data),
        };
        outcome.map(|written| Ok(self.wrote(written.ok(), data.len())))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = data.iter().map(|slice| slice.len()).sum();
        if self.deaf {
            return Poll::Ready(Ok(all));
        }
        let outcome = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, data),
            Socket::Tls(socket) => Pin::new(socket).poll_write_vectored(cx, data),
            Socket::Other(socket) => socket.as_mut().poll_write_vectored(cx, data),
        };
        outcome.map(|written| Ok(self.wrote(written.ok(), all)))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Tcp(socket) => socket.is_write_vectored(),
            Socket::Tls(socket) => socket.is_write_vectored(),
            Socket::Other(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.deaf {
            return Poll::Ready(Ok(()));
        }
        let flushed = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Tls(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Other(socket) => socket.as_mut().poll_flush(cx),
        };
        flushed.map(|outcome| {
            self.deaf |= outcome.is_err();
            Ok(())
        })
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Other(socket) => socket.as_mut().poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_the_peer_said_before_it_closed_is_read_though_writing_fails() {
        let (near, far) = tokio::io::duplex(64);
        let traffic = Arc::<Traffic>::default();
        let mut io = Counted::new(Socket::Other(Box::pin(near)), Arc::clone(&traffic));
        io.write_all(b"heard").await.unwrap();
        let (_, mut says) = tokio::io::split(far);
        says.write_all(b"goodbye").await.unwrap();
        drop(says);
        io.write_all(b"unheard").await.unwrap();
        io.flush().await.unwrap();
        assert_eq!(traffic.written(), 5, "only what was written is counted");
        let mut said = String::new();
        io.read_to_string(&mut said).await.unwrap();
        assert_eq!((said.as_str(), traffic.read()), ("goodbye", 7));
    }
}
