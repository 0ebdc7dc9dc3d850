//! `bia services`: who is in the registry.

mod look;
mod probe;
mod show;
#[cfg(test)]
mod tests;
mod watch;

use clap::Args;

use crate::error::{Error, Result};
use crate::remote::{Whereabouts, nobody};
use crate::runtime;
use crate::shell::Shell;

use self::look::Looker;

/// Shows who is in the registry: where, how they do, which version.
///
/// Each instance that speaks gRPC is asked for its health. With the word `watch`, goes on showing
/// until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
bia services                          everybody
bia services user-service watch       one service, as instances come and go
bia services watch --json             a line for each change, with everybody in it
bia services --consul consul:8500")]
pub(crate) struct Arguments {
    /// The services, by their names; default: all. The word `watch` goes on showing.
    #[arg(value_name = "NAME|watch")]
    words: Vec<String>,
    /// Asks nobody for health; shows what the registry says.
    #[arg(long)]
    no_health: bool,
    /// Prints one document: `registry`, and `instances` with `service`, `instance`, `version`,
    /// `endpoints`, `zone`, `metadata`, `health`, `note` and `startedAt`. With `watch`, one on a line
    /// for each change.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whereabouts: Whereabouts,
}

/// The word that goes on showing.
const WATCH: &str = "watch";

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let (watches, names): (Vec<String>, Vec<String>) =
        arguments.words.into_iter().partition(|word| word == WATCH);
    let (is_watch, is_json, shell) = (!watches.is_empty(), arguments.json, *shell);
    let done = runtime::block_on(async move {
        let registry = arguments.whereabouts.registry()?.ok_or_else(|| {
            Error::new("there is no registry to look into: the settings here say `none`")
                .with_hint("say which with --registry local or --registry consul")
        })?;
        let looker = Looker::new(registry, names, !arguments.no_health);
        match is_watch {
            true => watch::run(looker, is_json, &shell).await,
            false => once(looker, is_json, &shell).await,
        }
    });
    match done {
        // That is how a watch ends.
        Err(error) if is_watch && error.is_interrupt() => Ok(()),
        done => done,
    }
}

async fn once(mut looker: Looker, is_json: bool, shell: &Shell) -> Result<()> {
    let seen = looker.look().await?;
    if let Some(name) = looker.names().iter().find(|name| !seen.has(name)) {
        return Err(nobody(name, looker.registry()).await);
    }
    if is_json {
        return shell.data(seen.document());
    }
    if seen.instances.is_empty() {
        shell.say(format_args!("nobody is registered in {}", seen.registry));
        shell.hint("start a service with `bia run`, or name another registry: --consul ADDRESS");
        return Ok(());
    }
    shell.data(show::table(&seen, shell.width()))
}
