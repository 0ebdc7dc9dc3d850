//! What a look into the registries shows.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bia::registry::{Endpoint, Listed};
use serde::Serialize;
use serde_json::{Value, json};

/// Who is there, all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) registries: Vec<Place>,
    /// In the order of their services and addresses.
    pub(super) instances: Vec<Seat>,
}

/// A registry that was looked into.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// As it describes itself.
    pub(super) registry: String,
    /// Why it cannot be asked; its instances are those of before.
    pub(super) error: Option<String>,
}

/// An instance in the registry.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seat {
    /// Which of several registries it is in: as that describes itself, and in few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) registry: Option<String>,
    #[serde(skip)]
    pub(super) label: Option<String>,
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

impl Seat {
    pub(super) fn new(listed: Listed) -> Self {
        let Listed { instance, fault, .. } = listed;
        let started = started(&instance.id);
        Self {
            registry: None,
            label: None,
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
    pub(super) fn grpc(&self) -> Option<String> {
        self.endpoints.iter().find(|at| at.scheme() == "grpc").map(Endpoint::authority)
    }

    pub(super) fn key(&self) -> (&str, String, &str) {
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
        let mut document = match self.registries.as_slice() {
            [one] => one.document(),
            several => {
                json!({"registries": several.iter().map(Place::document).collect::<Vec<_>>()})
            }
        };
        document["instances"] = json!(self.instances);
        document
    }
}

impl Place {
    fn document(&self) -> Value {
        let mut document = json!({"registry": self.registry});
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
