//! The registries that names are looked up in, one after the other.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bia::app::{RegistryKind, RegistrySettings};
use bia::backend::consul::{Consul, ConsulSettings};
use bia::backend::local::LocalSettings;
use bia::config::Variables;
use bia::registry::Listed;

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::project;
use crate::shell::Shell;

use super::arguments::{Kind, Whereabouts};
use super::consul::{Agent, normal};
use super::leases::Leases;
use super::registry::{Registry, whole};
use super::settings;

/// An agent that takes longer is away: somebody waits for it at a terminal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Registries in the order in which they are asked; an error in the place of one that cannot be.
#[derive(Debug, Default)]
pub(crate) struct Registries(Vec<Result<Registry>>);

/// Where a service was found, and who is registered as it there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) registry: Registry,
    pub(super) listed: Vec<Listed>,
}

impl Whereabouts {
    /// The registries that are meant: the one that is said; else that of this machine, then each that
    /// the services here use. None if there is to be none.
    ///
    /// # Errors
    ///
    /// The current folder is gone.
    pub(crate) fn registries(&self) -> Result<Registries> {
        Ok(self.registries_at(&project::here()?, &Variables::of_process()))
    }

    pub(super) fn registries_at(&self, here: &Path, variables: &Variables) -> Registries {
        let asks_consul =
            self.consul.is_some() || self.token.is_some() || self.datacenter.is_some();
        let said = match self.registry {
            Some(kind) => Some(kind),
            None if asks_consul => Some(Kind::Consul),
            None => self.registry_path.as_ref().map(|_| Kind::Local),
        };
        if said == Some(Kind::None) {
            return Registries::default();
        }
        let (mut around, mut wrong) = (Vec::new(), Vec::new());
        for settings in settings::registries_around(here, variables) {
            match settings {
                Ok(settings) => around.push(settings),
                // Whoever says where services are need not have settings that are right.
                Err(_) if said.is_some() => {}
                Err(error) => wrong.push(Err(error)),
            }
        }
        let mut all = Vec::new();
        if said != Some(Kind::Consul) {
            // What `bia run` starts is there, whatever its settings say.
            all.extend(self.locals(&around, variables));
        }
        all.extend(wrong);
        if said != Some(Kind::Local) {
            match self.agents(&around, said.is_some(), variables) {
                Ok(agents) => all.extend(agents.into_iter().map(Ok)),
                Err(error) => all.push(Err(error)),
            }
        }
        Registries(all)
    }

    fn locals(
        &self,
        around: &[RegistrySettings],
        variables: &Variables,
    ) -> impl Iterator<Item = Result<Registry>> {
        let runtime = variables.get("XDG_RUNTIME_DIR").map(Path::new);
        let named =
            around.iter().map(|it| self.registry_path.as_ref().or(it.local.path.as_ref()).cloned());
        let paths = named.map(|path| path.unwrap_or_else(|| LocalSettings::default_path(runtime)));
        let mut paths: Vec<_> = paths.collect();
        if paths.is_empty() {
            let path = self.registry_path.clone();
            paths.push(path.unwrap_or_else(|| LocalSettings::default_path(runtime)));
        }
        let mut seen = BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths.into_iter().map(|path| {
            let leases = Leases::at(path).map_err(|error| {
                Error::new(whole(&error)).with_hint("say where it is with --registry-path")
            })?;
            Ok(Registry::Local(Arc::new(leases)))
        })
    }

    /// What is said goes over Consul's variables, those over the settings.
    fn agents(
        &self,
        around: &[RegistrySettings],
        is_said: bool,
        variables: &Variables,
    ) -> Result<Vec<Registry>> {
        let is_used = |it: &&RegistrySettings| it.kind == RegistryKind::Consul;
        let mut settings: Vec<_> = around.iter().filter(is_used).collect();
        if settings.is_empty() && !is_said {
            return Ok(Vec::new());
        }
        if settings.is_empty() {
            settings = around.iter().collect();
        }
        let said =
            Agent { address: self.consul.clone(), token: self.token.clone(), ..Agent::default() };
        let agent = said.or(variables)?;
        let known = settings.iter().map(|it| &it.consul).filter(|it| agent.is_at(&it.address));
        let mut known: Vec<_> = known.cloned().collect();
        if known.is_empty() {
            let settings = agent.address.clone().map(ConsulSettings::at);
            known.push(settings.unwrap_or_default());
        }
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for settings in known {
            let settings = self.over(settings, &agent);
            let place = (normal(&settings.address), settings.datacenter.clone());
            if seen.insert((place, settings.namespace.clone())) {
                let consul = Consul::new(&settings).map_err(|error| Error::new(whole(&error)))?;
                all.push(Registry::Consul(Arc::new(consul)));
            }
        }
        Ok(all)
    }

    fn over(&self, mut settings: ConsulSettings, agent: &Agent) -> ConsulSettings {
        let agent = agent.clone();
        if let Some(token) = agent.token {
            settings = settings.with_token(token);
        }
        settings.address = agent.address.unwrap_or(settings.address);
        settings.ca_file = agent.ca_file.or(settings.ca_file);
        if let Some((certificate, key)) = agent.certificate {
            (settings.cert_file, settings.key_file) = (Some(certificate), Some(key));
        }
        settings.namespace = agent.namespace.unwrap_or(settings.namespace);
        settings.datacenter = self.datacenter.clone().unwrap_or(settings.datacenter);
        settings.timeout = settings.timeout.min(PATIENCE);
        settings
    }
}

impl Registries {
    /// What each is, or why it cannot be asked.
    #[cfg(test)]
    pub(super) fn told(self) -> Vec<Result<String>> {
        self.0.into_iter().map(|it| it.map(|it| it.describe())).collect()
    }

    /// Those that can be asked; tells of the others.
    ///
    /// # Errors
    ///
    /// None can be.
    pub(crate) fn open(self, shell: &Shell) -> Result<Vec<Registry>> {
        let (mut open, mut faults) = (Vec::new(), Vec::new());
        for registry in self.0 {
            match registry {
                Ok(registry) => open.push(registry),
                Err(error) => faults.push(error),
            }
        }
        match (open.is_empty(), faults.pop()) {
            (true, Some(last)) => {
                faults.iter().for_each(|it| warn(it, shell));
                Err(last)
            }
            (_, last) => {
                faults.iter().chain(&last).for_each(|it| warn(it, shell));
                Ok(open)
            }
        }
    }

    /// The first registry that has somebody who `is_meant` as `service`; else the first that has
    /// anybody. Those that do not answer are told on the way.
    ///
    /// # Errors
    ///
    /// Nobody has the name: with where was looked, and who is there. None answers.
    pub(super) async fn find(
        self,
        service: &str,
        is_meant: impl Fn(&Listed) -> bool,
        shell: &Shell,
    ) -> Result<Found> {
        let (mut asked, mut faults, mut second) = (Vec::new(), Vec::new(), None);
        for registry in self.0 {
            let found = match registry {
                Ok(registry) => {
                    registry.list(service).await.map(|it| Found { registry, listed: it })
                }
                Err(error) => Err(error),
            };
            match found {
                Ok(found) if found.listed.iter().any(&is_meant) => {
                    faults.iter().for_each(|it| warn(it, shell));
                    return Ok(found);
                }
                Ok(found) => {
                    asked.push(found.registry.clone());
                    if !found.listed.is_empty() {
                        second.get_or_insert(found);
                    }
                }
                Err(error) => faults.push(error),
            }
        }
        if asked.is_empty()
            && let Some(last) = faults.pop()
        {
            faults.iter().for_each(|it| warn(it, shell));
            return Err(last);
        }
        faults.iter().for_each(|it| warn(it, shell));
        match second {
            Some(found) => Ok(found),
            None => Err(nobody(service, &asked).await),
        }
    }
}

/// Tells of a registry that is not asked, with the remedy.
pub(crate) fn warn(error: &Error, shell: &Shell) {
    shell.warn(error);
    if let Some(hint) = error.hint() {
        shell.hint(hint);
    }
}

/// Nobody has the name in any of these: who else is there?
pub(crate) async fn nobody(service: &str, registries: &[Registry]) -> Error {
    let mut names = BTreeSet::new();
    for registry in registries {
        names.extend(registry.services().await.unwrap_or_default());
    }
    let places: Vec<_> = registries.iter().map(Registry::describe).collect();
    let error = Error::new(match places.as_slice() {
        [] => format!("cannot look `{service}` up without a registry"),
        places => format!("nobody is registered as `{service}` in {}", places.join(", nor in ")),
    });
    let near = nearest(service, names.iter().map(String::as_str), 3);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let [only] = registries
        && let Some(folder) = only.missing()
    {
        return error.with_hint(not_made(folder));
    }
    error.with_hint(match (near.as_slice(), names.as_slice(), registries) {
        ([], [], []) => {
            "call an address, as 127.0.0.1:8000, or say --registry local or --registry consul".into()
        }
        ([], [], [Registry::Consul(_)]) => {
            "nobody is there at all: is it the Consul that services register in? --consul ADDRESS".into()
        }
        ([], [], [_]) => {
            "nobody is there at all: start a service with `bia run`, name the Consul that it registers in \
             with --consul, or call an address"
                .into()
        }
        ([], [], _) => {
            "nobody is there at all: start a service with `bia run`, name another Consul with --consul, \
             or call an address"
                .into()
        }
        ([], names, _) => format!("there are: {}", shortened(names)),
        (near, ..) => format!("did you mean {}?", near.join(" or ")),
    })
}

/// What to do about a folder that is looked into and is not there.
pub(crate) fn not_made(folder: &Path) -> String {
    format!(
        "there is no folder {}: the first service that starts with it makes it, with `bia run`; if one \
         runs, name its folder with --registry-path, or its Consul with --consul",
        folder.display()
    )
}

fn shortened(names: &[&str]) -> String {
    const MOST: usize = 12;
    let mut text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    text
}
