//! `bia proto`: works on protos.

mod format;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Formats protos; not a token of them changes.
    Format(format::Arguments),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.command {
        Command::Format(arguments) => format::run(&arguments, shell),
    }
}
