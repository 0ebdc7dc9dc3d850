//! TLS to the nodes of a channel, where `client.tls` asks for it.

use std::io;

use tokio::net::TcpStream;

use crate::error::{Error, Result};

use super::settings::ClientSettings;
use super::target::Target;

#[cfg(feature = "tls")]
type Keys = crate::tls::FromFiles<rustls::ClientConfig>;
#[cfg(feature = "tls")]
type Name = rustls_pki_types::ServerName<'static>;
#[cfg(feature = "tls")]
pub(super) type Stream = tokio_rustls::client::TlsStream<TcpStream>;

#[cfg(not(feature = "tls"))]
type Keys = std::convert::Infallible;
#[cfg(not(feature = "tls"))]
pub(super) type Stream = TcpStream;

/// Shakes hands with nodes.
#[derive(Debug)]
pub(super) struct Secure {
    keys: Keys,
    /// Whom a node's certificate must name; none for its own host.
    #[cfg(feature = "tls")]
    name: Option<Name>,
}

#[cfg(feature = "tls")]
impl Secure {
    /// None if the settings ask for no TLS.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or used, or the name is none.
    pub(super) fn of(settings: &ClientSettings, target: &Target) -> Result<Option<Self>> {
        use super::settings::Protocol;
        use crate::tls::{self, Named, Pair};
        let protocol: &[u8] = match settings.protocol {
            Protocol::Grpc => b"h2",
            Protocol::Http => b"http/1.1",
        };
        let settings = &settings.tls;
        if !settings.is_on() {
            return Ok(None);
        }
        let named = |key: &str, path: &Option<std::path::PathBuf>| {
            let setting = format!("client.tls.{key}");
            path.clone().map(|path| Named { setting, path })
        };
        let certificate = named("certificate", &settings.certificate);
        let pair = certificate.zip(named("key", &settings.key));
        let pair = pair.map(|(certificate, key)| Pair { certificate, key });
        let name = match (&settings.server_name, target) {
            (Some(name), _) | (None, Target::Service(name)) => Some(name),
            (None, Target::Direct(_)) => None,
        };
        let name = name.map(|name| server_name(name)).transpose()?;
        Ok(Some(Self { keys: tls::client(named("ca", &settings.ca), pair, protocol)?, name }))
    }

    /// Shakes hands. The caller bounds how long that may take.
    pub(super) async fn connect(&self, socket: TcpStream, host: &str) -> io::Result<Stream> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => server_name(host).map_err(io::Error::other)?,
        };
        tokio_rustls::TlsConnector::from(self.keys.get()).connect(name, socket).await
    }

    /// Looks after the files for as long as it is polled.
    pub(super) async fn follow(&self) {
        self.keys.follow().await;
    }
}

#[cfg(feature = "tls")]
fn server_name(name: &str) -> Result<Name> {
    Name::try_from(name.to_owned()).map_err(|error| {
        let what = format!("no certificate can name {name:?}: set client.tls.server_name");
        Error::bad_request("TLS_INVALID", what).with_source(error)
    })
}

#[cfg(not(feature = "tls"))]
impl Secure {
    /// None, or an error if the settings ask for TLS.
    pub(super) fn of(settings: &ClientSettings, _: &Target) -> Result<Option<Self>> {
        if settings.tls.is_on() {
            let what = "this program was built without TLS: add the feature \"tls\" to bia";
            return Err(Error::bad_request("TLS_INVALID", what));
        }
        Ok(None)
    }

    pub(super) fn connect(&self, _: TcpStream, _: &str) -> std::future::Ready<io::Result<Stream>> {
        match self.keys {}
    }

    pub(super) fn follow(&self) -> std::future::Ready<()> {
        match self.keys {}
    }
}
