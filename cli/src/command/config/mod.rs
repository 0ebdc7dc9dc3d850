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

#[derive(Debug, Subcommand)]
enum Verb {
    /// Prints the settings in Consul, or one of them, with the layer and line that they come from.
    Get(Box<get::Arguments>),
    /// Changes settings in Consul: in their place, comments kept, checked before they are written.
    Set(Box<set::Arguments>),
    /// Compares settings: files with Consul, or layers with each other. Exit code 1 if they differ.
    Diff(Box<diff::Arguments>),
    /// Lists who changed what and when, as far as it was done by this command.
    History(Box<history::Arguments>),
    /// Signs the settings in Consul, or those of a folder.
    Sign(Box<sign::Arguments>),
    /// Tells of each document whether it is as it was signed. Exit code 1 if a service refuses them.
    Verify(Box<verify::Arguments>),
    /// Makes a pair of keys to sign with.
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
