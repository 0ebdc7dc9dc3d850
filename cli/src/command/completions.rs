//! `bia completions`: what makes a shell complete this command.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell as Kind, generate};

use crate::cli::Cli;
use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
#[command(
    after_help = "bash:        bia completions bash > ~/.local/share/bash-completion/completions/bia\n\
zsh:         bia completions zsh > ~/.zfunc/_bia            (~/.zfunc in $fpath)\n\
fish:        bia completions fish > ~/.config/fish/completions/bia.fish\n\
PowerShell:  bia completions powershell >> $PROFILE"
)]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    kind: Kind,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let mut script = Vec::new();
    generate(arguments.kind, &mut Cli::command(), "bia", &mut script);
    script.flush()?;
    shell.data(String::from_utf8_lossy(&script).trim_end())
}
