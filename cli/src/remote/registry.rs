//! One registry.

use std::path::Path;
use std::sync::Arc;

use bia::backend::consul::Consul;
use bia::registry::{Discovery, Listed};

use crate::error::{Error, Result};

use super::leases::Leases;

/// A registry that can be looked into.
#[derive(Clone, Debug)]
pub(crate) enum Registry {
    Local(Arc<Leases>),
    Consul(Arc<Consul>),
}

impl Registry {
    /// What channels find instances by.
    pub(crate) fn discovery(&self) -> Arc<dyn Discovery> {
        match self {
            Self::Local(leases) => Arc::clone(leases) as _,
            Self::Consul(consul) => Arc::clone(consul) as _,
        }
    }

    /// What it is and where: `consul at http://127.0.0.1:8500`.
    pub(crate) fn describe(&self) -> String {
        self.discovery().describe()
    }

    /// The folder of a local registry that no service has made yet.
    pub(crate) fn missing(&self) -> Option<&Path> {
        match self {
            Self::Local(leases) => Some(leases.path()).filter(|path| !path.exists()),
            Self::Consul(_) => None,
        }
    }

    /// The same in few words: `local`, `consul 127.0.0.1:8500`.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Local(_) => "local".to_owned(),
            Self::Consul(_) => {
                self.describe().replace("consul at http://", "consul ").replace(" at ", " ")
            }
        }
    }

    /// The names of all services that are there, sorted; Consul itself is none.
    ///
    /// # Errors
    ///
    /// It cannot be asked.
    pub(crate) async fn services(&self) -> Result<Vec<String>> {
        let names = match self {
            Self::Local(leases) => leases.services(),
            Self::Consul(consul) => consul.services().await,
        };
        let mut names = names.map_err(|error| self.unasked(&error))?;
        names.retain(|name| name != "consul");
        Ok(names)
    }

    /// Who is registered as `service`, fit to be called or not.
    ///
    /// # Errors
    ///
    /// It cannot be asked.
    pub(crate) async fn list(&self, service: &str) -> Result<Vec<Listed>> {
        let listed = match self {
            Self::Local(leases) => leases.list(service),
            Self::Consul(consul) => consul.list(service).await,
        };
        listed.map_err(|error| self.unasked(&error))
    }

    fn unasked(&self, error: &bia::Error) -> Error {
        let hint = match (self, error.reason()) {
            (Self::Local(_), _) => "say where it is with --registry-path",
            (_, "CONSUL_FORBIDDEN") => "give a token with --token or CONSUL_HTTP_TOKEN",
            _ => {
                "say where the agent is with --consul ADDRESS or CONSUL_HTTP_ADDR; --registry local \
                 looks on this machine alone"
            }
        };
        // The remedy of a service would be a setting.
        let what = whole(error);
        let what = what.split(": check that the agent runs").next().unwrap_or(&what);
        Error::new(what).with_hint(hint)
    }
}

/// The message with the causes that it does not tell itself.
pub(super) fn whole(error: &bia::Error) -> String {
    let mut text = error.message().to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) && error.source().is_none() {
            text.push_str(&format!(": {told}"));
        }
        cause = error.source();
    }
    text
}
