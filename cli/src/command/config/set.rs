//! `bia config set`: a change of settings, from what was typed to what is in Consul.

use std::path::PathBuf;

use bia::config::trust::KeyPair;
use bia::config::{RolloutSettings, Tree, nearest};
use clap::Args;

use crate::error::{About as _, Error, Result};
use crate::runtime::block_on;
use crate::shell::Shell;

use super::centre::{Centre, Held, text};
use super::commit::{Change, commit};
use super::compare::{coloured, unified};
use super::edit::{self, Edit, Format};
use super::history;
use super::mask::masked;
use super::place::Place;
use super::schema::Schema;
use super::sign::key_pairs;

/// The layer that a first setting goes into.
const FIRST: &str = "app.yaml";

/// Changes settings in Consul: in their place, comments and order kept.
///
/// A value is read as a service reads `--set`: `5s`, `true`, `[a, b]`, `{pool: 8}`; what looks like a
/// number is what its setting takes. Before anything is written the layer is checked against the
/// service's JSON Schema. If somebody changed it meanwhile, nothing is written. Services that run have the
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
    /// The JSON Schema to check against; default: `settings.schema.json` of the service, if it is here.
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

/// What one layer is to say.
struct Plan {
    layer: String,
    /// None removes it.
    after: Option<String>,
    /// For the history: the values of secrets are not in it.
    what: String,
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
        check(arguments, &centre, &held, &plan, shell)?;
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
    let values: Vec<Edit> =
        arguments.values.iter().map(|it| Edit::parse(it)).collect::<Result<_>>()?;
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

async fn plan(arguments: &Arguments, centre: &Centre, held: &Held, edits: &[Edit]) -> Result<Plan> {
    if let Some(number) = arguments.restore {
        let entries = history::entries(centre).await?;
        let entry = history::entry(&entries, number)?;
        let Some(layer) = &entry.layer else {
            return Err(Error::new(format!(
                "change {number} only signed: there is nothing to restore"
            ))
            .with_hint("`bia config history` lists the others"));
        };
        if entry.is_cut {
            return Err(Error::new(format!(
                "what {layer} said before change {number} was too long to be kept"
            )));
        }
        let what = format!("restore as before change {number}");
        return Ok(Plan { layer: layer.clone(), after: entry.before.clone(), what });
    }
    if let Some(file) = &arguments.file {
        let after = std::fs::read_to_string(file).about(|| format!("read {}", file.display()))?;
        let own = || file.file_name().map(|it| it.to_string_lossy().into_owned());
        let layer = arguments.layer.clone().or_else(own).unwrap_or_else(|| FIRST.to_owned());
        let layer = named(centre, held, &layer)?;
        return Ok(Plan {
            layer,
            after: Some(after),
            what: format!("set --file {}", file.display()),
        });
    }
    let layer = match &arguments.layer {
        Some(name) => named(centre, held, name)?,
        None => layer_of(centre, held, edits)?,
    };
    let mut after = held.layer(&layer).map(text).unwrap_or_default();
    for it in edits {
        let next = edit::apply(&layer, &after, it)?;
        if let Edit::Unset { .. } = it
            && next == after
        {
            let tree = held.layer(&layer).map(|key| held.tree_of(key)).transpose()?;
            return Err(not_there(it, &layer, tree));
        }
        after = next;
    }
    Ok(Plan { layer, after: Some(after), what: what(edits) })
}

/// A layer by its name, which need not be there yet.
fn named(centre: &Centre, held: &Held, name: &str) -> Result<String> {
    Format::of(name)?;
    let name = name.strip_prefix(&held.folder).unwrap_or(name);
    let is_hidden = name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    if is_hidden || name == bia::config::trust::MANIFEST {
        return Err(Error::usage(format!("{name} is no name of a layer: services read over it")));
    }
    let whole = format!("{}{name}", held.folder);
    if !centre.keys.is_prefix() && whole != centre.keys.place() {
        return Err(Error::usage(format!(
            "the service reads one key only, {}",
            centre.keys.place()
        )));
    }
    Ok(name.to_owned())
}

/// The layer that the values in force come from.
fn layer_of(centre: &Centre, held: &Held, edits: &[Edit]) -> Result<String> {
    if !centre.keys.is_prefix() {
        let place = centre.keys.place();
        return Ok(place.strip_prefix(&held.folder).unwrap_or(place).to_owned());
    }
    if let [only] = held.layers.as_slice() {
        return Ok(held.short(only).to_owned());
    }
    let mut meant: Vec<String> = Vec::new();
    for it in edits {
        let says = |key: &&bia::backend::consul::Key| {
            held.tree_of(key).is_ok_and(|tree| tree.origin(&it.key()).is_some())
        };
        meant.extend(held.layers.iter().rev().find(says).map(|key| held.short(key).to_owned()));
    }
    meant.sort_unstable();
    meant.dedup();
    match meant.as_slice() {
        [] => Ok(FIRST.to_owned()),
        [one] => Ok(one.clone()),
        several => Err(Error::usage(format!(
            "these settings come from several layers: {}",
            several.join(", ")
        ))
        .with_hint("name one with `--layer`, or change them one after the other")),
    }
}

/// What was typed, without the values of what is secret.
fn what(edits: &[Edit]) -> String {
    let told = edits.iter().map(|edit| match edit {
        Edit::Unset { .. } => format!("unset {}", edit.key()),
        Edit::Set { text, .. } => {
            let mut tree = Tree::new();
            drop(tree.add_flag(&format!("{}={text}", edit.key())));
            let shown = tree.settings();
            let shown = shown.iter().map(|it| it.text(bia::config::Secrets::Masked));
            let is_secret = tree.settings().iter().any(bia::config::Setting::is_secret);
            let shown = if is_secret { shown.collect::<Vec<_>>().join(", ") } else { text.clone() };
            format!("set {}={shown}", edit.key())
        }
    });
    let told = told.collect::<Vec<_>>().join(", ");
    match told.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &told[..at]),
        None => told,
    }
}

fn not_there(edit: &Edit, layer: &str, tree: Option<Tree>) -> Error {
    let error = Error::new(format!("{} is not set in {layer}; nothing was written", edit.key()));
    let settings = tree.map(|it| it.settings()).unwrap_or_default();
    match nearest(&edit.key(), settings.iter().map(bia::config::Setting::key)) {
        Some(meant) => error.with_hint(format!("did you mean {meant}?")),
        None => error.with_hint("`bia config get` shows what is set, and where"),
    }
}

/// Whether services will take it, as far as that can be told here.
fn check(
    arguments: &Arguments,
    centre: &Centre,
    held: &Held,
    plan: &Plan,
    shell: &Shell,
) -> Result<()> {
    let mut merged = merged(held, plan)?;
    if merged.section("rollout").is_some() {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Staged {
            rollout: RolloutSettings,
        }
        let rollout = merged.take(&["rollout"]).decode::<Staged>(&[]);
        rollout
            .and_then(|(it, _)| it.rollout.check())
            .map_err(|it| Error::new(format!("{it}; nothing was written")))?;
    }
    let Some(after) = &plan.after else { return Ok(()) };
    match arguments.schema.as_ref().or(centre.schema.as_ref()) {
        Some(path) => Schema::read(path)?.check(&plan.layer, after),
        None => {
            shell.warn("no settings.schema.json is here: only that it can be read was checked");
            Ok(())
        }
    }
}

/// All layers as they would be.
fn merged(held: &Held, plan: &Plan) -> Result<Tree> {
    let mut layers: Vec<(&str, String)> =
        held.layers.iter().map(|key| (held.short(key), text(key))).collect();
    match (layers.iter().position(|(name, _)| *name == plan.layer), &plan.after) {
        (Some(at), Some(after)) => layers[at].1.clone_from(after),
        (Some(at), None) => drop(layers.remove(at)),
        // Where a new one stands among the others tells whoever reads it.
        (None, Some(after)) => layers.push((&plan.layer, after.clone())),
        (None, None) => {}
    }
    let mut tree = Tree::new();
    for (name, text) in layers {
        tree.add_file(name.as_ref(), &text)
            .map_err(|it| Error::new(format!("{it}; nothing was written")))?;
    }
    Ok(tree)
}

/// Tells what stands over a change, so that it does not do what was meant.
fn warn(held: &Held, plan: &Plan, edits: &[Edit], shell: &Shell) -> Result<()> {
    let at = held.layers.iter().position(|it| held.short(it) == plan.layer);
    let mut rollout = None;
    for key in &held.layers {
        let tree = held.tree_of(key)?;
        if tree.origin("rollout.id").is_some() {
            rollout = Some(tree);
        }
    }
    for edit in edits {
        let key = edit.key();
        for above in held.layers.iter().skip(at.map_or(held.layers.len(), |it| it + 1)) {
            if let Some(place) = held.tree_of(above)?.origin(&key) {
                shell.warn(format!("{place} sets {key} too, and stands over {}", plan.layer));
            }
        }
        if let Some(place) =
            rollout.as_ref().and_then(|it| it.origin(&format!("rollout.change.{key}")))
        {
            shell.warn(format!("{place} stages {key}: instances that have that change keep it until rollout is taken away"));
        }
    }
    Ok(())
}

/// A staged change needs a name that was not used before: those who took it back do not take it again.
async fn is_new(centre: &Centre, held: &Held, plan: &Plan) -> Result<()> {
    let id = |tree: &Tree| {
        let all = tree.settings();
        let one = all.iter().find(|it| it.key() == "rollout.id");
        one.map(|it| it.text(bia::config::Secrets::Revealed).to_owned())
    };
    let (now, next) = (id(&held.tree()?), id(&merged(held, plan)?));
    if let Some(now) = now.filter(|it| Some(it) != next.as_ref() && it != "\"\"") {
        return Err(Error::new(format!("the change {now} is being rolled out; nothing was written")).with_hint(
            "end it first: `bia config set --unset rollout KEY=VALUE` where it is good, `--unset rollout` where it is not",
        ));
    }
    if !centre.keys.is_prefix() {
        return Ok(());
    }
    let id = next.unwrap_or_default();
    let used = centre.keys.below(&format!("{}.rollout/{id}/", held.folder)).await;
    if used.map_err(|error| centre.told(&error))?.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("a change was rolled out by the name {id} before; nothing was written"))
        .with_hint("instances remember what they found of it: give it another name"))
}

/// Where settings are signed, what is not signed would be refused.
fn must_sign(centre: &Centre, held: &Held, keys: &[KeyPair]) -> Result<()> {
    if !keys.is_empty() {
        return match centre.keys.is_prefix() {
            true => Ok(()),
            false => {
                Err(Error::usage("a single key has no manifest beside it, so it cannot be signed")
                    .with_hint("keep the layers below a prefix: config.consul.prefix"))
            }
        };
    }
    let why = if held.is_signed() {
        "the settings there are signed"
    } else if centre.trust.is_set() {
        "the service takes only what is signed (config.trust.key)"
    } else {
        return Ok(());
    };
    Err(Error::new(format!(
        "{why}: without a signature services would refuse the change; nothing was written"
    ))
    .with_hint(
        "add `--key FILE`, the private key: it signs with the next version in the same write",
    ))
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
