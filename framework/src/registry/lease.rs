use std::fmt;
use std::pin::Pin;
use std::time::SystemTime;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

use super::Instance;

/// An instance's place in the registry while it lives.
///
/// A backend makes one with [`Lease::spawn`]: the lease owns the task that renews it. Releasing the
/// lease deregisters and waits for it; dropping it only stops renewing, so that the registry forgets
/// the instance when its time is up.
pub struct Lease {
    instance: Instance,
    state: watch::Receiver<LeaseState>,
    release: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<()>>>,
}

/// How a lease stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeaseState {
    /// Whether the registry is known to hold the instance.
    pub held: bool,
    /// When it was last renewed.
    pub renewed_at: Option<SystemTime>,
    /// How often the instance had to be registered anew because the registry had forgotten it.
    pub registered_again: u64,
    /// Why it is not held, or why the last renewal failed.
    pub error: Option<String>,
}

impl LeaseState {
    /// The state of a lease that the registry has just taken.
    #[must_use]
    pub fn held_now() -> Self {
        Self { held: true, renewed_at: Some(SystemTime::now()), registered_again: 0, error: None }
    }
}

/// What a lease's task is given: where it tells how the lease stands, and when it is to let go.
#[derive(Debug)]
pub struct LeaseTask {
    state: watch::Sender<LeaseState>,
    released: Pin<Box<oneshot::Receiver<()>>>,
}

impl LeaseTask {
    /// Changes what the lease says of itself.
    pub fn update(&self, change: impl FnOnce(&mut LeaseState)) {
        self.state.send_modify(change);
    }

    /// Resolves when the lease is released. Cancel-safe; once resolved it must not be asked again.
    pub async fn released(&mut self) {
        // A dropped lease aborts this task, so the sender is only ever used, never lost.
        if self.released.as_mut().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Lease {
    /// Makes the lease of an instance that the registry has taken, kept by a task.
    ///
    /// `keep` renews until [`LeaseTask::released`] resolves, then deregisters and returns how that
    /// went. It is aborted when the lease is dropped.
    pub fn spawn<F, Fut>(instance: Instance, keep: F) -> Self
    where
        F: FnOnce(LeaseTask) -> Fut,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let (state, watcher) = watch::channel(LeaseState::held_now());
        let (release, released) = oneshot::channel();
        let task = tokio::spawn(keep(LeaseTask { state, released: Box::pin(released) }));
        Self { instance, state: watcher, release: Some(release), task: Some(task) }
    }

    /// The instance that is announced.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// How the lease stands, now and after each change.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LeaseState> {
        self.state.clone()
    }

    /// Deregisters and waits until the registry has done so.
    ///
    /// Bound the wait from outside: dropping this future gives up renewing as dropping the lease does.
    ///
    /// # Errors
    ///
    /// If the registry could not be told; it forgets the instance when its time is up.
    pub async fn release(mut self) -> Result<()> {
        if let Some(release) = self.release.take() {
            // The task may have ended before: then there is nobody to tell.
            release.send(()).ok();
        }
        match self.task.as_mut() {
            Some(task) => task.await.map_err(Error::from_source)?,
            None => Ok(()),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("instance", &self.instance.id)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}
