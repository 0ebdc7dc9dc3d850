use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Secret, duration};

/// The settings of Consul: `registry.consul`.
///
/// The numbers are those of Kratos.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct ConsulSettings {
    /// Where the agent answers, default `http://127.0.0.1:8500`; `https://` for TLS, with a path if
    /// it stands behind a proxy. Without a scheme it is `http://`.
    pub address: String,
    /// The ACL token, sent as `X-Consul-Token`; empty for none, the default.
    ///
    /// Needs `service:write` for the service itself, and `service:read` and `node:read` for those
    /// that it calls. Without the latter Consul answers as if nobody served.
    pub token: Secret,
    /// Where to look for instances; empty for the agent's own datacenter, the default.
    pub datacenter: String,
    /// The namespace, which only Consul Enterprise has; empty for that of the token, the default.
    pub namespace: String,
    /// A file of certificates, PEM: the only ones trusted for `https://`. Default: those of the system.
    pub ca_file: Option<PathBuf>,
    /// A file with a certificate and those above it, PEM, for an agent that asks for one.
    pub cert_file: Option<PathBuf>,
    /// The file with the certificate's private key, PEM.
    pub key_file: Option<PathBuf>,
    /// How often the heartbeat passes the TTL check, and how often the agent looks whether the
    /// endpoints take connections, default 10 s, at least 100 ms. The TTL is twice as long.
    ///
    /// An instance that died without a word is missed within one or two of these. Shorter costs the
    /// agent more requests; and below 4 s instances may be missed for nothing while the servers
    /// choose a leader, since an agent then holds heartbeats back for up to 7 s.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// After how long an instance that fails its checks is removed for good, default 600 s.
    ///
    /// Consul takes no less than a minute, and looks every 30 s.
    #[serde(with = "duration")]
    pub deregister_after: Duration,
    /// Whether the agent looks at the endpoints too, by connecting: the default. Switch it off where
    /// the agent cannot reach the service; the heartbeat alone tells then.
    pub tcp_checks: bool,
    /// How long a query waits for a change, default 55 s, at most 10 min.
    #[serde(with = "duration")]
    pub wait: Duration,
    /// How long any other request may take, default 10 s.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How long those who were known before an outage are kept if Consul no longer lists them
    /// after it. Default: two intervals, so that each has had its heartbeat.
    #[serde(with = "duration")]
    pub rejoin_grace: Option<Duration>,
    /// Whether any server may answer, default no: the leader.
    ///
    /// Discovery then goes on while the servers choose a new leader; what it says may be some
    /// milliseconds old, and older while they cannot reach each other.
    pub stale: bool,
    /// Tags to register with, after `version=…`.
    pub tags: Vec<String>,
}

impl Default for ConsulSettings {
    fn default() -> Self {
        Self {
            address: "http://127.0.0.1:8500".to_owned(),
            token: Secret::default(),
            datacenter: String::new(),
            namespace: String::new(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            interval: Duration::from_secs(10),
            deregister_after: Duration::from_secs(600),
            tcp_checks: true,
            wait: Duration::from_secs(55),
            timeout: Duration::from_secs(10),
            rejoin_grace: None,
            stale: false,
            tags: Vec::new(),
        }
    }
}

impl ConsulSettings {
    /// An address, and the defaults.
    #[must_use]
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }

    /// Replaces the token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = token.into();
        self
    }

    /// Replaces the interval of heartbeat and checks.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The interval that is used.
    pub(super) fn heartbeat(&self) -> Duration {
        self.interval.max(Duration::from_millis(100))
    }

    /// The wait that is used: Consul takes none longer.
    pub(super) fn longest_wait(&self) -> Duration {
        self.wait.clamp(Duration::from_millis(1), Duration::from_secs(600))
    }

    /// The grace that is used.
    pub(super) fn grace(&self) -> Duration {
        self.rejoin_grace.unwrap_or_else(|| self.heartbeat() * 2)
    }
}
