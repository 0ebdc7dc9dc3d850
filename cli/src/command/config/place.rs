//! Which settings are meant, and where their Consul is: flags, then Consul's own variables, then the
//! service's own settings.

use std::path::PathBuf;

use bia::backend::consul::{ConsulKeys, ConsulSettings, ConsulSourceSettings};
use bia::config::Variables;
use bia::config::trust::TrustSettings;
use clap::Args;

use crate::error::{Error, Result};
use crate::remote::Agent;

use super::centre::Centre;
use super::local::Local;

/// Which settings are meant.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which settings")]
pub(super) struct Place {
    /// The service whose settings they are; default: that of the current folder, or the only one there is.
    #[arg(long, short, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// The folder of keys, `config/user-service`; default: `config.consul.prefix` of the service.
    #[arg(long, value_name = "KEYS")]
    pub(super) prefix: Option<String>,
    /// Where Consul answers, `http://host:8500` or `https://host:8501`; default: `CONSUL_HTTP_ADDR`, then
    /// `config.consul.address` and `registry.consul.address` of the service, then `http://127.0.0.1:8500`.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) consul: Option<String>,
    /// The ACL token; default: `CONSUL_HTTP_TOKEN`, or what the file `CONSUL_HTTP_TOKEN_FILE` holds, then
    /// that of the service, at its own Consul only. Others on this machine see what stands on a command
    /// line: the variable is safer.
    #[arg(long, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// The datacenter; default: that of the service, then the agent's own.
    #[arg(long, value_name = "NAME")]
    pub(super) datacenter: Option<String>,
    /// A file of certificates, PEM, to trust for `https://`; default: `CONSUL_CACERT`, then that of the service.
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
}

impl Place {
    /// The keys that are meant, and what is known of their service.
    pub(super) fn open(&self) -> Result<Centre> {
        let variables = Variables::of_process();
        let local = self.local(&variables)?;
        let (mut source, mut registry, trust) = match &local {
            Some(local) => local.consul(&variables)?,
            None => (
                ConsulSourceSettings::default(),
                ConsulSettings::default(),
                TrustSettings::default(),
            ),
        };
        let mut is_own = local.is_some();
        if let Some(prefix) = &self.prefix {
            // Of another service's settings this one knows nothing.
            is_own &= !source.is_set()
                || trimmed(&source.prefix) == trimmed(prefix)
                || self.service.is_some();
            source.prefix.clone_from(prefix);
            source.key.clear();
        }
        if !source.is_set() {
            return Err(nowhere(local.as_ref()));
        }
        self.over(&mut source, &mut registry, &variables)?;
        let keys = ConsulKeys::new(&source, &registry)?;
        Ok(Centre { keys, local, is_own, trust })
    }

    /// The service, if there is one to be found. Who names the keys need not stand in a project.
    pub(super) fn local(&self, variables: &Variables) -> Result<Option<Local>> {
        match (Local::find(self.service.as_deref(), variables), &self.prefix, &self.service) {
            (Ok(local), ..) => Ok(Some(local)),
            (Err(_), Some(_), None) => Ok(None),
            (Err(error), None, None) => Err(Error::new(error.to_string()).with_hint(
                "say whose settings are meant: `--service NAME` in a project, or `--prefix config/NAME` anywhere",
            )),
            (Err(error), prefix, Some(name)) => {
                let here = error.hint().map(|it| format!("{it}; ")).unwrap_or_default();
                let elsewhere = match prefix {
                    Some(_) => "with --prefix, --service is only for one that is here".to_owned(),
                    None => format!("one that is not here is named by its keys: `--prefix config/{name}`"),
                };
                Err(Error::new(error.to_string()).with_hint(format!("{here}{elsewhere}")))
            }
        }
    }

    /// Puts flags and Consul's variables over the settings of the service.
    fn over(
        &self,
        source: &mut ConsulSourceSettings,
        registry: &mut ConsulSettings,
        variables: &Variables,
    ) -> Result<()> {
        let said = Agent {
            address: self.consul.clone(),
            token: self.token.clone(),
            ca_file: self.ca_file.clone(),
            ..Agent::default()
        };
        let agent = said.or(variables)?;
        if !agent.is_at(source.address.as_ref().unwrap_or(&registry.address)) {
            *registry = ConsulSettings::default();
            let own = std::mem::take(source);
            (source.prefix, source.key) = (own.prefix, own.key);
        }
        source.address = agent.address.or_else(|| source.address.take());
        source.token = agent.token.map(Into::into).or_else(|| source.token.take());
        source.datacenter = self.datacenter.clone().or_else(|| source.datacenter.take());
        source.namespace = agent.namespace.or_else(|| source.namespace.take());
        source.ca_file = agent.ca_file.or_else(|| source.ca_file.take());
        if let Some((certificate, key)) = agent.certificate {
            (source.cert_file, source.key_file) = (Some(certificate), Some(key));
        }
        Ok(())
    }
}

fn trimmed(prefix: &str) -> &str {
    prefix.trim().trim_matches('/')
}

fn nowhere(local: Option<&Local>) -> Error {
    let name = local.map_or("NAME", |it| it.name.as_str());
    let error = Error::new(format!(
        "{name} reads no settings from Consul: its config.consul.prefix is not set"
    ));
    error.with_hint(format!(
        "write `config: {{consul: {{prefix: config/{name}}}}}` into its configs/app.yaml, or give `--prefix config/{name}`"
    ))
}
