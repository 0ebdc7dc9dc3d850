use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use tokio::sync::watch;

use crate::error::Error;

use super::source::{Document, Snapshot, Source};

/// Settings that a program sets itself: for tests of what happens when settings change.
///
/// Cloning is cheap; all clones have the same documents.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bia::Exit> {
/// let memory = bia::config::MemorySource::new();
/// memory.set("centre.yaml", "server: {timeout: 1s}");
/// let config = bia::config::<()>().for_test("").source(memory.clone()).await?;
/// assert_eq!(config.settings().server.timeout.as_secs(), 1);
///
/// let _reloading = config.reloading();
/// let mut timeout = config.watch_settings(|settings| settings.server.timeout);
/// memory.set("centre.yaml", "server: {timeout: 2s}");
/// assert_eq!(timeout.changed().await.as_secs(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemorySource {
    shared: Arc<Shared>,
    /// How many changes the last load of this one has seen.
    seen: Mutex<u64>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How often it was changed.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    documents: Vec<Document>,
    failure: Option<String>,
}

impl MemorySource {
    /// One without documents.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { state: Mutex::default(), changes: watch::Sender::new(0) };
        Self { shared: Arc::new(shared), seen: Mutex::default() }
    }

    /// Replaces the document of this name, or adds it behind the others.
    pub fn set(&self, name: &str, text: impl Into<Bytes>) {
        let document = Document::new(name, text);
        self.change(|state| match state.documents.iter_mut().find(|it| it.name == name) {
            Some(there) => *there = document,
            None => state.documents.push(document),
        });
    }

    /// Takes the document of this name away.
    pub fn remove(&self, name: &str) {
        self.change(|state| state.documents.retain(|it| it.name != name));
    }

    /// Lets every load fail with this message, or none any more.
    pub fn fail(&self, failure: Option<&str>) {
        self.change(|state| state.failure = failure.map(str::to_owned));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.shared.state));
        self.shared.changes.send_modify(|changes| *changes += 1);
    }
}

impl Clone for MemorySource {
    fn clone(&self) -> Self {
        // Who has loaded nothing yet has seen nothing: two that watch do not take each other's news.
        Self { shared: Arc::clone(&self.shared), seen: Mutex::default() }
    }
}

impl Default for MemorySource {
    fn default() -> Self {
        Self::new()
    }
}

impl Source for MemorySource {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        Box::pin(async {
            *lock(&self.seen) = *self.shared.changes.borrow();
            let state = lock(&self.shared.state);
            match &state.failure {
                Some(failure) => Err(Error::unavailable("SOURCE_UNAVAILABLE", failure.clone())),
                None => Ok(Snapshot::of(state.documents.clone())),
            }
        })
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let seen = *lock(&self.seen);
            let mut changes = self.shared.changes.subscribe();
            // The sender is held here, so that there is always one.
            let now = changes.wait_for(|changes| *changes != seen).await.map_or(seen, |now| *now);
            *lock(&self.seen) = now;
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
