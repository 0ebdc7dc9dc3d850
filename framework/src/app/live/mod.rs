//! What of the framework's settings takes effect while the service runs, and what waits for its next start.
//!
//! Settings that were accepted come in by one channel, whole. Whoever needs one now and then asks
//! [`Latest`]; what calls go by on their way stands in cells that a [`Follower`] sets: those of the
//! server and of each channel. [`keys`] says of every setting when a change of it takes effect.

mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::rules::Rules;
use crate::telemetry::Telemetry;
use crate::transport;

use super::channels::Channels;
use super::config::Handle;
use super::settings::Settings;

use self::keys::Waiting;

/// The settings that were accepted last. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Latest(watch::Receiver<Arc<Settings>>);

impl Latest {
    pub(super) fn new(settings: watch::Receiver<Arc<Settings>>) -> Self {
        Self(settings)
    }

    pub(super) fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.0.borrow())
    }
}

/// The settings that were changed and wait for the next start, for those who look inside. Cloning is
/// cheap; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Pending(watch::Sender<Vec<Waiting>>);

impl Pending {
    pub(super) fn none() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }

    /// By key: what is in force, and what will be.
    fn to_json(&self) -> serde_json::Value {
        let waiting = self.0.borrow();
        let all: BTreeMap<_, _> = waiting
            .iter()
            .map(|it| {
                let both = serde_json::json!({"in_force": it.in_force, "next": it.next});
                (it.key.as_str(), both)
            })
            .collect();
        serde_json::json!(all)
    }
}

/// The account of the settings: what was accepted, and of that what waits for the next start.
pub(super) struct Configured {
    pub(super) config: Handle,
    pub(super) pending: Pending,
}

impl Configured {
    /// As JSON, secrets masked.
    pub(super) fn report(&self) -> serde_json::Value {
        let mut report = self.config.report();
        if let Some(report) = report.as_object_mut() {
            report.insert("pending".to_owned(), self.pending.to_json());
        }
        report
    }
}

/// Puts settings in force as they are accepted.
pub(super) struct Follower {
    pub(super) latest: Latest,
    /// With what the service started: what waits for the next start is measured against it.
    pub(super) started: Arc<Settings>,
    pub(super) pending: Pending,
    pub(super) server: Option<transport::InForce>,
    pub(super) rules: crate::config::Live<Rules>,
    pub(super) channels: Channels,
    pub(super) telemetry: Telemetry,
}

impl Follower {
    /// Goes on for as long as settings can change; its owner ends it with the service.
    pub(super) async fn run(mut self) {
        loop {
            let settings = Arc::clone(&self.latest.0.borrow_and_update());
            self.apply(&settings);
            if self.latest.0.changed().await.is_err() {
                return;
            }
        }
    }

    fn apply(&self, settings: &Settings) {
        if let Some(server) = &self.server {
            server.set(settings.server.clone());
        }
        self.rules.set(Rules::new(&settings.operations));
        self.channels.set_settings(settings);
        if let Err(error) = self.telemetry.apply(&settings.telemetry) {
            // It was checked before; what was in force stays.
            tracing::error!(%error, "settings of telemetry do not take effect");
        }
        self.note(&keys::waiting(&self.started, settings));
    }

    /// Warns once of each change that does not take effect, and says when one was taken back.
    fn note(&self, waiting: &[Waiting]) {
        let before = self.pending.0.send_replace(waiting.to_vec());
        for it in waiting.iter().filter(|it| !before.contains(it)) {
            tracing::warn!(
                key = it.key,
                in_force = it.in_force,
                next = it.next,
                "a setting was changed that takes effect at the next start: restart to apply it"
            );
        }
        let is_gone = |it: &&Waiting| !waiting.iter().any(|now| now.key == it.key);
        for it in before.iter().filter(is_gone) {
            tracing::info!(
                key = it.key,
                in_force = it.in_force,
                "a setting is again what is in force: it waits for no restart any more"
            );
        }
    }
}

#[cfg(test)]
mod tests;
