//! What keeps a change from being written: services would not take it, or would not do what is meant.

use bia::config::trust::KeyPair;
use bia::config::{RolloutSettings, Tree};

use crate::error::{Error, Result};
use crate::shell::Shell;

use super::super::centre::{Centre, Held, by_hand, text};
use super::super::edit::Edit;
use super::super::schema::{Origin, Schema, shown};
use super::plan::Plan;
use super::{Arguments, framework};

/// Whether services will take it, as far as that can be told here.
pub(super) async fn check(
    arguments: &Arguments,
    centre: &Centre,
    held: &Held,
    plan: &Plan,
    edits: &[Edit],
    shell: &Shell,
) -> Result<()> {
    let mut merged = match arguments.is_whole() {
        true => readable(held, plan, shell)?,
        false => merged(held, plan)?,
    };
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
    let own = || Origin::of(centre.local.as_ref().filter(|_| centre.is_own)?);
    let Some(origin) = arguments.schema.clone().map(Origin::File).or_else(own) else {
        framework::check(edits)?;
        shell.warn(
            "nothing but what is the framework's is checked, no schema is here: build the service \
             (`cargo build`), or name with --schema FILE what its --config-schema prints",
        );
        return Ok(());
    };
    if let Some(newer) = origin.newer() {
        shell.warn(format_args!(
            "{} was changed after the service was built, and what may be set is as it was then: \
             `cargo build` brings it up to date",
            shown(newer)
        ));
    }
    shell.say(format_args!("checked by {origin}"));
    Schema::read(origin).await?.check(&plan.layer, after)
}

/// All layers by their names, as they would be.
pub(super) fn layers<'a>(held: &'a Held, plan: &'a Plan) -> Vec<(&'a str, String)> {
    let mut layers: Vec<(&str, String)> =
        held.layers.iter().map(|key| (held.short(key), text(key))).collect();
    match (layers.iter().position(|(name, _)| *name == plan.layer), &plan.after) {
        (Some(at), Some(after)) => layers[at].1.clone_from(after),
        (Some(at), None) => drop(layers.remove(at)),
        // Where a new one stands among the others tells whoever reads it.
        (None, Some(after)) => layers.push((&plan.layer, after.clone())),
        (None, None) => {}
    }
    layers
}

/// The same in one.
fn merged(held: &Held, plan: &Plan) -> Result<Tree> {
    let mut tree = Tree::new();
    for (name, text) in layers(held, plan) {
        add(&mut tree, name, &text, plan)?;
    }
    Ok(tree)
}

/// The same of a layer that is replaced whole: one that is broken beside it keeps nobody from
/// putting this one right, or of two that are broken none could ever be.
fn readable(held: &Held, plan: &Plan, shell: &Shell) -> Result<Tree> {
    let mut tree = Tree::new();
    for (name, text) in layers(held, plan) {
        match add(&mut tree, name, &text, plan) {
            Err(broken) if name != plan.layer => {
                shell.warn(format_args!("{name} cannot be read either: {}", by_hand(name)));
                drop(broken);
            }
            added => added?,
        }
    }
    Ok(tree)
}

fn add(tree: &mut Tree, name: &str, text: &str, plan: &Plan) -> Result<()> {
    tree.add_file(name.as_ref(), text).map_err(|it| {
        let error = Error::new(format!("{it}; nothing was written"));
        match name == plan.layer {
            true => error,
            false => error.with_hint(format!("repair {name} first: {}", by_hand(name))),
        }
    })
}

/// Tells what stands over a change, so that it does not do what was meant.
pub(super) fn warn(held: &Held, plan: &Plan, edits: &[Edit], shell: &Shell) -> Result<()> {
    let at = held.layers.iter().position(|it| held.short(it) == plan.layer);
    let mut rollout = None;
    if edits.is_empty() {
        // A whole layer: what it replaces may be broken.
        return Ok(());
    }
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
pub(super) async fn is_new(centre: &Centre, held: &Held, plan: &Plan) -> Result<()> {
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
pub(super) fn must_sign(centre: &Centre, held: &Held, keys: &[KeyPair]) -> Result<()> {
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
