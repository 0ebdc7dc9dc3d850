//! `bia config set`: a change of settings, from what was typed to what is in Consul.

mod check;
mod framework;
mod plan;
mod start;

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::runtime::block_on;
use crate::shell::Shell;

use super::centre::{Held, text};
use super::commit::{Change, commit};
use super::compare::{coloured, unified};
use super::edit::Edit;
use super::mask::masked;
use super::place::Place;
use super::sign::key_pairs;

use self::check::{check, is_new, layers, must_sign, warn};
use self::plan::{Plan, plan};

/// Changes settings in Consul: in their place, comments and order kept.
///
/// A value is read as a service reads `--set`: `5s`, `true`, `[a, b]`, `{pool: 8}`; what looks like a
/// number is what its setting takes. Before anything is written the layer, and a change that is staged in
/// it, is checked against the service's JSON Schema; which one that was is said. If somebody changed it meanwhile, nothing is written. Services that run have the
/// change within a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config set server.timeout=5s data.pool=32\n  \
    bia config set --layer app.prod.yaml data.pool=64 --dry-run\n  \
    bia config set --staged bigger-pool data.pool=32   # one instance first, then more\n  \
    bia config set --unset rollout data.pool=32        # when all have it\n  \
    bia config set --file app.yaml                     # a whole layer\n  \
    bia config set --restore 7                         # as it was before change 7\n  \
    bia config set server.timeout=5s --key key.pem     # where settings are signed")]
pub(super) struct Arguments {
    /// Settings and their values.
    #[arg(value_name = "KEY.PATH=VALUE", required_unless_present_any = ["unset", "file", "restore"])]
    values: Vec<String>,
    /// Takes a setting or a section away, so that what stands below it holds. May be given several times.
    #[arg(long, value_name = "KEY.PATH")]
    unset: Vec<String>,
    /// The layer to change, `app.prod.yaml`; default: the one that the value in force comes from, else the
    /// only one there is, else `app.yaml`. One that is not there yet is made.
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Replaces a whole layer by this file; the layer is named as the file, unless `--layer` says otherwise.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["values", "unset", "restore", "staged"])]
    file: Option<PathBuf>,
    /// Puts a layer back to what it said before the change of this number in `bia config history`. That is
    /// a change of its own.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["values", "unset", "layer", "staged"])]
    restore: Option<u64>,
    /// Writes the values as a change under `rollout`, by this name: it reaches one instance first, then
    /// more, and is taken back by those that do worse with it.
    #[arg(long, value_name = "ID", conflicts_with = "unset")]
    staged: Option<String>,
    /// The JSON Schema to check against; default: `settings.schema.json` in the folder of the service, else
    /// what its program prints by `--config-schema`, as it was built last, in debug or release.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The private key to sign with, PEM: with the next version, in the same write. Given twice, both sign.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Writes nothing down in the history: for a token that may not.
    #[arg(long)]
    no_history: bool,
    /// Shows what would change, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Shows secrets as they are in what is shown of the change.
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    place: Place,
}

impl Arguments {
    /// Whether a layer is replaced, whatever it says.
    fn is_whole(&self) -> bool {
        self.file.is_some() || self.restore.is_some()
    }
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    // What was typed is looked at before anybody is asked.
    let edits = edits(arguments)?;
    let keys = key_pairs(&arguments.key)?;
    let centre = arguments.place.open()?;
    block_on(async {
        let held = centre.read().await?;
        let plan = plan(arguments, &centre, &held, &edits).await?;
        let before = held.layer(&plan.layer).map(text);
        if before == plan.after {
            shell
                .say(format!("{}{} says so already; nothing was written", held.folder, plan.layer));
            return Ok(());
        }
        check(arguments, &centre, &held, &plan, &edits, shell).await?;
        start::warn(&centre, &layers(&held, &plan), &edits, shell).await?;
        if arguments.staged.is_some() {
            is_new(&centre, &held, &plan).await?;
        }
        warn(&held, &plan, &edits, shell)?;
        must_sign(&centre, &held, &keys)?;
        let diff = difference(&held, &plan, before.as_deref(), arguments.reveal);
        if arguments.dry_run {
            shell.data(coloured(&diff))?;
            shell.status("Would update", format!("{}{}", held.folder, plan.layer));
            return Ok(());
        }
        let change = Change {
            layer: Some((plan.layer.clone(), plan.after.clone())),
            what: plan.what.clone(),
            version: None,
            is_recorded: !arguments.no_history,
        };
        let done = commit(&centre, &held, &change, &keys, shell).await?;
        shell.say(coloured(&diff));
        let verb = match (&before, &plan.after) {
            (None, _) => "Created",
            (_, None) => "Removed",
            _ => "Updated",
        };
        let number = done.number.map_or(String::new(), |it| format!(", change {it}"));
        let version = done.version.map_or(String::new(), |it| format!(", signed version {it}"));
        shell.status(verb, format!("{}{}{number}{version}", held.folder, plan.layer));
        Ok(())
    })
}

fn edits(arguments: &Arguments) -> Result<Vec<Edit>> {
    let mut edits: Vec<Edit> =
        arguments.unset.iter().map(|it| Edit::unset(it)).collect::<Result<_>>()?;
    for (at, edit) in edits.iter().enumerate() {
        let others = edits.iter().enumerate().filter(|(other, _)| *other != at);
        let above = others.map(|(_, it)| it).find(|it| edit.path().starts_with(it.path()));
        if let Some(above) = above {
            return Err(Error::usage(format!(
                "`--unset {}` takes {} away already",
                above.key(),
                edit.key()
            ))
            .with_hint("leave one of them away"));
        }
    }
    let values: Vec<Edit> =
        arguments.values.iter().map(|it| Edit::parse(it)).collect::<Result<_>>()?;
    for (at, edit) in values.iter().enumerate() {
        if let Some(other) = values[..at]
            .iter()
            .find(|it| it.path().starts_with(edit.path()) || edit.path().starts_with(it.path()))
        {
            let told = match other.path() == edit.path() {
                true => format!("{} is given twice", edit.key()),
                false => {
                    format!("{} and {} are given, and one is in the other", other.key(), edit.key())
                }
            };
            return Err(Error::usage(told).with_hint("leave one of them away"));
        }
    }
    let Some(id) = &arguments.staged else {
        edits.extend(values);
        return Ok(edits);
    };
    edits.push(Edit::parse(&format!("rollout.id={id}"))?);
    // How it is rolled out is no part of the change.
    edits.extend(values.into_iter().map(|it| match it.path().first().map(String::as_str) {
        Some("rollout") => it,
        _ => it.below(&["rollout", "change"]),
    }));
    Ok(edits)
}

fn difference(held: &Held, plan: &Plan, before: Option<&str>, reveal: bool) -> String {
    let after = plan.after.as_deref().unwrap_or_default();
    let name = format!("{}{}", held.folder, plan.layer);
    let old = before.unwrap_or_default();
    let (old, new) = match reveal {
        true => (old.to_owned(), after.to_owned()),
        false => (masked(&plan.layer, old, None), masked(&plan.layer, after, before)),
    };
    let old_name = if before.is_some() { name.clone() } else { "/dev/null".to_owned() };
    let new_name = if plan.after.is_some() { name } else { "/dev/null".to_owned() };
    unified((&old_name, &old), (&new_name, &new)).unwrap_or_default()
}
