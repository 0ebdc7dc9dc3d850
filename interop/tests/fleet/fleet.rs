//! The processes of one test, which find each other through a registry of their own.

use std::path::Path;
use std::sync::Arc;

use bia::backend::consul::{Consul, ConsulSettings};
use bia::backend::local::{Local, LocalSettings};
use bia::registry::Discovery;
use bia::{Channel, ClientSettings};
use tempfile::TempDir;
use tokio::process::Command;

use super::process::Process;

/// A folder, and a registry.
pub(crate) struct Fleet {
    folder: TempDir,
    consul: Option<String>,
    /// What every process is told besides.
    settings: Vec<String>,
}

impl Fleet {
    /// On the registry of this machine, in a folder of its own.
    pub(crate) fn local() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), consul: None, settings: Vec::new() }
    }

    /// On a Consul agent.
    pub(crate) fn consul(url: String) -> Self {
        Self { consul: Some(url), ..Self::local() }
    }

    /// Sets something for every process that is started from now on.
    pub(crate) fn with(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// What runs a process in `role`, with these settings over those of the fleet.
    pub(crate) fn command(&self, role: &str, settings: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-node"));
        self.dress(&mut command, role, settings);
        command
    }

    /// The same, with another program before it.
    pub(crate) fn command_by(&self, by: &[String], role: &str, settings: &[&str]) -> Command {
        let mut command = Command::new(&by[0]);
        command.args(&by[1..]).arg(env!("CARGO_BIN_EXE_fleet-node"));
        self.dress(&mut command, role, settings);
        command
    }

    fn dress(&self, command: &mut Command, role: &str, settings: &[&str]) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).current_dir(self.folder.path());
        let mut all = vec![
            format!("role={role}"),
            "server.address=127.0.0.1:0".to_owned(),
            "admin.address=127.0.0.1:0".to_owned(),
        ];
        match &self.consul {
            Some(url) => {
                all.extend(["registry.kind=consul".to_owned()]);
                all.push(format!("registry.consul.address={url}"));
            }
            None => all.push(format!("registry.local.path={}", self.registry().display())),
        }
        all.extend(self.settings.iter().cloned());
        all.extend(settings.iter().map(|&setting| setting.to_owned()));
        for setting in all {
            command.args(["--set", &setting]);
        }
    }

    fn registry(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "registry")
    }

    /// A user service of this id that serves and is registered.
    pub(crate) async fn user(&self, id: &str, settings: &[&str]) -> Process {
        self.node("user", id, settings).await
    }

    /// An instance of the service of `role`.
    pub(crate) async fn node(&self, role: &str, id: &str, settings: &[&str]) -> Process {
        let id = format!("app.id={id}");
        let settings: Vec<_> = settings.iter().copied().chain([id.as_str()]).collect();
        self.up(self.command(role, &settings)).await
    }

    pub(crate) async fn up(&self, mut command: Command) -> Process {
        let process = Process::start(&mut command);
        process.phase("started").await;
        process
    }

    /// A caller of the user service, which calls already.
    pub(crate) async fn caller(&self, settings: &[&str]) -> Process {
        let settings: Vec<_> =
            ["stop.drain_delay=0s"].into_iter().chain(settings.iter().copied()).collect();
        let caller = self.up(self.command("caller", &settings)).await;
        caller.reported("calls", |reports| reports.total() > 100).await;
        caller
    }

    /// A channel of the test itself.
    pub(crate) fn channel(&self, service: &str, settings: ClientSettings) -> Channel {
        let discovery: Arc<dyn Discovery> = match &self.consul {
            Some(url) => Arc::new(Consul::new(&ConsulSettings::at(url)).unwrap()),
            None => Arc::new(Local::new(&LocalSettings::at(self.registry())).unwrap()),
        };
        Channel::builder(service).discovery(discovery).settings(settings).build().unwrap()
    }
}
