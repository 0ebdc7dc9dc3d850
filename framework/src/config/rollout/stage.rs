use std::sync::{Arc, Mutex, PoisonError};

use futures_core::future::BoxFuture;
use tokio::sync::watch;

use crate::config::{Document, Snapshot, Source};
use crate::error::Error;

/// What the document is called that says whether the change is in force here. No file has such a
/// name.
pub(crate) const STAGED: &str = "staged change";

/// Whether this instance has the change: said by who conducts the rollout, read by who merges the
/// layers. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Stage(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    held: watch::Sender<Held>,
    report: Mutex<serde_json::Value>,
}

/// The change that this instance is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its name; empty for none.
    pub(crate) id: String,
    /// Since which step, for people.
    pub(crate) step: String,
}

impl Held {
    /// As the audit calls it: `checkout-2 at 10%`.
    pub(crate) fn revision(&self) -> String {
        match self.id.is_empty() {
            true => "none".to_owned(),
            false => format!("{} at {}", self.id, self.step),
        }
    }
}

impl Stage {
    /// Without a change.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { held: watch::Sender::default(), report: Mutex::default() }))
    }

    /// Has a change put in force, or taken back.
    pub(crate) fn set(&self, held: Held) {
        self.0.held.send_if_modified(|there| {
            let is_other = there.id != held.id;
            if is_other {
                *there = held;
            }
            is_other
        });
    }

    /// What it is to have.
    pub(crate) fn held(&self) -> Held {
        self.0.held.borrow().clone()
    }

    /// Says how the rollout goes, for `/config`.
    pub(crate) fn tell(&self, report: serde_json::Value) {
        *self.0.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// How the rollout goes; null if there is none.
    pub(crate) fn report(&self) -> serde_json::Value {
        self.0.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The source that says so to whoever merges the layers, so that a change is checked, put in force
    /// and written down as every other one.
    pub(crate) fn source(&self) -> StageSource {
        StageSource { stage: self.clone(), seen: Mutex::default() }
    }
}

/// See [`Stage::source`].
#[derive(Debug)]
pub(crate) struct StageSource {
    stage: Stage,
    seen: Mutex<Held>,
}

impl Source for StageSource {
    fn name(&self) -> String {
        "rollout".to_owned()
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        let held = self.stage.held();
        let documents = vec![Document::new(STAGED, held.id.clone())];
        let revision = held.revision();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = held;
        Box::pin(std::future::ready(Ok(Snapshot { documents, revision })))
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut held = self.stage.0.held.subscribe();
            // The sender is held here, so that there is always one.
            let now = held.wait_for(|held| *held != seen).await.map(|held| held.clone());
            if let Ok(now) = now {
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
            }
        })
    }
}
