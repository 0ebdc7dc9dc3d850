//! What `configs/app.yaml` may say beside the framework's own sections.

use std::time::Duration;

use bia::config::{Secret, duration};
use serde::Deserialize;

/// The service's own settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub data: DataSettings,
}

/// Where orders are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// `sqlite://FILE?mode=rwc` (its folder is made if it is not there) or
    /// `postgres://USER:PASSWORD@HOST/DATABASE`. A secret, for the password in it.
    pub url: Secret,

    /// Connections to the database, at most; who finds none free waits. More than the database can
    /// work on at once make nothing faster.
    pub max_connections: u32,

    /// How long a call waits for a connection before it fails as DATABASE_UNAVAILABLE. Keep it below
    /// `server.timeout`, so that the caller learns what was short.
    #[serde(with = "duration")]
    pub acquire_timeout: Duration,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            url: Secret::new("sqlite://data/orders.db?mode=rwc"),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_that_lie_here_are_right_and_say_what_the_code_does() {
        let yaml = include_str!("../configs/app.yaml");
        let config = bia::Config::<Settings>::for_test(yaml).unwrap();
        let (set, default) = (&config.get().data, DataSettings::default());
        assert_eq!(set.url.reveal(), default.url.reveal());
        assert!(set.acquire_timeout < config.settings().server.timeout);
    }
}
