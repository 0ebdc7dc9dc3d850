use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{BoxError, Error, Result};

use super::ConsulSettings;

/// How `https://` is spoken: whom to trust, and who we are.
pub(super) fn client(settings: &ConsulSettings, section: &str) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("cannot set up TLS").with_source(error))?
        .with_root_certificates(roots(settings, section)?);
    match (&settings.cert_file, &settings.key_file) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert_file), Some(key_file)) => {
            let certificates = certificates(cert_file, &format!("{section}.cert_file"))?;
            let key = PrivateKeyDer::from_pem_file(key_file)
                .map_err(|error| unread(key_file, &format!("{section}.key_file"), error))?;
            builder.with_client_auth_cert(certificates, key).map_err(|error| {
                invalid(format!(
                    "key {} does not fit certificate {}",
                    key_file.display(),
                    cert_file.display()
                ))
                .with_source(error)
            })
        }
        _ => Err(invalid(format!(
            "{section}.cert_file and {section}.key_file go together: set both or none"
        ))),
    }
}

/// A configuration that trusts nobody, for `http://`.
pub(super) fn none() -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("cannot set up TLS").with_source(error))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn roots(settings: &ConsulSettings, section: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.ca_file {
        let setting = format!("{section}.ca_file");
        for certificate in certificates(path, &setting)? {
            roots.add(certificate).map_err(|error| unread(path, &setting, error))?;
        }
        return Ok(roots);
    }
    let native = rustls_native_certs::load_native_certs();
    // Systems hold certificates that are long since of no use; those that are read suffice.
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let error = invalid(format!("the system trusts nobody: set {section}.ca_file"));
        return Err(match native.errors.into_iter().next() {
            Some(source) => error.with_source(source),
            None => error,
        });
    }
    Ok(roots)
}

fn certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unread(path, setting, error))?;
    if certificates.is_empty() {
        return Err(invalid(format!(
            "{setting} {} holds no certificate: give a PEM file",
            path.display()
        )));
    }
    Ok(certificates)
}

fn unread(path: &Path, setting: &str, error: impl Into<BoxError>) -> Error {
    invalid(format!("cannot read {setting} {}", path.display())).with_source(error)
}

pub(super) fn invalid(what: impl Into<String>) -> Error {
    Error::bad_request("CONSUL_SETTINGS_INVALID", what.into())
}
