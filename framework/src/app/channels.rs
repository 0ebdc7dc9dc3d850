//! The channels of an app, one for each target.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::Channel;
use crate::error::Result;

/// Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels(Arc<Mutex<BTreeMap<String, Channel>>>);

impl Channels {
    pub(super) fn get_or_make(
        &self,
        target: &str,
        make: impl FnOnce() -> Result<Channel>,
    ) -> Result<Channel> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(target) {
            return Ok(channel.clone());
        }
        let channel = make()?;
        channels.insert(target.to_owned(), channel.clone());
        Ok(channel)
    }

    /// Every channel, in the order of the targets.
    pub(super) fn all(&self) -> Vec<Channel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
