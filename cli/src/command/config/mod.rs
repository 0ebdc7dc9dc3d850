//! `bia config`: the settings in Consul, looked at, changed, compared and signed.

mod centre;
mod commit;
mod compare;
mod diff;
mod edit;
mod get;
mod history;
mod keygen;
mod local;
mod mask;
mod place;
mod schema;
mod set;
mod sign;
mod verify;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

/// Reads and writes settings in Consul, and signs them.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// What each does stands at its arguments.
#[derive(Debug, Subcommand)]
enum Verb {
    Get(Box<get::Arguments>),
    Set(Box<set::Arguments>),
    Diff(Box<diff::Arguments>),
    History(Box<history::Arguments>),
    Sign(Box<sign::Arguments>),
    Verify(Box<verify::Arguments>),
    Keygen(keygen::Arguments),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.verb {
        Verb::Get(arguments) => get::run(&arguments, shell),
        Verb::Set(arguments) => set::run(&arguments, shell),
        Verb::Diff(arguments) => diff::run(&arguments, shell),
        Verb::History(arguments) => history::run(&arguments, shell),
        Verb::Sign(arguments) => sign::run(&arguments, shell),
        Verb::Verify(arguments) => verify::run(&arguments, shell),
        Verb::Keygen(arguments) => keygen::run(&arguments, shell),
    }
}
