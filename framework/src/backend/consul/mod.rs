//! Registration and discovery through Consul, in the format of Kratos, and configuration in its keys.
//!
//! An instance registers with the agent as a Kratos service does, field by field, so that services
//! of both find each other: see [`ConsulSettings`] for what is sent. It is kept by a heartbeat that
//! passes its TTL check; should the agent have forgotten it (an agent without a disk does when it
//! is started again), the heartbeat registers it anew at once.
//!
//! Discovery asks the health endpoint for the instances whose checks pass, by blocking queries: the
//! answer comes when something changes, so that an instance that comes or leaves is known within
//! milliseconds. The rules for the index of such queries are followed: one that goes back begins
//! anew, one that is missing or does not advance never makes a busy loop.
//!
//! While Consul cannot be asked, what was last known stays in force. When it can be asked again,
//! those who were known before and are not listed stay for a grace, by default two heartbeats: an
//! agent that was started empty lists nobody, although all are well and register again.
//!
//! Configuration comes from a key or from all below a prefix: see [`ConsulSource`].
//!
//! # Where this differs from Kratos
//!
//! What other clients read is the same. What is done differently, because of what its users met:
//!
//! - TCP checks start as `passing`, since a service registers when it serves; Consul would have it
//!   wait for the first look, up to an interval later.
//! - A query is not cut off before its `wait` is over, and the next follows at once.
//! - An empty set is announced: the last instance that leaves is missed.
//! - After an agent's restart it is registered within one heartbeat, and passing at once.
//! - It is deregistered by one request instead of two.
//!
//! # Why a client of our own
//!
//! None of the published ones can do this. `consul-rs` rests on an abandoned runtime, sends the
//! token in the body, where Consul does not look, and has neither TTL checks nor a correct index;
//! `rs-consul` cannot register with an agent and drops the metadata; the others hold unmaintained or
//! blocking HTTP stacks. What is needed here is five requests over the HTTP stack that is there.

mod agent;
mod api;
mod entry;
mod kv;
mod lease;
mod pace;
mod settings;
mod tls;
mod watch;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;

use crate::error::Result;
use crate::registry::{Discovery, Instance, Lease, Listed, Registrar, Watch, Watches};

use self::api::Api;
use self::lease::Places;

pub use agent::AgentStatus;
pub(crate) use kv::ConsulBoard;
pub use kv::{Applied, ConsulKeys, ConsulSource, ConsulSourceSettings, Key, Step};
pub use settings::ConsulSettings;

/// The registry in Consul. See the [module](self).
///
/// ```no_run
/// # async fn run() -> bia::Result<()> {
/// use bia::backend::consul::{Consul, ConsulSettings};
/// use bia::registry::{Discovery, Instance, Registrar};
///
/// let consul = Consul::new(&ConsulSettings::at("http://127.0.0.1:8500"))?;
/// let users = Instance::new("1", "users", "v1").with_endpoint("grpc://10.1.2.3:9000".parse()?);
/// let lease = consul.register(users).await?;
/// let orders = consul.watch("orders");
/// # drop(orders);
/// # lease.release().await
/// # }
/// ```
pub struct Consul {
    api: Arc<Api>,
    settings: Arc<ConsulSettings>,
    places: Places,
    watches: Watches,
}

impl Consul {
    /// A client of the agent that the settings name. Connects when it is first used.
    ///
    /// Reads the files of certificates that the settings name.
    ///
    /// # Errors
    ///
    /// `CONSUL_SETTINGS_INVALID` if the address is none, or a file of certificates cannot be read.
    pub fn new(settings: &ConsulSettings) -> Result<Self> {
        let api = Arc::new(Api::new(settings, "registry.consul")?);
        let places = Arc::new(Mutex::new(HashMap::new()));
        let settings = Arc::new(settings.clone());
        Ok(Self { api, settings, places, watches: Watches::new() })
    }

    /// The names of all services in the catalogue, sorted, that of Consul itself among them.
    ///
    /// # Errors
    ///
    /// `CONSUL_UNREACHABLE` if the agent does not answer, `CONSUL_FORBIDDEN` if the token is refused.
    /// Names that a token may not read are not told, which is no error.
    pub async fn services(&self) -> Result<Vec<String>> {
        self.api.services().await
    }

    /// Who is registered as `service`, sorted by id; one whose checks do not pass has a fault.
    ///
    /// # Errors
    ///
    /// Those of [`services`](Self::services).
    pub async fn list(&self, service: &str) -> Result<Vec<Listed>> {
        self.api.list(service).await
    }

    /// Asks the agent what it is and whether its servers have a leader: for tools that look for what
    /// is wrong.
    ///
    /// # Errors
    ///
    /// `CONSUL_UNREACHABLE` if it cannot be reached, `CONSUL_FORBIDDEN` if it does not know the token,
    /// `CONSUL_REFUSED` if it answers what is not understood.
    pub async fn status(&self) -> Result<AgentStatus> {
        agent::status(&self.api).await
    }
}

impl Registrar for Consul {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>> {
        let (api, places) = (Arc::clone(&self.api), Arc::clone(&self.places));
        Box::pin(lease::register(api, &self.settings, places, instance))
    }

    fn describe(&self) -> String {
        format!("consul at {}", self.api.base())
    }
}

impl Discovery for Consul {
    fn watch(&self, service: &str) -> Watch {
        let (api, settings) = (Arc::clone(&self.api), Arc::clone(&self.settings));
        self.watches.watch(service, |publisher| {
            watch::publish(api, settings, service.to_owned(), publisher)
        })
    }

    fn describe(&self) -> String {
        Registrar::describe(self)
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consul")
            .field("settings", &self.settings)
            .field("watches", &self.watches)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
