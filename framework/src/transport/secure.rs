//! TLS on the port that calls come in by, where `server.tls` asks for it.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Result;

use super::settings::ServerTlsSettings;

#[cfg(feature = "tls")]
type Keys = crate::tls::FromFiles<rustls::ServerConfig>;
#[cfg(not(feature = "tls"))]
type Keys = std::convert::Infallible;

/// Shakes hands with peers, by the certificate that is in force when they come. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Secure(Keys);

#[cfg(feature = "tls")]
impl Secure {
    /// None if the settings ask for no TLS.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or used.
    pub(crate) fn of(settings: &ServerTlsSettings) -> Result<Option<Self>> {
        use crate::tls::{self, Named, Pair};
        let named = |key: &str, path: &Option<std::path::PathBuf>| {
            let setting = format!("server.tls.{key}");
            path.clone().map(|path| Named { setting, path })
        };
        let certificate = named("certificate", &settings.certificate);
        let Some((certificate, key)) = certificate.zip(named("key", &settings.key)) else {
            return Ok(None);
        };
        let trusted = named("client_ca", &settings.client_ca);
        tls::server(Pair { certificate, key }, trusted).map(|keys| Some(Self(keys)))
    }

    /// Shakes hands, and says whom the peer's certificate names. The caller bounds how long that may
    /// take.
    pub(super) async fn accept<IO>(
        &self,
        io: IO,
    ) -> io::Result<(impl AsyncRead + AsyncWrite + Unpin + Send + use<IO>, Vec<String>)>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = tokio_rustls::TlsAcceptor::from(self.0.get()).accept(io).await?;
        let shown = stream.get_ref().1.peer_certificates();
        let names = shown.and_then(<[_]>::first).map(crate::tls::names).unwrap_or_default();
        Ok((stream, names))
    }

    /// Looks after the files for as long as it is polled.
    pub(super) async fn follow(&self) {
        self.0.follow().await;
    }
}

#[cfg(not(feature = "tls"))]
impl Secure {
    /// None: the settings are refused before if they ask for TLS.
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
    pub(crate) fn of(_: &ServerTlsSettings) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn accept<IO>(&self, _: IO) -> std::future::Ready<io::Result<(IO, Vec<String>)>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.0 {}
    }

    pub(super) fn follow(&self) -> std::future::Ready<()> {
        match self.0 {}
    }
}
