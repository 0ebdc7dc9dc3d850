//! `bia add`: adds to what is there.

mod service;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adds a service to a workspace, on ports that are free among the others.
    Service(service::Arguments),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.what {
        What::Service(arguments) => service::run(arguments, shell),
    }
}
