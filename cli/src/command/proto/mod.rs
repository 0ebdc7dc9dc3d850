//! `bia proto`: works on protos.

mod add;
mod breaking;
mod buf;
pub(crate) mod explained;
pub(crate) mod format;
mod lint;
mod list;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

pub(crate) use lint::broken_by;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds a proto with a service.
    Add(add::Arguments),
    /// Looks for what is unusual or wrong in protos.
    Lint(lint::Arguments),
    /// Formats protos; not a token of them changes.
    Format(format::Arguments),
    /// Finds what would break those who call a service as it was.
    Breaking(Box<breaking::Arguments>),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.command {
        Command::Add(arguments) => add::run(&arguments, shell),
        Command::Lint(arguments) => lint::run(&arguments, shell),
        Command::Format(arguments) => format::run(&arguments, shell),
        Command::Breaking(arguments) => breaking::run(&arguments, shell),
    }
}
