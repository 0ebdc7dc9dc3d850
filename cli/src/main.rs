//! `bia`: from nothing to a service in production form, and every day after.

mod change;
mod cli;
mod command;
mod error;
mod handler;
mod mistake;
mod nearest;
mod paths;
mod project;
mod protofile;
mod remote;
mod runtime;
mod rustfmt;
mod scaffold;
mod shell;
mod splice;

use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use shell::Shell;

fn main() -> ExitCode {
    if let Some(code) = command::run::shim::take_over() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mistake) => return mistake::end(&mistake),
    };
    let shell = Shell::new(&cli.talk);
    match command::run(cli.command, &shell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
