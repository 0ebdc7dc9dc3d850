//! What `configs/app.yaml` may say beside the framework's own sections.

// @if database
use std::time::Duration;

use bia::config::{Secret, duration};
// @end
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;

/// The service's own settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    // @if database
    #[garde(dive)]
    pub data: DataSettings,
    // @end
}
// @if database

/// Where data is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    // @if postgres
    /// `postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite://FILE?mode=rwc` (its folder is made if it
    /// is not there). A secret, for the password in it.
    // @else
    //| /// `sqlite://FILE?mode=rwc`; its folder is made if it is not there.
    // @end
    #[garde(custom(is_database))]
    pub url: Secret,

    /// Connections to the database, at most; who finds none free waits.
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
            url: Secret::new("sqlite://data/gadgets.db?mode=rwc"),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(3),
        }
    }
}

/// A rule of its own: the message says what was expected, and nothing of what is secret.
fn is_database(url: &Secret, _: &()) -> garde::Result {
    // @if postgres
    let known = ["sqlite:", "postgres:", "postgresql:"];
    // @else
    //| let known = ["sqlite:"];
    // @end
    match known.iter().any(|scheme| url.reveal().starts_with(scheme)) {
        true => Ok(()),
        false => Err(garde::Error::new(format!("expected a URL of {}", known.join(" or ")))),
    }
}
// @end

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_that_lie_here_are_right() {
        let yaml = include_str!("../configs/app.yaml");
        let config = bia::Config::<Settings>::for_test(yaml).unwrap();
        // @if database
        assert!(config.get().data.acquire_timeout < config.settings().server.timeout);
        // @else
        //| assert!(!config.settings().server.timeout.is_zero());
        // @end
    }
    // @if database

    #[tokio::test]
    async fn settings_that_no_database_can_be_opened_with_are_refused() {
        let yaml = "data: {url: mysql://root:hunter2@db, max_connections: 0}";
        let exit = bia::config::<Settings>().for_test(yaml).rules().await.unwrap_err();
        let told = exit.to_string();
        assert!(told.contains("data.url") && told.contains("data.max_connections"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    // @end
}
