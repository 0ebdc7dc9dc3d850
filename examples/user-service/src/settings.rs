//! What `configs/app.yaml` may say beside the framework's own sections.

use std::time::Duration;

use bia::config::{Secret, duration};
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;

/// The service's own settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    #[garde(dive)]
    pub data: DataSettings,
}

/// Where users are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// `sqlite://FILE?mode=rwc` (its folder is made if it is not there) or
    /// `postgres://USER:PASSWORD@HOST/DATABASE`. A secret, for the password in it.
    #[garde(custom(is_database))]
    pub url: Secret,

    /// Connections to the database, at most; who finds none free waits. More than the database can
    /// work on at once make nothing faster.
    #[garde(range(min = 1, max = 1000))]
    pub max_connections: u32,

    /// How long a call waits for a connection before it fails as DATABASE_UNAVAILABLE. Keep it below
    /// `server.timeout`, so that the caller learns what was short.
    #[garde(skip)]
    #[serde(with = "duration")]
    pub acquire_timeout: Duration,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            url: Secret::new("sqlite://data/users.db?mode=rwc"),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(3),
        }
    }
}

/// A rule of its own: the message says what was expected, and nothing of what is secret.
fn is_database(url: &Secret, _: &()) -> garde::Result {
    let is_known =
        ["sqlite:", "postgres:", "postgresql:"].iter().any(|it| url.reveal().starts_with(it));
    match is_known {
        true => Ok(()),
        false => Err(garde::Error::new("expected a URL of sqlite: or postgres:")),
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

    #[tokio::test]
    async fn settings_that_no_database_can_be_opened_with_are_refused() {
        let yaml = "data: {url: mysql://root:hunter2@db, max_connections: 0}";
        let exit = bia::config::<Settings>().for_test(yaml).rules().await.unwrap_err();
        assert_eq!(
            exit.to_string(),
            "data.max_connections in test.yaml:1: expected at least 1, found 0\n  \
             and data.url in test.yaml:1: expected a URL of sqlite: or postgres:"
        );
    }
}
