//! `bia services`: who is in the registries.

mod look;
mod looker;
mod probe;
mod show;
#[cfg(test)]
mod tests;
mod watch;

use clap::Args;

use crate::error::{Error, Result};
use crate::remote::{Registry, Whereabouts, nobody, not_made, warn};
use crate::runtime;
use crate::shell::Shell;

use self::looker::Looker;

/// Shows who is in the registry: where, how they do, which version.
///
/// Each instance that speaks gRPC is asked for its health. Where there is more than one registry to look
/// into, that of this machine and each that the services here use, it is shown which one each is in. With
/// the word `watch`, goes on showing until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
bia services                          everybody: on this machine, and where the services here register
bia services user-service watch       one service, as instances come and go
bia services watch --json             a line for each change, with everybody in it
bia services --consul consul:8500     in this Consul alone")]
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
    ///
    /// Where there is more than one registry: `registries` instead, each with `registry` and, if it could
    /// not be asked, `error`; and each instance says in `registry` where it is.
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
        let registries = arguments.whereabouts.registries()?.open(&shell)?;
        if registries.is_empty() {
            return Err(Error::usage("there is no registry to look into: --registry none")
                .with_hint("leave it away, or say which: --registry local, --registry consul"));
        }
        let looker = Looker::new(registries, names, !arguments.no_health);
        match is_watch {
            true => watch::run(looker, is_json, &shell).await,
            false => once(looker, is_json, &shell).await,
        }
    });
    match done {
        // That is how a watch ends.
        Err(error) if is_watch && error.is_interrupt() => {
            shell.leave_line();
            Ok(())
        }
        done => done,
    }
}

async fn once(mut looker: Looker, is_json: bool, shell: &Shell) -> Result<()> {
    let seen = looker.look().await?;
    let faults: Vec<_> = looker.faults().collect();
    faults.iter().for_each(|fault| warn(fault, shell));
    if let Some(name) = looker.names().iter().find(|name| !seen.has(name)) {
        return Err(nobody(name, &looker.answering()).await);
    }
    if is_json {
        shell.data(seen.document())?;
    } else if !seen.instances.is_empty() {
        shell.data(show::table(&seen, shell.columns()))?;
    }
    let answering = looker.answering();
    let places: Vec<_> = answering.iter().map(Registry::describe).collect();
    match (seen.instances.is_empty(), faults.is_empty()) {
        // Those that are not there may be in the one that did not answer.
        (true, false) => Err(Error::new(format!(
            "nobody is registered in {}, and not every registry could be asked",
            places.join(", nor in ")
        ))),
        (true, true) if !is_json => {
            shell.say(format_args!("nobody is registered in {}", places.join(", nor in ")));
            let hint = match answering.as_slice() {
                [only] => only.missing().map(not_made),
                _ => None,
            };
            let hint = hint.unwrap_or_else(|| {
                "start a service with `bia run`, or name another registry: --consul ADDRESS".into()
            });
            shell.hint(hint);
            Ok(())
        }
        _ => Ok(()),
    }
}
