//! Servers that start and stop together.

use std::collections::HashMap;

use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};
use crate::server::{Server, Stop};
use crate::telemetry::millis;

#[derive(Default)]
pub(super) struct Servers {
    stop: Stop,
    tasks: JoinSet<Result<()>>,
    names: HashMap<Id, String>,
}

impl Servers {
    /// What tells them to stop.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn start(&mut self, server: Box<dyn Server>) {
        let name = server.name().to_owned();
        let task = self.tasks.spawn(server.serve(self.stop.clone()));
        self.names.insert(task.id(), name);
    }

    /// The next one that ends, by name, and how; `None` if there is none left. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<(String, Result<()>)> {
        let (id, outcome) = match self.tasks.join_next_with_id().await? {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => {
                let panicked = Error::internal("SERVER_PANICKED", "it panicked");
                (error.id(), Err(panicked.with_source(error)))
            }
        };
        let server = self.names.remove(&id).unwrap_or_default();
        let outcome = outcome.map_err(|error| {
            Error::internal("SERVER_FAILED", format!("server {server} failed")).with_source(error)
        });
        Some((server, outcome))
    }

    /// Asks them to stop and waits: until `cut` for what is in flight, until `end` for what is then
    /// given up. What has not ended by then is aborted.
    ///
    /// # Errors
    ///
    /// The first failure of a server.
    pub(super) async fn finish(&mut self, cut: Instant, end: Instant) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        self.stop.begin();
        let mut outcome = Ok(());
        if self.all_by(cut, &mut outcome).await {
            return outcome;
        }
        let servers = self.left();
        tracing::warn!(
            phase = "cut",
            after_ms = millis(begun.elapsed()),
            servers,
            "the time is up: cutting what is left"
        );
        self.stop.cut();
        if !self.all_by(end, &mut outcome).await {
            let servers = self.left();
            tracing::error!(phase = "abort", servers, "aborted: they did not heed being cut");
        }
        self.tasks.shutdown().await;
        outcome
    }

    /// Whether every server has ended by `until`.
    async fn all_by(&mut self, until: Instant, outcome: &mut Result<()>) -> bool {
        let all = async {
            while let Some((server, one)) = self.next().await {
                if let Err(error) = one {
                    tracing::error!(server, error = &error as &dyn std::error::Error, "failed");
                    if outcome.is_ok() {
                        *outcome = Err(error);
                    }
                }
            }
        };
        timeout_at(until, all).await.is_ok()
    }

    fn left(&self) -> String {
        self.names.values().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
