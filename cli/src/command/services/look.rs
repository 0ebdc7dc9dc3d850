//! One look into the registries.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bia::registry::{Endpoint, Listed};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::remote::Registry;

use super::probe::Probes;

/// How often the folder of the local registry is read.
const LOCAL: Duration = Duration::from_millis(250);
/// How often a registry that is a service of its own is asked, for each of the services in it.
const FAR: Duration = Duration::from_secs(1);

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

/// Looks again and again.
#[derive(Debug)]
pub(super) struct Looker {
    sources: Vec<Source>,
    names: Vec<String>,
    probes: Option<Probes>,
}

/// A registry, and what it said last.
#[derive(Debug)]
struct Source {
    registry: Registry,
    /// When it is to be asked again.
    due: Instant,
    seats: Vec<Seat>,
    fault: Option<Error>,
    has_answered: bool,
}

impl Source {
    fn every(&self) -> Duration {
        match self.registry {
            Registry::Local(_) => LOCAL,
            Registry::Consul(_) => FAR,
        }
    }

    async fn look(&mut self, names: &[String]) {
        match seats(&self.registry, names).await {
            Ok(seats) => {
                (self.seats, self.fault, self.has_answered) = (seats, None, true);
            }
            Err(error) => self.fault = Some(error),
        }
        self.due = Instant::now() + self.every();
    }
}

async fn seats(registry: &Registry, names: &[String]) -> Result<Vec<Seat>> {
    let names = match names {
        [] => registry.services().await?,
        names => names.to_vec(),
    };
    let mut seats = Vec::new();
    for name in &names {
        seats.extend(registry.list(name).await?.into_iter().map(Seat::new));
    }
    Ok(seats)
}

impl Looker {
    /// Of these services, or of all if there are none.
    pub(super) fn new(registries: Vec<Registry>, names: Vec<String>, asks_health: bool) -> Self {
        let now = Instant::now();
        let sources = registries.into_iter().map(|registry| Source {
            registry,
            due: now,
            seats: Vec::new(),
            fault: None,
            has_answered: false,
        });
        let sources = sources.collect();
        Self { sources, names, probes: asks_health.then(Probes::default) }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The registries that answered.
    pub(super) fn answering(&self) -> Vec<Registry> {
        let well = self.sources.iter().filter(|it| it.fault.is_none());
        well.map(|it| it.registry.clone()).collect()
    }

    /// Why the others did not.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Error> {
        self.sources.iter().filter_map(|it| it.fault.as_ref())
    }

    /// When the next look shows more than this one.
    pub(super) fn due(&self) -> Instant {
        self.sources.iter().map(|it| it.due).min().unwrap_or_else(Instant::now)
    }

    /// Who is there now. A registry that is not due for it is not asked again.
    ///
    /// # Errors
    ///
    /// No registry has ever answered.
    pub(super) async fn look(&mut self) -> Result<Seen> {
        let now = Instant::now();
        for source in self.sources.iter_mut().filter(|it| it.due <= now) {
            source.look(&self.names).await;
        }
        if self.sources.iter().all(|it| !it.has_answered)
            && let Some(last) = self.sources.iter_mut().filter_map(|it| it.fault.take()).next_back()
        {
            return Err(last);
        }
        let mut instances = self.instances();
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
        let registries = self.sources.iter().map(|it| Place {
            registry: it.registry.describe(),
            error: it.fault.as_ref().map(ToString::to_string),
        });
        Ok(Seen { registries: registries.collect(), instances })
    }

    /// All that the registries said last; of several, with which one said it.
    fn instances(&self) -> Vec<Seat> {
        if let [only] = self.sources.as_slice() {
            return only.seats.clone();
        }
        let labels: Vec<_> = self.sources.iter().map(|it| it.registry.label()).collect();
        let mut all = Vec::new();
        for (source, label) in self.sources.iter().zip(&labels) {
            let whole = source.registry.describe();
            let is_unique = labels.iter().filter(|it| *it == label).count() == 1;
            let label = if is_unique { label } else { &whole };
            all.extend(source.seats.iter().cloned().map(|seat| Seat {
                registry: Some(whole.clone()),
                label: Some(label.clone()),
                ..seat
            }));
        }
        all
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
