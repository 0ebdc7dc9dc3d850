//! `bia man`: the manual.

mod markdown;

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use crate::change::{Changes, Manner};
use crate::cli::{Cli, Writing};
use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Writes a page for each command into this folder, `bia.1`, `bia-new.1` and so on, rather than
    /// printing the first.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Prints all of it as one page of Markdown.
    #[arg(long, conflicts_with = "to")]
    markdown: bool,
    #[command(flatten)]
    writing: Writing,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let mut whole = Cli::command();
    whole.build();
    if arguments.markdown {
        return shell.data(markdown::page(&whole).trim_end());
    }
    let Some(folder) = &arguments.to else {
        let page = page(&whole)?;
        return shell.data(String::from_utf8_lossy(&page).trim_end());
    };
    let mut changes = Changes::below(folder);
    pages(&whole, "bia", &mut changes)?;
    changes.apply(Manner::from(arguments.writing), shell)
}

fn pages(command: &Command, name: &str, changes: &mut Changes) -> Result<()> {
    let named = command.clone().display_name(name.to_owned()).bin_name(name.replace('-', " "));
    changes.write(format!("{name}.1"), page(&named)?);
    for below in command.get_subcommands().filter(|it| it.get_name() != "help") {
        pages(below, &format!("{name}-{}", below.get_name()), changes)?;
    }
    Ok(())
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}
