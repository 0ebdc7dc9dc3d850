//! `bia`: from nothing to a service in production form, and every day after.

mod change;
mod cli;
mod command;
mod error;
mod handler;
mod help;
mod interrupt;
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

use cli::Talk;
use shell::Shell;

fn main() -> ExitCode {
    if let Some(code) = command::run::shim::take_over() {
        return code;
    }
    // Help and what is wrong with the arguments are told before anything is known for certain.
    let shell = Shell::new(&Talk::of(std::env::args_os()));
    let cli = match help::parse(&shell) {
        Ok(cli) => cli,
        Err(mistake) => return mistake::end(&mistake, &shell),
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
