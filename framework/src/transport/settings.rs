//! What can be set about the port that calls come in by: the section `server`.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Invalid, duration};
use crate::registry::Advertise;
use crate::wire::{self, Encoding};

pub use super::cors::CorsSettings;
pub use super::faces::{HttpSettings, JsonSettings};

/// The section `server`: where the service listens, and what it lets callers do.
///
/// Every field has a default that is right for a service inside a data centre. A duration of `0s`
/// switches off what it bounds, unless its field says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Where to listen, `host:port`; all faces. Default `0.0.0.0:8000`.
    ///
    /// Port 0 takes a free one; the host may be left out (`:8000`) for all IPv4 addresses, and
    /// `[::]:8000` takes IPv6 and IPv4. A name is looked up, and its first address that can be bound
    /// is taken.
    pub address: String,
    /// Under which address others call it; default: the bound one, or a guess if it is `0.0.0.0`.
    ///
    /// What can be written is listed at [`Advertise`]. Set it where the machine has several networks,
    /// or where ports are mapped.
    pub advertise: Advertise,
    /// The longest a unary call may take that came without a shorter deadline; default 10 s.
    ///
    /// Raise it if an operation is slow by nature.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How long a stream may stand still, with no message either way; default 5 min.
    ///
    /// It finds streams that both sides have forgotten. Raise it for streams of rare events.
    #[serde(with = "duration")]
    pub stream_idle_timeout: Duration,
    /// The largest message that is read, in bytes, before and after decompressing; default 4 MiB.
    ///
    /// It bounds the memory of one call. Rather stream than raise it.
    pub max_message_size: usize,
    /// The largest message that is sent, in bytes; default: none.
    pub max_send_message_size: Option<usize>,
    /// How replies are compressed for callers that read it; default `identity`.
    ///
    /// Worth its CPU on slow links and for replies of more than a few KiB.
    pub compress: Encoding,
    /// Whether `grpc.health.v1.Health` is answered; default true.
    ///
    /// Load balancers and Kratos' clients ask it. Without it they take an instance for healthy.
    pub health: bool,
    /// Whether `grpc.reflection` (v1 and v1alpha) is answered; default true.
    ///
    /// Tools such as grpcurl need it to know methods and messages. Switch it off where strangers can
    /// call and are not to read the API.
    pub reflection: bool,
    /// Whether `/openapi.json` tells what is offered over HTTP, and `/docs` shows it; default true.
    ///
    /// Both are answered by the port of the calls, and seen by the layers as calls are. Nothing is at
    /// these paths if no service brings a document, or one of them has such a path of its own. Switch it
    /// off where strangers can call and are not to read the API.
    pub openapi: bool,
    /// What calls over HTTP may be.
    pub http: HttpSettings,
    /// How messages look as JSON.
    pub json: JsonSettings,
    /// Which pages of other origins may call.
    pub cors: CorsSettings,
    /// Whether the port speaks TLS, and by which certificate.
    pub tls: ServerTlsSettings,
    /// How peers that are gone are found.
    pub keepalive: KeepaliveSettings,
    /// How many connections there are, how long they live and what each may hold.
    pub connection: ConnectionSettings,
    /// What the head of a request may be.
    pub headers: HeaderSettings,
    /// What is asked of the operating system.
    pub socket: SocketSettings,
}

/// The section `server.tls`: whether the port speaks TLS, and by which certificate.
///
/// With a certificate it speaks TLS 1.2 or later and nothing else, and is announced as `grpcs` and
/// `https`. The files are read every 2 s: connections that are made after they changed get what is in
/// them then, and those that are there go on. Files that cannot be used change nothing; the log says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerTlsSettings {
    /// A file with the certificate and those above it, PEM; default: none, and no TLS.
    pub certificate: Option<PathBuf>,
    /// The file with the certificate's private key, PEM.
    pub key: Option<PathBuf>,
    /// A file of certificates, PEM: callers must show one that one of these has signed. Default: none,
    /// and callers are asked for nothing.
    ///
    /// Set it where not everybody who reaches the port may call (mutual TLS).
    pub client_ca: Option<PathBuf>,
}

impl ServerTlsSettings {
    /// Whether the port speaks TLS.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.certificate.is_some()
    }

    /// Looks at what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let wrong = |key: &str, what: &str| Err(Invalid::new(format!("server.tls.{key}"), what));
        match (&self.certificate, &self.key) {
            (Some(_), None) => return wrong("key", "expected the key of server.tls.certificate"),
            (None, Some(_)) => return wrong("certificate", "expected the one of server.tls.key"),
            (None, None) if self.client_ca.is_some() => {
                return wrong("certificate", "expected one, since server.tls.client_ca is set");
            }
            _ => {}
        }
        if self.is_on() && cfg!(not(feature = "tls")) {
            return wrong("certificate", WITHOUT);
        }
        Ok(())
    }
}

const WITHOUT: &str =
    "this program was built without TLS: add the feature \"tls\" to bia in its Cargo.toml";

/// The section `server.keepalive`: how peers that are gone are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeepaliveSettings {
    /// After how long without a frame an HTTP/2 peer is pinged, also when it has no call; default 30 s.
    ///
    /// Costs 17 bytes each way. Shorter finds dead peers sooner.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// How long the peer may take to answer a ping, or the ping of a GOAWAY; default 10 s.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How long an HTTP/1.1 connection waits for its next request; default 75 s.
    ///
    /// Must be longer than what a proxy in front keeps connections for (often 60 s), or the proxy
    /// will now and then send a request into a connection that is being closed. `0s` answers one
    /// request for each connection.
    #[serde(with = "duration")]
    pub http1: Duration,
}

/// The section `server.connection`: how many connections there are, and how long they live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// The most connections at one time; default 20 000.
    ///
    /// One more is closed as soon as it is accepted, so that its caller goes elsewhere at once. Fewer
    /// are taken where the process may not open that many files (`ulimit -n`).
    pub max: usize,
    /// After how long an HTTP/2 or HTTP/1.1 connection is asked to go away, ±10 %; default 10 min.
    ///
    /// It spreads callers over instances that came later. The caller's calls in flight go on, and
    /// its next call opens another connection.
    #[serde(with = "duration")]
    pub max_age: Duration,
    /// How long a connection that was asked to go may take to finish its calls; default 30 s.
    ///
    /// What is not done then, streams above all, is cut. Raise it where streams live long.
    #[serde(with = "duration")]
    pub grace: Duration,
    /// After how long without a call an HTTP/2 connection is asked to go away, at the latest after
    /// twice as long; default `0s`, never.
    ///
    /// Frees the memory of callers that rarely call, at the price of a handshake when they do.
    #[serde(with = "duration")]
    pub max_idle: Duration,
    /// The most calls at one time on one connection; default 1000.
    ///
    /// Callers that know how open more connections then. `SETTINGS_MAX_CONCURRENT_STREAMS` of
    /// RFC 9113.
    pub max_streams: u32,
    /// The most bytes that a caller may send ahead of one handler's reading; default 256 KiB.
    ///
    /// Raise it where a single stream must fill a fast and long line: bytes/s × round trip.
    pub stream_window: u32,
    /// The same for all calls of one connection together; default 1 MiB.
    ///
    /// It bounds the memory that one connection's unread requests can take.
    pub window: u32,
    /// How many calls may be waiting for us that the caller has already given up, before the
    /// connection is closed as an attack (CVE-2023-44487); default 200.
    pub max_pending_resets: usize,
}

/// The section `server.headers`: what the head of a request may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderSettings {
    /// How long the first bytes of a connection, and the head of an HTTP/1.1 request from its first
    /// byte on, may take to arrive; default 10 s.
    #[serde(with = "duration")]
    pub read_timeout: Duration,
    /// The most headers of one request; default 100.
    ///
    /// A request with more is answered with 431 (gRPC: `RESOURCE_EXHAUSTED`).
    pub max_count: usize,
    /// The most bytes of all headers of one request, counted with 32 more for each as RFC 9113 §6.5.2
    /// does; default 16 KiB.
    ///
    /// A request with more is answered as one with too many; with more than four times as much it is
    /// refused before it is understood, by a bare 431.
    pub max_size: u32,
}

/// The section `server.socket`: what is asked of the operating system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SocketSettings {
    /// How many connections may wait to be accepted; default 1024.
    ///
    /// The system may have a lower limit of its own (`net.core.somaxconn`).
    pub backlog: u32,
    /// Whether small writes go out at once; default true. False saves packets and costs up to 40 ms.
    pub nodelay: bool,
    /// How long what we sent may stay unacknowledged or unread before the connection is closed;
    /// default 40 s. `TCP_USER_TIMEOUT`; only on Linux.
    ///
    /// It finds the peers that pings do not: those behind a full send buffer.
    #[serde(with = "duration")]
    pub user_timeout: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            address: "0.0.0.0:8000".to_owned(),
            advertise: Advertise::Auto,
            timeout: Duration::from_secs(10),
            stream_idle_timeout: Duration::from_secs(5 * 60),
            max_message_size: wire::DEFAULT_MAX_MESSAGE,
            max_send_message_size: None,
            compress: Encoding::Identity,
            health: true,
            reflection: true,
            openapi: true,
            http: HttpSettings::default(),
            json: JsonSettings::default(),
            cors: CorsSettings::default(),
            tls: ServerTlsSettings::default(),
            keepalive: KeepaliveSettings::default(),
            connection: ConnectionSettings::default(),
            headers: HeaderSettings::default(),
            socket: SocketSettings::default(),
        }
    }
}

impl Default for KeepaliveSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            http1: Duration::from_secs(75),
        }
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max: 20_000,
            max_age: Duration::from_secs(10 * 60),
            grace: Duration::from_secs(30),
            max_idle: Duration::ZERO,
            max_streams: 1000,
            stream_window: 256 * 1024,
            window: 1024 * 1024,
            max_pending_resets: 200,
        }
    }
}

impl Default for HeaderSettings {
    fn default() -> Self {
        Self { read_timeout: Duration::from_secs(10), max_count: 100, max_size: 16 * 1024 }
    }
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self { backlog: 1024, nodelay: true, user_timeout: Duration::from_secs(40) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default_and_reads_back_as_it_was_written() {
        let settings: ServerSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, ServerSettings::default());
        let written = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ServerSettings>(&written).unwrap(), settings);
    }

    #[test]
    fn one_setting_of_a_section_leaves_the_others_at_their_defaults() {
        let settings: ServerSettings =
            serde_json::from_str(r#"{"connection": {"max_age": "1h"}}"#).unwrap();
        assert_eq!(settings.connection.max_age, Duration::from_secs(3600));
        assert_eq!(settings.connection.max_streams, 1000);
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        let error = serde_json::from_str::<ServerSettings>(r#"{"keepalive": {"intervall": "1s"}}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `intervall`"), "{error}");
    }
}
