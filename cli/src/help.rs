//! What the command tells of itself.

use clap::error::Result;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use crate::cli::Cli;
use crate::shell::{Shell, WIDTH, fit};

/// Reads the arguments of this process.
///
/// # Errors
///
/// They make no sense, or ask for help or the version.
pub(crate) fn parse(shell: &Shell) -> Result<Cli> {
    let mut command = fitting(Cli::command(), shell.width().min(WIDTH));
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// A command whose examples fit into `width`; clap sees to the rest.
fn fitting(mut command: Command, width: usize) -> Command {
    if let Some(text) = command.get_after_help() {
        let text = fit(&text.to_string(), width);
        command = command.after_help(text);
    }
    command.mut_subcommands(|below| fitting(below, width))
}
