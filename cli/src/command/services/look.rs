//! One look into the registry.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bia::registry::{Endpoint, Listed};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Result;
use crate::remote::Registry;

use super::probe::Probes;

/// Who is there, all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// The registry, as it describes itself.
    pub(super) registry: String,
    /// In the order of their services and addresses.
    pub(super) instances: Vec<Seat>,
    /// Why it cannot be asked any more; the instances are those of before.
    pub(super) error: Option<String>,
}

/// An instance in the registry.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seat {
    pub(super) service: String,
    pub(super) instance: String,
    pub(super) version: String,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) zone: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) health: Health,
    /// What is wrong with it.
    pub(super) note: Option<String>,
    /// When it was started, if its id tells.
    pub(super) started_at: Option<String>,
    #[serde(skip)]
    pub(super) started: Option<SystemTime>,
}

/// How an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// It says that it serves.
    Serving,
    /// It says that it does not.
    NotServing,
    /// It does not answer.
    Unreachable,
    /// It has not answered yet.
    Connecting,
    /// The registry tells callers not to call it.
    Failing,
    /// It was not asked: it speaks no gRPC, or only over TLS, or nobody was to be.
    Registered,
}

impl Health {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::NotServing => "not serving",
            Self::Unreachable => "unreachable",
            Self::Connecting => "connecting",
            Self::Failing => "failing",
            Self::Registered => "registered",
        }
    }
}

/// Looks again and again.
#[derive(Debug)]
pub(super) struct Looker {
    registry: Registry,
    names: Vec<String>,
    probes: Option<Probes>,
}

impl Looker {
    /// Of these services, or of all if there are none.
    pub(super) fn new(registry: Registry, names: Vec<String>, asks_health: bool) -> Self {
        Self { registry, names, probes: asks_health.then(Probes::default) }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Who is there now.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked.
    pub(super) async fn look(&mut self) -> Result<Seen> {
        let names = match self.names.as_slice() {
            [] => self.registry.services().await?,
            names => names.to_vec(),
        };
        let mut instances = Vec::new();
        for name in &names {
            instances.extend(self.registry.list(name).await?.into_iter().map(Seat::new));
        }
        instances.sort_by(|a, b| a.key().cmp(&b.key()));
        if let Some(probes) = &mut self.probes {
            let asked = instances.iter().filter(|seat| seat.health != Health::Failing);
            probes.follow(asked.filter_map(Seat::grpc)).await;
            for seat in &mut instances {
                if let Some((health, note)) = seat.grpc().and_then(|at| probes.of(&at)) {
                    seat.health = health;
                    seat.note = note;
                }
            }
        }
        Ok(Seen { registry: self.registry.describe(), instances, error: None })
    }
}

impl Seat {
    pub(super) fn new(listed: Listed) -> Self {
        let Listed { instance, fault, .. } = listed;
        let started = started(&instance.id);
        Self {
            zone: instance.metadata.get("zone").cloned(),
            health: if fault.is_some() { Health::Failing } else { Health::Registered },
            note: fault,
            started_at: started.map(|at| bia::prost_types::Timestamp::from(at).to_string()),
            started,
            service: instance.name,
            instance: instance.id,
            version: instance.version,
            endpoints: instance.endpoints,
            metadata: instance.metadata,
        }
    }

    /// Where it can be asked for its health, `host:port`.
    fn grpc(&self) -> Option<String> {
        self.endpoints.iter().find(|at| at.scheme() == "grpc").map(Endpoint::authority)
    }

    fn key(&self) -> (&str, String, &str) {
        (&self.service, self.address(), &self.instance)
    }

    /// Where it is, as it can be called.
    pub(super) fn address(&self) -> String {
        let first = || self.endpoints.first().map(ToString::to_string);
        self.grpc().or_else(first).unwrap_or_else(|| "–".to_owned())
    }
}

impl Seen {
    pub(super) fn has(&self, service: &str) -> bool {
        self.instances.iter().any(|seat| seat.service == service)
    }

    /// For a program.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({"registry": self.registry, "instances": self.instances});
        if let Some(error) = &self.error {
            document["error"] = error.as_str().into();
        }
        document
    }
}

/// When an instance was started: by default its id is a UUID of version 7, which begins with the
/// milliseconds since 1970 (RFC 9562, 5.7).
fn started(id: &str) -> Option<SystemTime> {
    let is_v7 = id.len() == 36 && id.as_bytes().get(14) == Some(&b'7');
    let digits: String = id.chars().take(13).filter(|c| *c != '-').collect();
    let millis = u64::from_str_radix(&digits, 16).ok().filter(|_| is_v7)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
