use crate::dispatch::Service;
use crate::middleware::Authenticate;
use crate::middleware::auth::Authenticator;
use crate::rules;

use super::App;
use super::settings::Settings;

impl App {
    /// Sets who tells who calls, replacing what was set before: for the operations that say
    /// `auth: {required: true}` in their proto, or in the settings `operations`. See [`Authenticate`].
    ///
    /// An app that serves such an operation and has no authenticator does not start.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticate) -> Self {
        self.server.set_authenticator(Authenticator::new(authenticator));
        self
    }
}

/// Tells of settings for operations that are not here, although their service is, or that are misspelt.
pub(super) fn warn_of_unknown(settings: &Settings, services: &[Service]) {
    let operations = services.iter().flat_map(Service::operations);
    let known: Vec<_> = operations.map(|operation| operation.name()).collect();
    for (name, meant) in rules::unknown(&settings.operations, &known) {
        let meant = meant.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
        tracing::warn!(
            "the setting operations.{name} is for no operation that is served here{meant}"
        );
    }
}
