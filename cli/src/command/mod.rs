//! What can be asked: a folder each.

pub(crate) mod add;
pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod proto;
pub(crate) mod routes;
pub(crate) mod run;
pub(crate) mod services;
pub(crate) mod sync;
pub(crate) mod upgrade;

use crate::cli::Command;
use crate::error::Result;
use crate::shell::Shell;

/// Does what was asked.
///
/// # Errors
///
/// Those of each command.
pub(crate) fn run(command: Command, shell: &Shell) -> Result<()> {
    match command {
        Command::New(arguments) => new::run(arguments, shell),
        Command::Add(arguments) => add::run(arguments, shell),
        Command::Sync(arguments) => sync::run(&arguments, shell),
        Command::Upgrade(arguments) => upgrade::run(arguments, shell),
        Command::Proto(arguments) => proto::run(arguments, shell),
        Command::Run(arguments) => run::run(arguments, shell),
        Command::Call(arguments) => call::run(arguments, shell),
        Command::Services(arguments) => services::run(arguments, shell),
        Command::Config(arguments) => config::run(arguments, shell),
        Command::Routes(arguments) => routes::run(arguments, shell),
        Command::Doctor(arguments) => doctor::run(&arguments, shell),
        Command::Explain(arguments) => explain::run(&arguments, shell),
        Command::Deploy(arguments) => deploy::run(arguments, shell),
        Command::Completions(arguments) => completions::run(&arguments, shell),
        Command::Man(arguments) => man::run(&arguments, shell),
    }
}
