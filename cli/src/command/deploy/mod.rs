//! `bia deploy`: what it takes to run services elsewhere, made of their settings and their protos.

mod cluster;
mod compose;
mod context;
mod docker;
mod facts;
mod github;
mod grafana;
mod helm;
mod image;
mod kubernetes;
mod options;
mod output;
mod pinned;
mod record;
mod scan;
mod secrets;
mod settings;
mod template;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Every output can be made again after the settings or the proto have changed: files that are as they
were written are brought up to date, those that a person has edited are refused without --force.

Examples:
  bia deploy docker user-service          a Dockerfile for one service
  bia deploy compose                      everything on this machine, with Consul and Grafana
  bia deploy kubernetes --all-services --image registry.example/shop
  bia deploy helm --diff                  what would be different now; exit code 1 if anything"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Writes a Dockerfile: built in stages with caches, run as nobody from a bare image.
    Docker(docker::Arguments),
    /// Writes a compose file: the services with Consul, a collector, Jaeger or Tempo, Prometheus and
    /// Grafana.
    Compose(compose::Arguments),
    /// Writes manifests for Kubernetes, as a folder for `kubectl apply -k`.
    Kubernetes(kubernetes::Arguments),
    /// Writes a Helm chart with a schema of its values.
    Helm(helm::Arguments),
    /// Writes a workflow for GitHub: checks, tests, image, SBOM, signature.
    Github(github::Arguments),
    /// Writes the dashboard for Grafana with its provisioning, and the alert rules for Prometheus.
    Grafana(grafana::Arguments),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.what {
        What::Docker(arguments) => docker::run(&arguments, shell),
        What::Compose(arguments) => compose::run(&arguments, shell),
        What::Kubernetes(arguments) => kubernetes::run(&arguments, shell),
        What::Helm(arguments) => helm::run(&arguments, shell),
        What::Github(arguments) => github::run(&arguments, shell),
        What::Grafana(arguments) => grafana::run(&arguments, shell),
    }
}
