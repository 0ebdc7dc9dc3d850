use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{BoxError, Error, Result};

use super::files::FromFiles;
pub(crate) use super::files::Named;

/// A certificate with its key, and whom to trust.
pub(crate) struct Pair {
    pub(crate) certificate: Named,
    pub(crate) key: Named,
}

/// What a server speaks TLS by: HTTP/2 before HTTP/1.1, TLS 1.2 or later. With `trusted`, a client
/// must show a certificate that one of those has signed.
///
/// # Errors
///
/// If a file cannot be read or holds nothing of use, or key and certificate do not fit.
pub(crate) fn server(pair: Pair, trusted: Option<Named>) -> Result<FromFiles<ServerConfig>> {
    let named: Vec<Named> = [pair.certificate, pair.key].into_iter().chain(trusted).collect();
    let files = named.clone();
    FromFiles::new(files, move |contents| {
        let files: Vec<_> = std::iter::zip(&named, contents).map(File::of).collect();
        let [certificate, key, rest @ ..] = files.as_slice() else {
            return Err(invalid("certificate and key go together"));
        };
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("cannot set up TLS").with_source(error))?;
        let builder = match rest.first() {
            None => builder.with_no_client_auth(),
            Some(trusted) => {
                let roots = Arc::new(trusted.roots()?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = verifier.build().map_err(|error| trusted.unusable(error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(certificate.certificates()?, key.key()?)
            .map_err(|error| misfit(certificate, key, error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    })
}

/// What a client of `protocol`, `h2` or `http/1.1`, speaks TLS by. It trusts those in `trusted`, else whom the system trusts,
/// and shows its own certificate to servers that ask, if it has one.
///
/// # Errors
///
/// As [`server`]; and if nobody is named and the system trusts nobody.
pub(crate) fn client(
    trusted: Option<Named>,
    pair: Option<Pair>,
    protocol: &'static [u8],
) -> Result<FromFiles<ClientConfig>> {
    let native = if trusted.is_none() { Some(system()?) } else { None };
    let pair = pair.map(|pair| [pair.certificate, pair.key]);
    let named: Vec<Named> = trusted.into_iter().chain(pair.into_iter().flatten()).collect();
    let files = named.clone();
    FromFiles::new(files, move |contents| {
        let files: Vec<_> = std::iter::zip(&named, contents).map(File::of).collect();
        let (roots, pair) = match (&native, files.as_slice()) {
            (Some(native), pair) => (native.clone(), pair),
            (None, [trusted, pair @ ..]) => (trusted.roots()?, pair),
            (None, []) => return Err(invalid("nobody is trusted")),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("cannot set up TLS").with_source(error))?
            .with_root_certificates(roots);
        let mut config = match pair {
            [certificate, key] => builder
                .with_client_auth_cert(certificate.certificates()?, key.key()?)
                .map_err(|error| misfit(certificate, key, error))?,
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    })
}

/// The hosts and then the URIs that a certificate names; none of one that cannot be read.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let all = certificate.valid_dns_names().chain(certificate.valid_uri_names());
    all.map(str::to_owned).collect()
}

/// The one of this process: a second one in the tree would leave rustls without any.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn system() -> Result<RootCertStore> {
    let native = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems hold certificates that are long since of no use; those that are read suffice.
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let error = invalid("the system trusts nobody: set client.tls.ca");
        return Err(match native.errors.into_iter().next() {
            Some(source) => error.with_source(source),
            None => error,
        });
    }
    Ok(roots)
}

/// What is in a file.
struct File<'a> {
    named: &'a Named,
    pem: &'a [u8],
}

impl<'a> File<'a> {
    fn of((named, pem): (&'a Named, &'a Vec<u8>)) -> Self {
        Self { named, pem }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let all: Vec<_> = CertificateDer::pem_slice_iter(self.pem)
            .collect::<Result<_, _>>()
            .map_err(|error| self.unusable(error))?;
        if all.is_empty() {
            return Err(invalid(format!("{} holds no certificate: give a PEM file", self.told())));
        }
        Ok(all)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.pem).map_err(|error| self.unusable(error))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots.add(certificate).map_err(|error| self.unusable(error))?;
        }
        Ok(roots)
    }

    fn told(&self) -> String {
        format!("{} {}", self.named.setting, self.named.path.display())
    }

    fn unusable(&self, error: impl Into<BoxError>) -> Error {
        invalid(format!("cannot use {}", self.told())).with_source(error)
    }
}

fn misfit(certificate: &File<'_>, key: &File<'_>, error: rustls::Error) -> Error {
    invalid(format!("{} does not fit {}", key.told(), certificate.told())).with_source(error)
}

fn invalid(what: impl Into<String>) -> Error {
    Error::bad_request("TLS_INVALID", what.into())
}
