//! What a service does itself when it starts and stops, each step with a limit.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use crate::error::{BoxError, Error, Result};
use crate::telemetry::millis;

/// One step of a service's own.
pub(super) struct Hook {
    name: String,
    limit: Duration,
    run: Box<dyn FnOnce() -> BoxFuture<'static, Result<(), BoxError>> + Send>,
}

/// The steps of a service's own, in the order in which they were given.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    pub(super) before_start: Vec<Hook>,
    pub(super) after_start: Vec<Hook>,
    pub(super) before_stop: Vec<Hook>,
    pub(super) after_stop: Vec<Hook>,
}

impl Hook {
    pub(super) fn new<F, Fut, E>(name: impl Into<String>, limit: Duration, run: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let run = || async move { run().await.map_err(Into::into) }.boxed();
        Self { name: name.into(), limit, run: Box::new(run) }
    }

    /// Runs it, no longer than its own limit and `until`. A panic is a failure.
    async fn run(self, phase: &'static str, until: Option<Instant>) -> Result<()> {
        let Self { name, limit, run } = self;
        let begun = Instant::now();
        let left = until.map_or(limit, |until| limit.min(until - begun));
        let outcome = timeout(left, AssertUnwindSafe(async { run().await }).catch_unwind()).await;
        let failed = |what: String| Error::internal("HOOK_FAILED", what);
        let outcome = match outcome {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(source))) => {
                Err(failed(format!("hook {name} ({phase}) failed")).with_source(source))
            }
            Ok(Err(_panic)) => Err(failed(format!("hook {name} ({phase}) panicked"))),
            Err(_elapsed) => {
                Err(failed(format!("hook {name} ({phase}) did not end within {left:?}")))
            }
        };
        match &outcome {
            Ok(()) => {
                tracing::info!(phase, hook = name, took_ms = millis(begun.elapsed()), "hook ended");
            }
            Err(error) => {
                tracing::error!(
                    phase,
                    hook = name,
                    took_ms = millis(begun.elapsed()),
                    error = error as &dyn std::error::Error,
                    "hook failed"
                );
            }
        }
        outcome
    }
}

/// Runs hooks one after the other up to the first that fails.
pub(super) async fn run_until_failure(phase: &'static str, hooks: Vec<Hook>) -> Result<()> {
    for hook in hooks {
        hook.run(phase, None).await?;
    }
    Ok(())
}

/// Runs every hook, whatever becomes of the others; the first failure is what is told.
pub(super) async fn run_all(phase: &'static str, hooks: Vec<Hook>, until: Instant) -> Result<()> {
    let mut outcome = Ok(());
    for hook in hooks {
        let one = hook.run(phase, Some(until)).await;
        outcome = outcome.and(one);
    }
    outcome
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fine() -> Hook {
        Hook::new("fine", SECOND, || async { Ok::<_, Error>(()) })
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_that_fails_hangs_or_panics_says_which_it_was() {
        let table = [
            (
                Hook::new("migrate", SECOND, || async { Err("no table") }),
                "hook migrate (before_start) failed",
            ),
            (
                Hook::new("wait", SECOND, std::future::pending::<Result<()>>),
                "hook wait (before_start) did not end within 1s",
            ),
            (
                Hook::new("boom", SECOND, || async { panic!("boom") as Result<()> }),
                "hook boom (before_start) panicked",
            ),
        ];
        for (hook, expected) in table {
            let error = run_until_failure("before_start", vec![fine(), hook]).await.unwrap_err();
            assert_eq!(error.message(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn when_stopping_every_hook_has_its_turn_within_what_is_left() {
        let until = Instant::now() + 3 * SECOND;
        let hang = || Hook::new("hang", 2 * SECOND, std::future::pending::<Result<()>>);
        let error = run_all("before_stop", vec![hang(), hang(), fine()], until).await.unwrap_err();
        assert_eq!(error.message(), "hook hang (before_stop) did not end within 2s");
        assert_eq!(Instant::now(), until, "the second had only what the first had left");
    }
}
