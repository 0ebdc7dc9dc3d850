//! What can be set about the calls that go out: the sections `client` and `clients.<service>`.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algo::Backoff;
use crate::balance::BalancerKind;
use crate::config::{Invalid, duration};
use crate::wire::{self, Encoding};

/// The section `client`: how other services are called.
///
/// `client.*` is for all of them, and `clients.<service>.*` over it for one. Every field has a
/// default that is right inside a data centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSettings {
    /// How long a unary call may take that was given no time of its own; default 10 s.
    ///
    /// It is what a forgotten call site costs at most. The deadline of the call being served bounds
    /// a call too, whichever is earlier; streams have no other bound. `0s` is no limit.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// What nodes are spoken to in: `grpc` (default) or `http`.
    ///
    /// `http` is for services that have no gRPC: the same generated client calls them by the
    /// `google.api.http` rules of the proto, with JSON, over HTTP/1.1. Only those instances are called
    /// then that announce `http` (`https` with TLS). It costs a connection for each call in flight, and
    /// only methods that take one message can be called.
    pub protocol: Protocol,
    /// How HTTP is spoken, with `protocol: http`.
    pub http: ClientHttpSettings,
    /// Which node gets a call: `p2c` (default), `round_robin` or `random`.
    ///
    /// See [`BalancerKind`] for what each is good for.
    pub balancer: BalancerKind,
    /// How long making a connection may take, up to the first answer of the peer and of its health
    /// check; default 5 s.
    ///
    /// As long a call waits for the first node to become ready, if its deadline lets it.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long calls wait for another node when the last one that was ready has gone, or when the channel
    /// is new and there was none yet; default 500 ms.
    ///
    /// An instance that stops says so at once; the registry needs a moment to tell of the one that
    /// takes over. Calls in between wait instead of failing. Shorter than that loses calls while a
    /// service is rolled out; longer delays the errors of one that is down. `0s` does not wait.
    #[serde(with = "duration")]
    pub handover: Duration,
    /// Whether nodes are spoken to by TLS, and whom to trust.
    pub tls: ClientTlsSettings,
    /// How peers that are gone are found.
    pub keepalive: ClientKeepaliveSettings,
    /// How long a node that could not be reached is left alone.
    pub backoff: BackoffSettings,
    /// The most connections to one node; default 4.
    ///
    /// A second one is made when the first has as many calls as `streams_per_connection` says or as
    /// the peer lets it have, and is given up when it is not needed any more. Each costs the peer a
    /// connection and both sides some 20 KiB.
    pub max_connections_per_node: usize,
    /// From how many calls in flight on one connection another is worth making; default 100.
    ///
    /// One connection is read and written by one core at a time. With the most connections made,
    /// each takes as many calls as the peer lets it.
    pub streams_per_connection: usize,
    /// Whether nodes are asked for their health (`grpc.health.v1.Health/Watch`); default true.
    ///
    /// One that says it does not serve gets no more calls, before the registry knows. A node that
    /// does not have the service counts as healthy. Costs one idle stream a node.
    pub health_check: bool,
    /// The largest message that is read, in bytes, before and after decompressing; default 4 MiB.
    ///
    /// It bounds the memory of one call. Rather stream than raise it.
    pub max_message_size: usize,
    /// The largest message that is sent, in bytes; default: none.
    pub max_send_message_size: Option<usize>,
    /// How requests are compressed; default `identity`.
    ///
    /// Every node must be able to read it: a caller cannot ask first. Worth its CPU on slow links and
    /// for requests of more than a few KiB.
    pub compress: Encoding,
    /// Whether a call waits until a node is ready, as long as its deadline lets it; default false.
    ///
    /// Otherwise a call fails at once when every node is known to be unreachable or not serving.
    /// Right for jobs that nobody waits for.
    pub wait_for_ready: bool,
    /// The most bytes that a peer may send ahead of one call's reading; default 1 MiB.
    ///
    /// Raise it where a single stream must fill a fast and long line: bytes/s × round trip.
    pub stream_window: u32,
    /// The same for all calls of one connection together; default 16 MiB.
    ///
    /// It bounds the memory of unread responses. Streams that nobody reads hold their share of it
    /// from the others.
    pub window: u32,
}

/// What the nodes of a service are spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// gRPC over HTTP/2, the default.
    #[default]
    Grpc,
    /// HTTP/1.1 with JSON, by the rules of the proto.
    Http,
}

/// The section `client.http`: how HTTP is spoken to nodes, with `client.protocol: http`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientHttpSettings {
    /// Whose HTTP it is: `bia` (default), `kratos2` or `kratos3`. See [`Dialect`].
    pub dialect: Dialect,
    /// The most connections to one node, which is also the most calls that it has at one time from
    /// this process; 1 or more, default 64.
    ///
    /// Further calls wait, up to their deadline. Connections that are not used for 30 s are closed.
    pub max_connections_per_node: usize,
}

/// Whose HTTP with JSON is spoken.
///
/// The paths, queries and bodies are the same, and so is what is read: answers and errors by their
/// `Content-Type`. What is sent along differs:
///
/// | | `Content-Type` and `Accept` | `grpc-timeout` |
/// |---|---|---|
/// | `bia` | `application/json` | what is left of the deadline |
/// | `kratos2` | `application/json` | none, it would not be read |
/// | `kratos3` | `application/protojson` | none |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// A service of this framework, the default; right for gateways of others too.
    #[default]
    Bia,
    /// A service of Kratos 2, in Go.
    Kratos2,
    /// A service of Kratos 3, in Go: what it calls `application/json` is not what protobuf calls JSON.
    Kratos3,
}

impl Dialect {
    /// Whether `grpc-timeout` is read by whoever speaks it.
    pub(super) const fn tells_time(self) -> bool {
        matches!(self, Self::Bia)
    }
}

/// The section `client.tls`: whether nodes are spoken to by TLS, and whom to trust.
///
/// With TLS only those instances are called that announce `grpcs`; without, those that announce `grpc`;
/// with `client.protocol: http` it is `https` and `http`.
/// The files are read every 2 s, and connections that are made after they changed go by what is in them
/// then. Files that cannot be used change nothing; the log says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientTlsSettings {
    /// Whether TLS is spoken; default false. It is too, if one of the others is set.
    pub enabled: bool,
    /// A file of certificates, PEM: the only ones that are trusted. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// A file with our own certificate and those above it, PEM, for nodes that ask for one; default
    /// none.
    pub certificate: Option<PathBuf>,
    /// The file with our certificate's private key, PEM.
    pub key: Option<PathBuf>,
    /// Whom a node's certificate must name. Default: the service as it is called (`user-service`), or
    /// the host of an address that was given.
    pub server_name: Option<String>,
}

impl ClientTlsSettings {
    /// Whether TLS is spoken.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.enabled
            || self.ca.is_some()
            || self.certificate.is_some()
            || self.key.is_some()
            || self.server_name.is_some()
    }

    /// Looks at what the types cannot say.
    pub(crate) fn check(&self, section: &str) -> Result<(), Invalid> {
        let wrong =
            |key: &str, what: String| Err(Invalid::new(format!("{section}.tls.{key}"), what));
        match (&self.certificate, &self.key) {
            (Some(_), None) => {
                wrong("key", format!("expected the key of {section}.tls.certificate"))
            }
            (None, Some(_)) => {
                wrong("certificate", format!("expected the one of {section}.tls.key"))
            }
            _ if self.is_on() && cfg!(not(feature = "tls")) => {
                let what = "this program was built without TLS: add the feature \"tls\" to bia in \
                            its Cargo.toml";
                wrong("enabled", what.to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// The section `client.keepalive`: how peers that are gone are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientKeepaliveSettings {
    /// After how long without a frame the peer is pinged, also when there is no call; default 30 s.
    ///
    /// `0s` switches it off. A peer that finds this too often says so (`too_many_pings`), as gRPC
    /// servers in Go do unless they are told otherwise: the interval is doubled for its node then, each
    /// time.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// How long the peer may take to answer; default 10 s. `TCP_USER_TIMEOUT` is set to it too.
    #[serde(with = "duration")]
    pub timeout: Duration,
}

/// The section `client.backoff`: how long a node that could not be reached is left alone.
///
/// Twice as long after each failure, with jitter. See [`Backoff`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffSettings {
    /// After the first failure; default 100 ms.
    #[serde(with = "duration")]
    pub first: Duration,
    /// The longest; default 5 s. A node that the registry tells anew is tried at once.
    #[serde(with = "duration")]
    pub max: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            protocol: Protocol::default(),
            http: ClientHttpSettings::default(),
            balancer: BalancerKind::default(),
            connect_timeout: Duration::from_secs(5),
            handover: Duration::from_millis(500),
            tls: ClientTlsSettings::default(),
            keepalive: ClientKeepaliveSettings::default(),
            backoff: BackoffSettings::default(),
            max_connections_per_node: 4,
            streams_per_connection: 100,
            health_check: true,
            max_message_size: wire::DEFAULT_MAX_MESSAGE,
            max_send_message_size: None,
            compress: Encoding::Identity,
            wait_for_ready: false,
            stream_window: 1 << 20,
            window: 16 << 20,
        }
    }
}

impl Default for ClientHttpSettings {
    fn default() -> Self {
        Self { dialect: Dialect::default(), max_connections_per_node: 64 }
    }
}

impl Default for ClientKeepaliveSettings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) }
    }
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), max: Duration::from_secs(5) }
    }
}

impl BackoffSettings {
    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.first, self.max)
    }
}

/// What one call goes by. It is taken once, when the call is planned: by this its message is written,
/// and by this its headers say how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) timeout: Option<Duration>,
    pub(super) compress: Encoding,
    pub(super) max_send: usize,
    pub(super) max_receive: usize,
    pub(super) dialect: Dialect,
}

impl ClientSettings {
    pub(super) fn terms(&self) -> Terms {
        Terms {
            timeout: (!self.timeout.is_zero()).then_some(self.timeout),
            compress: self.compress,
            max_send: self.max_send_message_size.unwrap_or(usize::MAX),
            max_receive: self.max_message_size,
            dialect: self.http.dialect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_documented() {
        let settings: ClientSettings = serde_json::from_str(
            r#"{"timeout": "1s", "balancer": "round_robin", "keepalive": {"interval": "5s"},
                "backoff": {"max": "1s"}, "health_check": false}"#,
        )
        .unwrap();
        let expected = ClientSettings {
            timeout: Duration::from_secs(1),
            balancer: BalancerKind::RoundRobin,
            keepalive: ClientKeepaliveSettings {
                interval: Duration::from_secs(5),
                ..ClientKeepaliveSettings::default()
            },
            backoff: BackoffSettings { max: Duration::from_secs(1), ..BackoffSettings::default() },
            health_check: false,
            ..ClientSettings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn a_misspelt_setting_is_refused_and_what_is_written_is_read() {
        let error = serde_json::from_str::<ClientSettings>(r#"{"timeuot": "1s"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `timeuot`"), "{error}");
        let text = serde_json::to_string(&ClientSettings::default()).unwrap();
        assert_eq!(
            serde_json::from_str::<ClientSettings>(&text).unwrap(),
            ClientSettings::default()
        );
    }
}
