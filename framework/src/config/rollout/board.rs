use std::collections::BTreeMap;

use futures_core::future::BoxFuture;

use crate::error::Result;

/// Where the instances of a service tell each other how a rollout goes.
pub(crate) trait Board: Send + Sync {
    /// How it is called in messages: `consul config/users/.rollout`.
    fn name(&self) -> String;

    /// Everything that was posted for a rollout.
    fn read<'a>(&'a self, rollout: &'a str) -> BoxFuture<'a, Result<Posted>>;

    /// Replaces the note of an instance.
    fn post<'a>(
        &'a self,
        rollout: &'a str,
        instance: &'a str,
        note: String,
    ) -> BoxFuture<'a, Result<()>>;

    /// Takes the note of an instance away.
    fn remove<'a>(&'a self, rollout: &'a str, instance: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Replaces the assignment if it is still the one that was read, by its mark; false if it is not.
    fn assign<'a>(
        &'a self,
        rollout: &'a str,
        assignment: String,
        mark: Option<u64>,
    ) -> BoxFuture<'a, Result<bool>>;
}

/// What was posted for one rollout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    /// By instance.
    pub(crate) notes: BTreeMap<String, String>,
    /// Who has the change, and the mark of that state.
    pub(crate) assignment: Option<(String, u64)>,
}
