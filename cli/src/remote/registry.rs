//! The registry that names are looked up in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bia::app::{RegistryKind, RegistrySettings};
use bia::backend::consul::{Consul, ConsulSettings};
use bia::backend::local::{Local, LocalSettings};
use bia::config::Variables;
use bia::registry::{Discovery, Listed};

use crate::error::{About as _, Error, Result};
use crate::project;

use super::arguments::{Kind, Whereabouts};
use super::settings;

/// A registry that can be looked into.
#[derive(Clone, Debug)]
pub(crate) enum Registry {
    Local(Arc<Local>),
    Consul(Arc<Consul>),
}

impl Whereabouts {
    /// The registry that is meant; none if there is to be none.
    ///
    /// # Errors
    ///
    /// Settings that cannot be read, a folder or an address that cannot be used.
    pub(crate) fn registry(&self) -> Result<Option<Registry>> {
        self.registry_at(&project::here()?, &Variables::of_process())
    }

    pub(super) fn registry_at(
        &self,
        here: &Path,
        variables: &Variables,
    ) -> Result<Option<Registry>> {
        let asks_consul =
            self.consul.is_some() || self.token.is_some() || self.datacenter.is_some();
        let said = match self.registry {
            Some(kind) => Some(kind),
            None if asks_consul => Some(Kind::Consul),
            None => self.registry_path.as_ref().map(|_| Kind::Local),
        };
        let around = match settings::registry_around(here, variables) {
            Ok(settings) => settings,
            // Whoever says where services are need not have settings that are right.
            Err(_) if said.is_some() => RegistrySettings::default(),
            Err(error) => return Err(error),
        };
        let kind = said.unwrap_or(match around.kind {
            RegistryKind::Consul => Kind::Consul,
            RegistryKind::None => Kind::None,
            _ => Kind::Local,
        });
        match kind {
            Kind::None => Ok(None),
            Kind::Local => self.local(&around.local, variables).map(Some),
            Kind::Consul => self.agent(around.consul, variables).map(Some),
        }
    }

    fn local(&self, around: &LocalSettings, variables: &Variables) -> Result<Registry> {
        let mut settings = around.clone();
        let path = self.registry_path.clone().or_else(|| settings.path.take());
        let runtime = variables.get("XDG_RUNTIME_DIR").map(Path::new);
        settings.path = Some(path.unwrap_or_else(|| LocalSettings::default_path(runtime)));
        let local = Local::new(&settings).map_err(|error| {
            Error::new(whole(&error)).with_hint("say where it is with --registry-path")
        })?;
        Ok(Registry::Local(Arc::new(local)))
    }

    /// What is said goes over Consul's variables, those over the settings. A token goes to no other
    /// agent than the one that it was written for.
    fn agent(&self, around: ConsulSettings, variables: &Variables) -> Result<Registry> {
        let address = self.consul.clone().or_else(|| of_consul("HTTP_ADDR", variables));
        let mut settings = match address {
            Some(address) => ConsulSettings::at(over_tls(address, variables)),
            None => around,
        };
        if let Some(token) =
            self.token.clone().map_or_else(|| token(variables), |it| Ok(Some(it)))?
        {
            settings = settings.with_token(token);
        }
        let file = |name: &str| of_consul(name, variables).map(PathBuf::from);
        settings.ca_file = file("CACERT").or(settings.ca_file);
        settings.cert_file = file("CLIENT_CERT").or(settings.cert_file);
        settings.key_file = file("CLIENT_KEY").or(settings.key_file);
        settings.namespace = of_consul("NAMESPACE", variables).unwrap_or(settings.namespace);
        settings.datacenter = self.datacenter.clone().unwrap_or(settings.datacenter);
        let consul = Consul::new(&settings).map_err(|error| Error::new(whole(&error)))?;
        Ok(Registry::Consul(Arc::new(consul)))
    }
}

/// `CONSUL_{name}`, if it holds anything.
fn of_consul(name: &str, variables: &Variables) -> Option<String> {
    let value = variables.get(&format!("CONSUL_{name}"))?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// `CONSUL_HTTP_SSL` is for addresses that do not say it themselves.
fn over_tls(address: String, variables: &Variables) -> String {
    let ssl = of_consul("HTTP_SSL", variables);
    match ssl.as_deref() {
        Some("true" | "1") if !address.contains("://") => format!("https://{address}"),
        _ => address,
    }
}

fn token(variables: &Variables) -> Result<Option<String>> {
    if let Some(token) = of_consul("HTTP_TOKEN", variables) {
        return Ok(Some(token));
    }
    let Some(path) = of_consul("HTTP_TOKEN_FILE", variables) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .about(|| format!("read the token in {path}, which CONSUL_HTTP_TOKEN_FILE names"))?;
    Ok(Some(text.trim().to_owned()))
}

impl Registry {
    /// What channels find instances by.
    pub(crate) fn discovery(&self) -> Arc<dyn Discovery> {
        match self {
            Self::Local(local) => Arc::clone(local) as _,
            Self::Consul(consul) => Arc::clone(consul) as _,
        }
    }

    /// What it is and where: `consul at http://127.0.0.1:8500`.
    pub(crate) fn describe(&self) -> String {
        self.discovery().describe()
    }

    /// The names of all services that are there, sorted; Consul itself is none.
    ///
    /// # Errors
    ///
    /// It cannot be asked.
    pub(crate) async fn services(&self) -> Result<Vec<String>> {
        let names = match self {
            Self::Local(local) => local.services(),
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
            Self::Local(local) => local.list(service),
            Self::Consul(consul) => consul.list(service).await,
        };
        listed.map_err(|error| self.unasked(&error))
    }

    fn unasked(&self, error: &bia::Error) -> Error {
        let hint = match (self, error.reason()) {
            (Self::Local(_), _) => "say where it is with --registry-path",
            (_, "CONSUL_FORBIDDEN") => "give a token with --token or CONSUL_HTTP_TOKEN",
            _ => {
                "say where the agent is with --consul ADDRESS or CONSUL_HTTP_ADDR; services of this \
                 machine are also found without one: --registry local"
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
