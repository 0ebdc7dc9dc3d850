//! The channels of an app, one for each target.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::Channel;
use crate::error::Result;

use super::settings::Settings;

/// Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels(Arc<Mutex<BTreeMap<String, Channel>>>);

impl Channels {
    pub(super) fn get_or_make(
        &self,
        target: &str,
        make: impl FnOnce() -> Result<Channel>,
    ) -> Result<Channel> {
        let mut channels = self.lock();
        if let Some(channel) = channels.get(target) {
            return Ok(channel.clone());
        }
        let channel = make()?;
        channels.insert(target.to_owned(), channel.clone());
        Ok(channel)
    }

    /// Has each go by what `settings` say of whom it calls.
    pub(super) fn set_settings(&self, settings: &Settings) {
        for (target, channel) in self.lock().iter() {
            channel.set_settings(settings.client_of(callee(target)));
        }
    }

    /// Every channel, in the order of the targets.
    pub(super) fn all(&self) -> Vec<Channel> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which settings know whom a target calls.
pub(super) fn callee(target: &str) -> &str {
    target.strip_prefix("discovery:///").unwrap_or(target)
}
