//! What a layer is to say: which one is meant, and its text with the change in it.

use bia::config::{Tree, nearest};

use crate::error::{About as _, Error, Result};

use super::super::centre::{Centre, Held, text};
use super::super::edit::{self, Edit, Format};
use super::super::history;
use super::Arguments;

/// The layer that a first setting goes into.
const FIRST: &str = "app.yaml";

/// What one layer is to say.
pub(super) struct Plan {
    pub(super) layer: String,
    /// None removes it.
    pub(super) after: Option<String>,
    /// For the history: the values of secrets are not in it.
    pub(super) what: String,
}

pub(super) async fn plan(
    arguments: &Arguments,
    centre: &Centre,
    held: &Held,
    edits: &[Edit],
) -> Result<Plan> {
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
    if let Some(key) = held.layer(&layer) {
        // Says how one that is broken is put right.
        held.tree_of(key)?;
    }
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
