use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::trust::TrustSettings;
use crate::config::{Invalid, duration};

/// The section `config`: where settings come from beside files, variables and flags, and how changes
/// are taken.
///
/// Read before anything that it names, so it stands in files, variables and flags; a source that
/// sets it is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConfigSettings {
    /// How long settings must stay as they are before a change is taken; default 100 ms, at most 10 s.
    ///
    /// Several changes within it are one. While changes do not end, one is taken every tenfold of it.
    /// Longer where several files are changed one after the other and must be taken together.
    #[serde(with = "duration")]
    pub debounce: Duration,
    /// How long the start waits for a source that cannot be reached; default 10 s.
    ///
    /// Then the process ends with code 1: settings that are not all there are not served with. Files
    /// are not waited for.
    #[serde(with = "duration")]
    pub start_timeout: Duration,
    /// Keys of Consul that are layers over the files.
    #[cfg(feature = "consul")]
    pub consul: crate::backend::consul::ConsulSourceSettings,
    /// Whose settings are taken.
    pub trust: TrustSettings,
}

impl Default for ConfigSettings {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(100),
            start_timeout: Duration::from_secs(10),
            #[cfg(feature = "consul")]
            consul: crate::backend::consul::ConsulSourceSettings::default(),
            trust: TrustSettings::default(),
        }
    }
}

impl ConfigSettings {
    /// Looks at what the types cannot say.
    pub(in crate::app) fn check(&self) -> Result<(), Invalid> {
        let most = Duration::from_secs(10);
        if self.debounce > most {
            let found = duration::format(self.debounce);
            let what = format!("expected at most {}, found {found}", duration::format(most));
            return Err(Invalid::new("config.debounce", what));
        }
        Ok(())
    }
}
