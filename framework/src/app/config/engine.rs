//! Makes settings of what the sources say, and puts them in force whole or not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::config::rollout::Stage;
use crate::config::{Hot, Invalid, Snapshot, Source, Variables};

use super::State;
use super::candidate::{Candidate, Check};
use super::layers::Layers;
use super::ledger::{Ledger, SourceState};

/// What reloading needs to know of settings whose type it does not know.
pub(crate) trait Reload: Send + Sync {
    fn sources(&self) -> &[Box<dyn Source>];

    /// See [`super::ConfigSettings::debounce`].
    fn debounce(&self) -> Duration;

    /// Takes what was loaded of some sources, by their number: all of it, or as much as is right.
    ///
    /// Runs checks of the program, which may take their time.
    fn offer(&self, loaded: Vec<(usize, Result<Snapshot, String>)>);

    /// Whose turn it is to reload: two that did so at one time would both be right and disagree.
    fn turn(&self) -> &tokio::sync::Mutex<()>;
}

pub(super) struct Engine<T> {
    layers: Layers,
    checks: Vec<Check<T>>,
    hot: Arc<Hot<State<T>>>,
    ledger: Arc<Ledger>,
    held: Mutex<Vec<Held>>,
    turn: tokio::sync::Mutex<()>,
}

/// What is known of a source.
#[derive(Default)]
struct Held {
    /// What is in force.
    snapshot: Snapshot,
    /// What it has said since and is not in force: it was refused, and may be right with another
    /// source's next change.
    refused: Option<Snapshot>,
    /// Why that was refused.
    refusal: Option<String>,
    /// Why it could not be loaded.
    failure: Option<String>,
}

impl Held {
    /// Nothing is waited for with it.
    fn settle(&mut self) {
        (self.refused, self.refusal, self.failure) = (None, None, None);
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Engine<T> {
    /// Makes the first settings of what the sources said at the start.
    pub(super) fn start(
        layers: Layers,
        snapshots: Vec<Snapshot>,
        checks: Vec<Check<T>>,
    ) -> Result<Self, Invalid> {
        let candidate = Candidate::of(&layers, &snapshots, &checks)?;
        let held: Vec<_> =
            snapshots.into_iter().map(|snapshot| Held { snapshot, ..Held::default() }).collect();
        let states = states(&layers, &held);
        let Candidate { own, settings, view } = candidate;
        let ledger = Arc::new(Ledger::new(Arc::clone(&settings), view, states));
        let hot = Arc::new(Hot::new(State { own, settings }));
        let (held, turn) = (Mutex::new(held), tokio::sync::Mutex::default());
        Ok(Self { layers, checks, hot, ledger, held, turn })
    }

    pub(super) fn hot(&self) -> Arc<Hot<State<T>>> {
        Arc::clone(&self.hot)
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.ledger)
    }

    pub(super) fn variables(&self) -> Arc<Variables> {
        Arc::clone(&self.layers.variables)
    }

    pub(super) fn stage(&self) -> Stage {
        self.layers.stage.clone()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what the sources of these numbers have said anew in force, beside what the others have.
    fn take(&self, held: &mut [Held], chosen: &[usize]) -> Result<(), Invalid> {
        let now = held.iter().enumerate().map(|(index, held)| match &held.refused {
            Some(refused) if chosen.contains(&index) => refused,
            _ => &held.snapshot,
        });
        let Candidate { own, settings, view } = Candidate::of(&self.layers, now, &self.checks)?;
        let mut sources = Vec::new();
        for &index in chosen {
            let (Some(held), Some(source)) = (held.get_mut(index), self.layers.sources.get(index))
            else {
                continue;
            };
            if let Some(taken) = held.refused.take() {
                held.settle();
                sources.push((source.name(), taken.revision.clone()));
                held.snapshot = taken;
            }
        }
        let changes = self.ledger.view(|old| view.flat.changes_since(&old.flat));
        if changes.is_empty() {
            // Another comment, another order, another file that says the same.
            self.ledger.set_view(view);
            return Ok(());
        }
        self.hot.set(Arc::new(State { own, settings: Arc::clone(&settings) }));
        self.ledger.settings.send_if_modified(|there| {
            let is_other = *there != settings;
            *there = settings;
            is_other
        });
        // Last: who is told of a revision finds it in force everywhere.
        self.ledger.accept(view, changes, sources);
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Reload for Engine<T> {
    fn sources(&self) -> &[Box<dyn Source>] {
        &self.layers.sources
    }

    fn debounce(&self) -> Duration {
        self.ledger.settings.borrow().config.debounce
    }

    fn offer(&self, loaded: Vec<(usize, Result<Snapshot, String>)>) {
        let mut held = self.held();
        let mut fresh = Vec::new();
        for (index, outcome) in loaded {
            let (Some(held), Some(source)) = (held.get_mut(index), self.layers.sources.get(index))
            else {
                continue;
            };
            let failure = match outcome {
                Err(error) => error,
                Ok(snapshot) if snapshot.documents == held.snapshot.documents => {
                    // It may have been changed and changed back.
                    held.settle();
                    held.snapshot = snapshot;
                    continue;
                }
                Ok(snapshot) if !snapshot.documents.is_empty() => {
                    held.settle();
                    held.refused = Some(snapshot);
                    fresh.push(index);
                    continue;
                }
                Ok(_) => {
                    held.settle();
                    "has no documents any more: one that sets nothing would say that this is meant"
                        .to_owned()
                }
            };
            let failure = format!("{}: {failure}", source.name());
            self.ledger.refuse(&failure);
            held.failure = Some(failure);
        }
        let all = waiting(&held);
        // First with what was refused before: it may be right now.
        let outcome = match self.take(&mut held, &all) {
            Err(_) if fresh.len() < all.len() && !fresh.is_empty() => self.take(&mut held, &fresh),
            outcome => outcome,
        };
        if let Err(invalid) = outcome {
            let reason = invalid.to_string();
            self.ledger.refuse(&reason);
            for index in fresh {
                if let Some(held) = held.get_mut(index) {
                    held.refusal = Some(reason.clone());
                }
            }
        } else if held.iter().all(|held| held.failure.is_none() && held.refused.is_none()) {
            self.ledger.settle();
        }
        let states = states(&self.layers, &held);
        drop(held);
        self.ledger.set_sources(states);
    }

    fn turn(&self) -> &tokio::sync::Mutex<()> {
        &self.turn
    }
}

/// The numbers of the sources that have said what is not in force.
fn waiting(held: &[Held]) -> Vec<usize> {
    let waiting = held.iter().enumerate().filter(|(_, held)| held.refused.is_some());
    waiting.map(|(index, _)| index).collect()
}

fn states(layers: &Layers, held: &[Held]) -> Vec<SourceState> {
    let both = layers.sources.iter().zip(held);
    let states = both.map(|(source, held)| SourceState {
        name: source.name(),
        revision: held.snapshot.revision.clone(),
        documents: held.snapshot.documents.iter().map(|it| it.name.clone()).collect(),
        error: held.failure.clone().or_else(|| held.refusal.clone()),
    });
    states.collect()
}
