//! Whether the app and each of its services can serve, driven by the lifecycle and by checks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{Error, Result};

/// The health of an app. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Health(Arc<Shared>);

struct Shared {
    statuses: watch::Sender<Statuses>,
    checks: Mutex<Vec<Check>>,
}

#[derive(Clone)]
struct Check {
    name: String,
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

/// The state of the app and of each service, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    ready: bool,
    services: BTreeMap<String, bool>,
}

/// How one check went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The check's name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// What it found.
    pub outcome: Result<()>,
}

impl Statuses {
    /// Whether the app as a whole serves.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether a service serves; the empty name is the whole app. `None` for one that is not here.
    #[must_use]
    pub fn serves(&self, service: &str) -> Option<bool> {
        if service.is_empty() {
            return Some(self.ready);
        }
        self.services.get(service).map(|serving| *serving && self.ready)
    }

    /// Every service by name, the whole app under the empty one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        let services =
            self.services.iter().map(|(name, serving)| (name.as_str(), *serving && self.ready));
        std::iter::once(("", self.ready)).chain(services)
    }
}

impl Health {
    /// An app that is not ready and has no services.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            statuses: watch::Sender::new(Statuses::default()),
            checks: Mutex::new(Vec::new()),
        }))
    }

    /// Says whether the app as a whole serves. The lifecycle calls it.
    pub fn set_ready(&self, ready: bool) {
        self.0
            .statuses
            .send_if_modified(|statuses| std::mem::replace(&mut statuses.ready, ready) != ready);
    }

    /// Says whether one service serves; an app that is not ready serves none.
    pub fn set_service(&self, service: &str, serving: bool) {
        self.0.statuses.send_if_modified(|statuses| {
            statuses.services.insert(service.to_owned(), serving) != Some(serving)
        });
    }

    /// The state now.
    #[must_use]
    pub fn statuses(&self) -> Statuses {
        self.0.statuses.borrow().clone()
    }

    /// The state now and after each change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Statuses> {
        self.0.statuses.subscribe()
    }

    /// Adds a check that readiness depends on, replacing one of the same name.
    ///
    /// It runs whenever `/readyz` or `/healthz` is asked, and must be cheap: a ping.
    pub fn add_check<F, Fut>(&self, name: impl Into<String>, run: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let name = name.into();
        let mut checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.retain(|check| check.name != name);
        checks.push(Check { name, run: Arc::new(move || Box::pin(run())) });
    }

    /// Runs every check side by side, each at most `limit` long.
    pub async fn check_all(&self, limit: Duration) -> Vec<Checked> {
        let checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let runs = checks.into_iter().map(|check| async move {
            let begun = Instant::now();
            let outcome = tokio::time::timeout(limit, (check.run)()).await.unwrap_or_else(|_| {
                Err(Error::deadline_exceeded(
                    "CHECK_SLOW",
                    format!("the check did not end within {limit:?}"),
                ))
            });
            Checked { name: check.name, took: begun.elapsed(), outcome }
        });
        futures_util::future::join_all(runs).await
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&*self.0.statuses.borrow()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_is_not_ready_serves_nothing() {
        let health = Health::new();
        health.set_service("a.A", true);
        assert_eq!(health.statuses().serves("a.A"), Some(false));
        health.set_ready(true);
        assert_eq!(health.statuses().serves("a.A"), Some(true));
        assert_eq!(health.statuses().serves(""), Some(true));
        assert_eq!(health.statuses().serves("b.B"), None);
    }

    #[tokio::test]
    async fn a_watcher_hears_of_changes_only() {
        let health = Health::new();
        let mut watch = health.watch();
        health.set_ready(false);
        assert!(!watch.has_changed().unwrap());
        health.set_ready(true);
        assert!(watch.borrow_and_update().is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_is_a_failure_and_holds_up_no_other() {
        let health = Health::new();
        health.add_check("slow", std::future::pending::<Result<()>>);
        health.add_check("quick", || async { Ok(()) });
        let checked = health.check_all(Duration::from_secs(1)).await;
        assert_eq!(checked[0].outcome.as_ref().unwrap_err().reason(), "CHECK_SLOW");
        assert!(checked[1].outcome.is_ok());
    }
}
