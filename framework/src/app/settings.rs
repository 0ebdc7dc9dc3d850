//! What can be set about a service that is not its own: every section that the framework reads.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::local::LocalSettings;
use crate::client::ClientSettings;
use crate::config::{RolloutSettings, Secret, Switch, duration};
use crate::rules::OperationSettings;
use crate::telemetry::TelemetrySettings;
use crate::transport::ServerSettings;

use super::config::ConfigSettings;

mod check;

/// The settings of the framework: everything that stands beside the service's own sections.
///
/// `Settings::default()` is what holds when nothing is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// What the service says of itself.
    pub app: AppSettings,
    /// The port that calls come in by.
    pub server: ServerSettings,
    /// The port for operators.
    pub admin: AdminSettings,
    /// Where the service is announced and finds others.
    pub registry: RegistrySettings,
    /// What holds for an operation, by its name: what stands here over its proto.
    pub operations: BTreeMap<String, OperationSettings>,
    /// How others are called.
    pub client: ClientSettings,
    /// How one of them is called, by the name of the service: what stands here over `client`.
    pub clients: BTreeMap<String, ClientSettings>,
    /// What it logs.
    pub telemetry: TelemetrySettings,
    /// How it stops.
    pub stop: StopSettings,
    /// Where settings come from beside files, and how changes are taken.
    pub config: ConfigSettings,
    /// A change on its way to the instances, step by step.
    pub rollout: RolloutSettings,
    /// For whom features of the service are on, by name: `true`, `false`, or a share of all, `10%`.
    ///
    /// Asked for with [`Config::feature`](super::Config::feature). One that is not named is off.
    pub features: BTreeMap<String, Switch>,
}

/// The section `app`: what the service says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AppSettings {
    /// The name in the registry; default: the one in the code.
    ///
    /// Set it to run a second deployment of the same program beside the first.
    pub name: Option<String>,
    /// Tells this copy from all others; default: a UUID of version 7, new at each start.
    ///
    /// Two copies with one id take each other's place in the registry.
    pub id: Option<String>,
    /// What the instance says of itself in the registry: `weight`, `zone`, …; default nothing.
    ///
    /// With `lane` it takes calls of that lane only: those that carry `x-md-global-lane` with its name.
    pub metadata: BTreeMap<String, String>,
}

/// The section `admin`: the port for operators, with health, readiness and what the registry knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AdminSettings {
    /// Where to listen, `host:port`; default `127.0.0.1:8001`, and empty switches it off.
    ///
    /// An orchestrator that probes from outside needs an address that it can reach, `0.0.0.0:8001`;
    /// what is more than health is then still told to loopback only.
    pub address: String,
    /// If it is set, everything but health is told to whoever shows it (`Authorization: Bearer …`),
    /// from wherever, and to nobody else; default: none is needed, from loopback only.
    pub token: Secret,
    /// How long one check may take before it counts as failed; default 1 s.
    ///
    /// Must be shorter than the timeout of whoever probes.
    #[serde(with = "duration")]
    pub check_timeout: Duration,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8001".to_owned(),
            token: Secret::default(),
            check_timeout: Duration::from_secs(1),
        }
    }
}

/// The section `registry`: where the service is announced and finds others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RegistrySettings {
    /// Which registry; default `local`.
    pub kind: RegistryKind,
    /// Whether the service is ready only while the registry holds it; default false.
    ///
    /// A service that can serve is ready without, so that a registry that is away takes nobody down.
    /// Switch it on where a rollout must wait until new instances are found by others.
    pub required: bool,
    /// How long one attempt to register or to deregister may take; default 5 s.
    ///
    /// After a failed attempt another one follows, for ever, with a growing pause of up to 10 s.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// The folder of leases of `local`.
    pub local: LocalSettings,
    /// The agent of `consul`.
    #[cfg(feature = "consul")]
    pub consul: crate::backend::consul::ConsulSettings,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            kind: RegistryKind::default(),
            required: false,
            timeout: Duration::from_secs(5),
            local: LocalSettings::default(),
            #[cfg(feature = "consul")]
            consul: crate::backend::consul::ConsulSettings::default(),
        }
    }
}

/// Which registry a service uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegistryKind {
    /// A folder on this machine: its processes find each other, nothing else is needed.
    #[default]
    Local,
    /// Consul, in the format of Kratos. Needs the feature `consul` of the crate, which is on by default.
    Consul,
    /// None: the service is not announced, and finds others only by `direct:///host:port`.
    None,
}

impl RegistryKind {
    /// The name as it is written in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Consul => "consul",
            Self::None => "none",
        }
    }
}

/// The section `stop`: how long stopping may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StopSettings {
    /// How long the service goes on serving after it has left the registry, so that callers forget
    /// it; default 3 s.
    ///
    /// Longer than one round of discovery; with Kubernetes' own endpoints, longer than those take.
    #[serde(with = "duration")]
    pub drain_delay: Duration,
    /// How long stopping may take in all, from the signal to the end; default 30 s.
    ///
    /// What is still running then is cut and named in the log. Must be shorter than the patience of
    /// whoever sent the signal (Kubernetes: `terminationGracePeriodSeconds`, 30 s).
    #[serde(with = "duration")]
    pub timeout: Duration,
}

impl Default for StopSettings {
    fn default() -> Self {
        Self { drain_delay: Duration::from_secs(3), timeout: Duration::from_secs(30) }
    }
}

impl Settings {
    /// The names of the sections: what a service's own settings cannot be called.
    pub const SECTIONS: [&'static str; 12] = [
        "app",
        "server",
        "admin",
        "registry",
        "operations",
        "client",
        "clients",
        "telemetry",
        "stop",
        "config",
        "rollout",
        "features",
    ];

    /// How a service is called: the section `clients` of its name, else `client`.
    ///
    /// A variable can write no dash: `BIA_CLIENTS__ORDER_SERVICE__TIMEOUT` is for `order-service` too.
    #[must_use]
    pub fn client_of(&self, service: &str) -> &ClientSettings {
        let own = self.clients.get(service).or_else(|| {
            let same = |name: &&String| name.replace('-', "_") == service.replace('-', "_");
            self.clients.keys().find(same).and_then(|name| self.clients.get(name))
        });
        own.unwrap_or(&self.client)
    }

    /// The switch of a feature; a variable can write no dash here either.
    pub(super) fn switch(&self, feature: &str) -> Switch {
        let own = self.features.get(feature).or_else(|| {
            let same = |name: &&String| name.replace('-', "_") == feature.replace('-', "_");
            self.features.keys().find(same).and_then(|name| self.features.get(name))
        });
        own.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::app::Config;

    #[test]
    fn what_could_serve_nobody_is_refused_before_anything_starts() {
        let table = [
            ("server: { address: nonsense }", "server.address", "found \"nonsense\""),
            ("server: { address: '1.2.3.4:99999' }", "server.address", "expected host:port"),
            ("admin: { address: localhost }", "admin.address", "found \"localhost\""),
            ("server: { max_message_size: 0 }", "server.max_message_size", "at least 1"),
            ("server: { connection: { max: 0 } }", "server.connection.max", "at least 1"),
            (
                "server: { connection: { max_streams: 0 } }",
                "server.connection.max_streams",
                "found 0",
            ),
            (
                "server: { connection: { stream_window: 4294967295 } }",
                "server.connection.stream_window",
                "expected 1 to 2147483647, found 4294967295",
            ),
            ("client: { window: 0 }", "client.window", "expected 1 to 2147483647, found 0"),
            (
                "clients: { user-service: { max_connections_per_node: 0 } }",
                "clients.user-service.max_connections_per_node",
                "expected at least 1, found 0",
            ),
        ];
        for (yaml, key, expected) in table {
            let error = Config::<()>::for_test(yaml).unwrap_err();
            assert_eq!(error.key(), Some(key), "{error}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn what_can_be_listened_at_is_taken() {
        for address in ["127.0.0.1:0", ":8000", "localhost:8000", "'[::]:8000'"] {
            let yaml = format!("server: {{ address: {address} }}\nadmin: {{ address: {address} }}");
            Config::<()>::for_test(&yaml).unwrap();
        }
        Config::<()>::for_test("admin: { address: '' }").unwrap();
    }
}
