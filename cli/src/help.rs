//! What the command tells of itself.

use clap::error::Result;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use crate::cli::Cli;
use crate::shell::{GAP, Shell, WIDTH, columns, fit, wrap};

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
        let text = flowing(&text.to_string(), width);
        command = command.after_help(fit(&text, width));
    }
    command.mut_subcommands(|below| fitting(below, width))
}

/// Paragraphs that are too wide, in lines anew.
fn flowing(text: &str, width: usize) -> String {
    let is_prose = |line: &&str| !line.is_empty() && !line.starts_with(' ') && !line.contains(GAP);
    let lines: Vec<&str> = text.lines().collect();
    let parts = lines.chunk_by(|a, b| is_prose(a) && is_prose(b)).map(|lines| match lines {
        [first, ..] if is_prose(first) && lines.iter().any(|line| columns(line) > width) => {
            wrap(&lines.join(" "), width).join("\n")
        }
        lines => lines.join("\n"),
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_that_is_too_wide_flows_and_examples_stay() {
        let text = "one two three four\nfive six\n\nbia run  one two three\nbia new  one";
        assert_eq!(flowing(text, 40), text);
        assert_eq!(
            flowing(text, 14),
            "one two three\nfour five six\n\nbia run  one two three\nbia new  one"
        );
    }
}
