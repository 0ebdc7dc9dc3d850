//! Looks into the registries, again and again, each as often as it is fit for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::remote::Registry;

use super::look::{Health, Place, Seat, Seen};
use super::probe::Probes;

/// How often the folder of the local registry is read.
const LOCAL: Duration = Duration::from_millis(250);
/// How often a registry that is a service of its own is asked, for each of the services in it.
const FAR: Duration = Duration::from_secs(1);

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
