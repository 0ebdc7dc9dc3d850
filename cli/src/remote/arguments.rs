//! The arguments by which services are found and spoken to.

use std::path::PathBuf;

use bia::balance::LANE_HEADER;
use clap::{Args, ValueEnum};

/// Which registries names are looked up in.
///
/// Consul's own variables hold too: `CONSUL_HTTP_ADDR`, `CONSUL_HTTP_TOKEN`, `CONSUL_HTTP_TOKEN_FILE`,
/// `CONSUL_HTTP_SSL`, `CONSUL_CACERT`, `CONSUL_CLIENT_CERT`, `CONSUL_CLIENT_KEY`, `CONSUL_NAMESPACE`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where services are")]
pub(crate) struct Whereabouts {
    /// The one registry that names are looked up in; default: first `local`, where everything is that
    /// `bia run` starts, then each other that the services around the current folder use
    /// (`registry.kind` in their `configs/app.yaml`, or `BIA_REGISTRY__KIND`).
    #[arg(long, value_name = "KIND")]
    pub(super) registry: Option<Kind>,
    /// The folder of the local registry; default: `registry.local.path` of the settings, else `bia` in
    /// `$XDG_RUNTIME_DIR`, else `/tmp/bia-UID`.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["consul", "token", "datacenter"])]
    pub(super) registry_path: Option<PathBuf>,
    /// The Consul agent, `http://host:8500`, and that Consul is the registry; default: `$CONSUL_HTTP_ADDR`,
    /// else `registry.consul.address` of the settings, else `http://127.0.0.1:8500`.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) consul: Option<String>,
    /// The ACL token for Consul; better in `$CONSUL_HTTP_TOKEN`, which others on the machine cannot see.
    #[arg(long)]
    pub(super) token: Option<String>,
    /// Consul's datacenter; default: that of the agent.
    #[arg(long, value_name = "NAME")]
    pub(super) datacenter: Option<String>,
}

/// A registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The folder through which the processes of this machine find each other.
    Local,
    /// Consul.
    Consul,
    /// None: only addresses can be called.
    None,
}

/// How a service is spoken to.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How it is spoken to")]
pub(crate) struct Dial {
    /// Only this instance of the service: its id, the beginning of its id, or its `host:port`.
    #[arg(long, value_name = "INSTANCE")]
    pub(super) instance: Option<String>,
    /// In this lane, and so is all that the call causes: it goes to the instances that registered with this
    /// `lane` in their metadata, where a service has some, else to those in no lane.
    #[arg(long, value_name = "NAME", value_parser = lane)]
    pub(crate) lane: Option<String>,
    /// Speaks TLS, also to an address without `grpcs://`; the other TLS options imply it.
    #[arg(long)]
    pub(super) tls: bool,
    /// A file of certificates, PEM: the only ones trusted; default: those of the system.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Our own certificate and those above it, PEM, for a service that asks for one.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(super) cert: Option<PathBuf>,
    /// The private key of `--cert`, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// Whom the service's certificate must name; default: the service, or the host of the address.
    #[arg(long, value_name = "NAME")]
    pub(super) server_name: Option<String>,
}

impl Dial {
    /// What calls carry for it.
    pub(crate) fn metadata(&self) -> Vec<(String, String)> {
        let lane = self.lane.iter().map(|lane| (LANE_HEADER.to_owned(), lane.clone()));
        lane.collect()
    }
}

/// The name of a lane: what a header and a registry can hold.
fn lane(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("a lane is a word of printable ASCII".to_owned());
    }
    Ok(text.to_owned())
}
