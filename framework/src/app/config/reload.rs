//! Waits for the sources to change and has what they then say put in force.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::algo::Backoff;
use crate::config::{Snapshot, Source};
use crate::error::Error;

use super::candidate::said;
use super::engine::Reload;

/// How long a source may take to say what it has.
pub(super) const LOAD: Duration = Duration::from_secs(10);

/// How often the debounce a change may be put off by others that follow it.
const LONGEST: u32 = 10;

/// Between attempts to load a source that failed.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Keeps settings as their sources say: without one they stay as they were at the start.
///
/// An app has its own while it runs; a program without an app gets one from
/// [`Config::reloading`](super::Config::reloading). Dropping it ends reloading; what is in force
/// stays. Of two for the same settings the later takes over when the earlier is dropped.
#[derive(Debug)]
#[must_use = "settings are reloaded while it is held"]
pub struct Reloading {
    task: JoinHandle<()>,
}

impl Reloading {
    pub(super) fn start(reload: Arc<dyn Reload>) -> Self {
        Self { task: tokio::spawn(run(reload)) }
    }

    /// Ends it and waits until it has ended. It waits for nothing itself, so this is soon.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // The error is that it was aborted.
        (&mut self.task).await.ok();
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(reload: Arc<dyn Reload>) {
    let _turn = reload.turn().lock().await;
    let sources = reload.sources();
    let mut hints: FuturesUnordered<_> =
        (0..sources.len()).map(|index| hint(sources, index, Duration::ZERO)).collect();
    let mut failing = Failing(vec![None; sources.len()]);
    loop {
        let debounce = reload.debounce();
        let mut changed = BTreeSet::new();
        let mut end = Instant::now() + debounce * LONGEST;
        loop {
            // Until something changes, then until nothing does, or for long enough.
            let quiet = match changed.is_empty() {
                true => failing.next(),
                false => Some((Instant::now() + debounce).min(end)),
            };
            tokio::select! {
                index = next(&mut hints) => {
                    if changed.is_empty() {
                        end = Instant::now() + debounce * LONGEST;
                    }
                    changed.insert(index);
                    // One that tells without end must not keep a processor busy.
                    hints.push(hint(sources, index, debounce / 4));
                }
                () = at(quiet) => break,
            }
        }
        changed.extend(failing.due());
        let loaded = join_all(changed.into_iter().map(|index| load(sources, index))).await;
        loaded.iter().for_each(|(index, outcome)| failing.note(*index, outcome.is_err()));
        let taking = Arc::clone(&reload);
        if spawn_blocking(move || taking.offer(loaded)).await.is_err() {
            // The runtime is being shut down.
            return;
        }
    }
}

/// Resolves to the number of a source when it says that it has changed.
fn hint(sources: &[Box<dyn Source>], index: usize, pause: Duration) -> BoxFuture<'_, usize> {
    Box::pin(async move {
        sleep(pause).await;
        let Some(source) = sources.get(index) else { return std::future::pending().await };
        if let Err(panic) = AssertUnwindSafe(source.changed()).catch_unwind().await {
            let (source, said) = (source.name(), said(panic.as_ref()));
            tracing::error!(target: "bia::config", source, said, "a source panicked: it is loaded now and then");
            sleep(AGAIN.1).await;
        }
        index
    })
}

async fn next(hints: &mut FuturesUnordered<BoxFuture<'_, usize>>) -> usize {
    match hints.next().await {
        Some(index) => index,
        // There are no sources.
        None => std::future::pending().await,
    }
}

async fn at(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn load(sources: &[Box<dyn Source>], index: usize) -> (usize, Result<Snapshot, String>) {
    let outcome = match sources.get(index) {
        Some(source) => load_one(&**source).await.map_err(|error| told(&error)),
        None => Err("is no source".to_owned()),
    };
    (index, outcome)
}

/// Loads a source: in time, or not at all.
pub(super) async fn load_one(source: &dyn Source) -> Result<Snapshot, Error> {
    match timeout(LOAD, AssertUnwindSafe(source.load()).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => {
            let what = format!("it panicked: {}", said(panic.as_ref()));
            Err(Error::internal("SOURCE_PANICKED", what))
        }
        Err(_elapsed) => {
            let what = format!("it did not answer within {LOAD:?}");
            Err(Error::deadline_exceeded("SOURCE_TIMEOUT", what))
        }
    }
}

/// An error with its causes, on one line.
pub(super) fn told(error: &Error) -> String {
    let mut told = error.message().to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told.push_str(": ");
            told.push_str(&text);
        }
        cause = error.source();
    }
    told
}

/// The sources that could not be loaded, and when each is tried again.
struct Failing(Vec<Option<(Backoff, Instant)>>);

impl Failing {
    fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().map(|(_, at)| *at).min()
    }

    fn due(&self) -> Vec<usize> {
        let now = Instant::now();
        let due = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, it)| it.as_ref().is_some_and(|(_, at)| *at <= now));
        due.map(|(index, _)| index).collect()
    }

    fn note(&mut self, index: usize, failed: bool) {
        let Some(there) = self.0.get_mut(index) else { return };
        *there = failed.then(|| {
            let mut backoff =
                there.take().map_or_else(|| Backoff::new(AGAIN.0, AGAIN.1), |it| it.0);
            let wait = backoff.next_delay(fastrand::f64());
            (backoff, Instant::now() + wait)
        });
    }
}
