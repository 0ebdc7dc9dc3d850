//! Takes the socket that connections come in by, and says what to do when it cannot be had.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream, lookup_host};

use crate::config::Live;
use crate::error::{Error, Result};

use super::settings::{ServerSettings, SocketSettings};

/// How long the name of an address may take to be looked up.
const LOOKUP: Duration = Duration::from_secs(5);

/// Where connections come from. A trait, so that a listener that fails can be tried.
pub(super) trait Accept: Send + Sync + 'static {
    type Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static;

    /// The next connection. Cancel-safe.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;
}

/// A bound TCP socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    settings: Live<ServerSettings>,
}

impl Listener {
    /// Binds the first address that `server.address` names and that can be bound.
    pub(super) async fn bind(settings: Live<ServerSettings>) -> Result<Self> {
        let now = settings.full();
        let address = &now.address;
        let mut failed = None;
        for candidate in resolve(address).await? {
            match bind(candidate, &now.socket) {
                Ok(socket) => return Ok(Self { socket, settings }),
                Err(error) => failed = Some(error),
            }
        }
        Err(match failed {
            Some(error) => cannot_bind(address, error),
            None => invalid(address, "the name has no address; write an address of this machine"),
        })
    }

    pub(super) fn address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(Error::from_source)
    }
}

impl Accept for Listener {
    type Io = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = self.socket.accept().await?;
        // A connection that broke meanwhile refuses these: its first read will say so.
        let settings = &self.settings.get().socket;
        if settings.nodelay {
            stream.set_nodelay(true).ok();
        }
        #[cfg(target_os = "linux")]
        if !settings.user_timeout.is_zero() {
            SockRef::from(&stream).set_tcp_user_timeout(Some(settings.user_timeout)).ok();
        }
        Ok((stream, Some(peer)))
    }
}

async fn resolve(address: &str) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    if let Some(port) = address.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Ok(vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))]);
    }
    if !has_port(address) {
        return Err(invalid(
            address,
            "it ends with no port; write host:port, such as 0.0.0.0:8000",
        ));
    }
    match tokio::time::timeout(LOOKUP, lookup_host(address)).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => {
            Err(invalid(address, "the name is not known; write an address of this machine")
                .with_source(error))
        }
        Err(elapsed) => Err(invalid(
            address,
            "the name was not found in time; write an address of this machine",
        )
        .with_source(elapsed)),
    }
}

/// Whether what is to be listened at is of the form `host:port`.
pub(crate) fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn bind(address: SocketAddr, settings: &SocketSettings) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the last run to time out.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // A machine that cannot take both takes what it can.
        socket.set_only_v6(false).ok();
    }
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(settings.backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

fn invalid(address: &str, why: &str) -> Error {
    Error::internal("ADDRESS_INVALID", format!("server.address {address:?}: {why}"))
}

fn cannot_bind(address: &str, error: io::Error) -> Error {
    let (reason, remedy) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            "ADDRESS_IN_USE",
            "another process has the port; stop it, or set another port (0 takes a free one)",
        ),
        io::ErrorKind::PermissionDenied => (
            "ADDRESS_FORBIDDEN",
            "this user may not; ports below 1024 are the system's, set a higher one",
        ),
        io::ErrorKind::AddrNotAvailable => (
            "ADDRESS_UNAVAILABLE",
            "this machine has no such address; 0.0.0.0 listens on all it has",
        ),
        _ => ("ADDRESS_FAILED", "the system refuses"),
    };
    Error::internal(reason, format!("cannot listen on {address} (server.address): {remedy}"))
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn listen(address: &str) -> Result<Listener> {
        let address = address.to_owned();
        Listener::bind(Live::new(ServerSettings { address, ..ServerSettings::default() })).await
    }

    #[tokio::test]
    async fn an_address_is_written_as_people_write_it() {
        for address in ["127.0.0.1:0", "localhost:0", ":0", "0.0.0.0:0"] {
            let bound = listen(address).await.unwrap().address().unwrap();
            assert_ne!(bound.port(), 0, "{address}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_connection_has_what_was_asked_for_it() {
        let listener = listen("127.0.0.1:0").await.unwrap();
        let address = listener.address().unwrap();
        let (here, there) = tokio::join!(listener.accept(), TcpStream::connect(address));
        let (stream, peer) = here.unwrap();
        assert_eq!(peer, there.unwrap().local_addr().ok());
        assert!(stream.nodelay().unwrap());
        let timeout = SockRef::from(&stream).tcp_user_timeout().unwrap();
        assert_eq!(timeout, Some(Duration::from_secs(40)));
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_had_says_which_and_what_to_do() {
        let first = listen("127.0.0.1:0").await.unwrap();
        let taken = first.address().unwrap().to_string();
        let table = [
            (taken.as_str(), "ADDRESS_IN_USE", "another process has the port"),
            ("192.0.2.1:0", "ADDRESS_UNAVAILABLE", "no such address"),
            ("0.0.0.0", "ADDRESS_INVALID", "write host:port"),
            ("no.such.name.invalid:1", "ADDRESS_INVALID", "the name"),
        ];
        for (address, reason, remedy) in table {
            let error = listen(address).await.unwrap_err();
            assert_eq!(error.reason(), reason, "{error}");
            assert!(error.message().contains("server.address"), "{error}");
            assert!(error.message().contains(address), "{error}");
            assert!(error.message().contains(remedy), "{error}");
        }
    }
}
