//! Keeps the instance in the registry from the moment it can serve until it is to be forgotten.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::algo::Backoff;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::registry::{Instance, Lease, LeaseState, Registrar};
use crate::telemetry::millis;

use super::live::Latest;

/// How long to wait after the first failure, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How we stand with the registry.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    /// The registry, as it describes itself; none if there is none.
    pub(super) registry: Option<String>,
    /// What we announce; none before there is something.
    pub(super) instance: Option<Instance>,
    /// The lease, once the registry has taken the instance.
    pub(super) lease: Option<LeaseState>,
    /// How often in a row registering has failed, and why the last time.
    pub(super) failures: u32,
    pub(super) error: Option<String>,
}

impl Announced {
    pub(super) fn nothing() -> Self {
        Self { registry: None, instance: None, lease: None, failures: 0, error: None }
    }

    /// Whether the first attempt to register is over, whatever became of it.
    pub(super) fn is_tried(&self) -> bool {
        self.lease.is_some() || self.failures > 0
    }

    /// Whether the registry holds the instance.
    pub(super) fn is_held(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.held)
    }
}

/// Says whether the app is ready, until it is shut: then it is not, whoever says so.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    health: Health,
    open: Arc<Mutex<bool>>,
}

impl Gate {
    pub(super) fn new(health: Health) -> Self {
        Self { health, open: Arc::new(Mutex::new(true)) }
    }

    pub(super) fn set_ready(&self, ready: bool) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open {
            self.health.set_ready(ready);
        }
    }

    /// Not ready any more, for good. Says whether it was.
    pub(super) fn shut(&self) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = false;
        let was = self.health.statuses().is_ready();
        self.health.set_ready(false);
        was
    }
}

/// Owns the task that registers, registers again, and at last deregisters.
#[derive(Debug)]
pub(super) struct Announcer {
    release: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<()>>,
}

impl Announcer {
    /// Begins to announce. `gate` is what depends on the registry, if anything does.
    pub(super) fn begin(
        registrar: Arc<dyn Registrar>,
        instance: Instance,
        settings: Latest,
        state: watch::Sender<Announced>,
        gate: Option<Gate>,
    ) -> Self {
        state.send_modify(|state| {
            state.registry = Some(registrar.describe());
            state.instance = Some(instance.clone());
        });
        let (release, released) = oneshot::channel();
        let work = Work { registrar, instance, settings, state, gate };
        Self { release: Some(release), task: tokio::spawn(work.run(released)) }
    }

    /// Leaves the registry and waits until that is done, or cannot be.
    pub(super) async fn release(mut self, limit: Duration) -> Result<()> {
        if let Some(release) = self.release.take() {
            // The task ends only when it is told, so somebody listens.
            release.send(()).ok();
        }
        match timeout(limit, &mut self.task).await {
            Ok(outcome) => outcome.map_err(Error::from_source)?,
            Err(_elapsed) => Err(Error::deadline_exceeded(
                "DEREGISTER_SLOW",
                format!(
                    "the registry did not answer within {limit:?}: it forgets us when the lease ends"
                ),
            )),
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    registrar: Arc<dyn Registrar>,
    instance: Instance,
    settings: Latest,
    state: watch::Sender<Announced>,
    gate: Option<Gate>,
}

impl Work {
    async fn run(self, mut released: oneshot::Receiver<()>) -> Result<()> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut away: Option<Instant> = None;
        loop {
            // Not given up half-way when released: the registry may have taken us already.
            let error = match self.register().await {
                Ok(lease) => {
                    let after = away.take().map(|since| since.elapsed());
                    tracing::info!(
                        registry = self.registrar.describe(),
                        id = self.instance.id,
                        endpoints = ?self.instance.endpoints,
                        after_failing_for_ms = after.map(millis),
                        "registered"
                    );
                    let begun = Instant::now();
                    tokio::select! {
                        _ = &mut released => return self.let_go(lease).await,
                        () = self.follow(&lease) => {}
                    }
                    if begun.elapsed() > LONGEST_PAUSE {
                        backoff.reset();
                    }
                    Error::unavailable("LEASE_ENDED", "the lease ended by itself")
                }
                Err(error) => error,
            };
            away.get_or_insert_with(Instant::now);
            let pause = backoff.next_delay(fastrand::f64());
            let failures = backoff.failures();
            self.update(|state| {
                state.lease = None;
                state.failures = failures;
                state.error = Some(error.to_string());
            });
            tracing::warn!(
                registry = self.registrar.describe(),
                failures,
                next_in_ms = millis(pause),
                error = &error as &dyn std::error::Error,
                "not registered: serving goes on, and so does trying"
            );
            tokio::select! {
                _ = &mut released => return Ok(()),
                () = sleep(pause) => {}
            }
        }
    }

    async fn register(&self) -> Result<Lease> {
        let attempt = self.registrar.register(self.instance.clone());
        let limit = self.settings.get().registry.timeout;
        timeout(limit, attempt).await.unwrap_or_else(|_elapsed| {
            Err(Error::deadline_exceeded(
                "REGISTER_SLOW",
                format!("the registry did not answer within registry.timeout, {limit:?}"),
            ))
        })
    }

    /// Tells how the lease stands for as long as it is kept.
    async fn follow(&self, lease: &Lease) {
        let mut states = lease.state();
        let mut held = true;
        loop {
            let state = states.borrow_and_update().clone();
            if state.held != held {
                held = state.held;
                let id = &self.instance.id;
                let error = state.error.as_deref();
                if held {
                    tracing::info!(id, "the registry holds us again");
                } else {
                    tracing::warn!(
                        id,
                        error,
                        "the registry does not hold us any more: serving goes on"
                    );
                }
            }
            self.update(|announced| {
                announced.failures = 0;
                announced.error.clone_from(&state.error);
                announced.lease = Some(state);
            });
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    async fn let_go(&self, lease: Lease) -> Result<()> {
        let outcome = lease.release().await;
        self.update(|state| {
            state.lease = None;
            state.error = outcome.as_ref().err().map(ToString::to_string);
        });
        outcome
    }

    fn update(&self, change: impl FnOnce(&mut Announced)) {
        let mut held = false;
        self.state.send_modify(|state| {
            change(state);
            held = state.is_held();
        });
        if let Some(gate) = &self.gate {
            gate.set_ready(held);
        }
    }
}
