//! `bia run`: builds services, runs them side by side, and does so again when their code changes.

mod build;
mod child;
mod lines;
mod log;
mod machine;
pub(in crate::command) mod plan;
mod ports;
mod screen;
mod session;
pub(crate) mod shim;
mod watch;

use std::time::Duration;

use clap::Args;

use crate::error::Result;
use crate::project::{Project, here};
use crate::runtime::block_on_whole;
use crate::shell::Shell;

use self::session::Session;

#[derive(Debug, Args)]
#[command(after_help = "\
bia run                     the service of this folder, or all of a workspace\n\
bia run user-service order-service --free-ports\n\
bia run user-service -- --set telemetry.logs.filter=debug\n\
\n\
Lines of services and of cargo go to stdout, what this command says to stderr. Ctrl-C stops the \
services in order, a second one kills them. A change of settings needs no restart: services follow \
their files.\n\
\n\
Exit code: 0 when all stopped in order, 1 when one did not or could not be built, 130 when they were \
killed.")]
pub(crate) struct Arguments {
    /// The services, by the names of their crates; any crate with a program will do. Default: that of
    /// this folder, or all of the workspace.
    #[arg(value_name = "SERVICE", conflicts_with = "all")]
    services: Vec<String>,
    /// Runs every service of the workspace, whatever folder this is.
    #[arg(long)]
    all: bool,
    /// Builds and starts once, and ends with the services; nothing is watched.
    #[arg(long)]
    no_watch: bool,
    /// Builds with optimisations, as for production.
    #[arg(long)]
    release: bool,
    /// Has every service listen on free ports of 127.0.0.1, the same after each restart, rather than
    /// where its settings say.
    #[arg(long)]
    free_ports: bool,
    /// Keeps the registry that the settings name; default: the services find each other in the one
    /// of this machine, `registry.kind=local`.
    #[arg(long)]
    keep_registry: bool,
    /// Shows lines as the services write them; default: their log is made readable.
    #[arg(long)]
    raw: bool,
    /// How many seconds a service may take to stop before it is killed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    stop_timeout: u64,
    /// What every service is started with, behind what this command sets.
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// What holds for all services of a run.
#[derive(Clone, Debug)]
struct Options {
    watch: bool,
    release: bool,
    free_ports: bool,
    keep_registry: bool,
    raw: bool,
    stop_timeout: Duration,
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let plan = plan::plan(&project, &here()?, &arguments.services, arguments.all)?;
    let options = Options {
        watch: !arguments.no_watch,
        release: arguments.release,
        free_ports: arguments.free_ports,
        keep_registry: arguments.keep_registry,
        raw: arguments.raw,
        stop_timeout: Duration::from_secs(arguments.stop_timeout),
        arguments: arguments.arguments,
    };
    block_on_whole(async { Session::new(project, plan, options, shell)?.run().await })
}
