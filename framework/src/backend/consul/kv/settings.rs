use std::path::PathBuf;
use std::time::Duration;

use crate::backend::consul::ConsulSettings;
use crate::config::{Secret, duration};

/// The settings of configuration in Consul: `config.consul`.
///
/// It is read if `prefix` or `key` is set. They stand in a file, a variable or a flag: what is read
/// from Consul cannot say where to read it.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConsulSourceSettings {
    /// The folder of keys that are layers, `config/user-service`; empty for none, the default.
    ///
    /// Every key below it is a layer, read by its ending: `.yaml`, `.yml`, `.toml` or `.json`. Their
    /// order is that of their names without the ending, so that `app.prod.yaml` stands over
    /// `app.yaml`, and `20-limits.yaml` over `10-base.yaml`. Keys whose name, or a folder's below the
    /// prefix, begins with a dot are read over.
    pub prefix: String,
    /// One key that is the only layer, `config/user-service.yaml`; empty for none, the default.
    pub key: String,
    /// Where the agent answers; default: `registry.consul.address`.
    pub address: Option<String>,
    /// The ACL token; default: `registry.consul.token`. Needs `key_prefix:read`.
    ///
    /// Without that right Consul answers as if there were no keys. An empty one asks without a token.
    pub token: Option<Secret>,
    /// Whose keys; default: `registry.consul.datacenter`.
    pub datacenter: Option<String>,
    /// The namespace, which only Consul Enterprise has; default: `registry.consul.namespace`.
    pub namespace: Option<String>,
    /// A file of certificates, PEM, the only ones trusted for `https://`; default:
    /// `registry.consul.ca_file`.
    pub ca_file: Option<PathBuf>,
    /// A file with a certificate and those above it, PEM, for an agent that asks for one; default:
    /// `registry.consul.cert_file`.
    pub cert_file: Option<PathBuf>,
    /// The file with the certificate's private key, PEM; default: `registry.consul.key_file`.
    pub key_file: Option<PathBuf>,
    /// How long a query waits for a change, default 55 s, at most 10 min. A change comes at once
    /// whatever this is; shorter ones suit a proxy that cuts what is silent.
    #[serde(with = "duration")]
    pub wait: Duration,
    /// How long any other request may take, default 10 s.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Whether any server may answer, default no: the leader.
    ///
    /// Settings are then read while the servers choose a new leader; they may be some milliseconds
    /// old.
    pub stale: bool,
}

impl Default for ConsulSourceSettings {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            key: String::new(),
            address: None,
            token: None,
            datacenter: None,
            namespace: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            wait: Duration::from_secs(55),
            timeout: Duration::from_secs(10),
            stale: false,
        }
    }
}

impl ConsulSourceSettings {
    /// Every key below a prefix, at an address, and the defaults.
    #[must_use]
    pub fn at(address: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { address: Some(address.into()), prefix: prefix.into(), ..Self::default() }
    }

    /// Replaces the token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether there is something to read.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.prefix.is_empty() || !self.key.is_empty()
    }

    /// How the agent is talked to: what is not set here is as for the registry.
    pub(super) fn over(&self, registry: &ConsulSettings) -> ConsulSettings {
        let own = self.clone();
        let registry = registry.clone();
        // A certificate and its key come from one place.
        let (cert_file, key_file) = match (own.cert_file, own.key_file) {
            (None, None) => (registry.cert_file, registry.key_file),
            own => own,
        };
        ConsulSettings {
            address: own.address.unwrap_or(registry.address),
            token: own.token.unwrap_or(registry.token),
            datacenter: own.datacenter.unwrap_or(registry.datacenter),
            namespace: own.namespace.unwrap_or(registry.namespace),
            ca_file: own.ca_file.or(registry.ca_file),
            cert_file,
            key_file,
            wait: own.wait,
            timeout: own.timeout,
            stale: own.stale,
            ..ConsulSettings::default()
        }
    }
}
