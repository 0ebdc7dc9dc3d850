//! Writes a change into Consul: the layer, its manifest, its signature and the record of it, all of them
//! or none.

use bia::backend::consul::{Applied, Key, Step};
use bia::config::Snapshot;
use bia::config::trust::{KeyPair, MANIFEST, SIGNATURE, check, manifest};

use crate::error::{Error, Result};
use crate::shell::Shell;

use super::centre::{Centre, Held, text};
use super::compare::{coloured, unified};
use super::history::{Entry, Record, now};
use super::mask::masked;

/// Consul takes no more at once.
const MOST_STEPS: usize = 64;
/// So often another number is tried where somebody else took it at the same time.
const ATTEMPTS: usize = 5;
/// How much Consul takes at once, in bytes as they are sent.
const LARGEST: usize = 500 << 10;

/// A change of one layer, or of none: then what is there is signed.
#[derive(Debug)]
pub(super) struct Change {
    /// The layer's name below the folder, and what it says from then on; none removes it.
    pub(super) layer: Option<(String, Option<String>)>,
    /// What is told of it in the history.
    pub(super) what: String,
    /// The version to sign with; default: the next.
    pub(super) version: Option<u64>,
    /// Whether it is written down.
    pub(super) is_recorded: bool,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Committed {
    /// The number of the change in the history.
    pub(super) number: Option<u64>,
    /// The version that was signed.
    pub(super) version: Option<u64>,
}

/// Writes `change` over what was `held`, signed with `keys` if there are any.
pub(super) async fn commit(
    centre: &Centre,
    held: &Held,
    change: &Change,
    keys: &[KeyPair],
    shell: &Shell,
) -> Result<Committed> {
    let mut steps = Vec::new();
    let (mut layers, mut before) = (held.layers.clone(), None);
    if let Some((name, after)) = &change.layer {
        let at = layers.iter().position(|it| held.short(it) == name);
        before = at.map(|at| layers.remove(at));
        let key = format!("{}{name}", held.folder);
        let last = before.as_ref().map_or(0, |it| it.changed);
        steps.push(match after {
            Some(after) => Step::put(&key, after.clone(), last),
            None => Step::remove(&key, last),
        });
    }
    let last = |key: &Option<Key>| key.as_ref().map_or(0, |it| it.changed);
    let at = |name: &str| format!("{}{name}", held.folder);
    let mut version = None;
    if keys.is_empty() {
        // Nobody has begun to sign meanwhile.
        if centre.keys.is_prefix() {
            steps.push(Step::keep(at(MANIFEST), last(&held.manifest)));
        }
    } else {
        let next = match change.version {
            Some(version) => version,
            None => held.signed().map_or(0, |it| it.version) + 1,
        };
        let after = change.layer.as_ref().and_then(|(name, after)| Some((name, after.as_ref()?)));
        let there = layers.iter().map(|it| (held.short(it), it.bytes.as_ref()));
        let all = there.chain(after.map(|(name, after)| (name.as_str(), after.as_bytes())));
        let manifest = manifest(next, &now(), all);
        let signature: String = keys.iter().map(|it| it.sign(manifest.as_bytes())).collect();
        // What is signed is what is there.
        steps.extend(layers.iter().map(|it| Step::keep(&it.name, it.changed)));
        steps.push(Step::put(at(SIGNATURE), signature, last(&held.signature)));
        steps.push(Step::put(at(MANIFEST), manifest, last(&held.manifest)));
        version = Some(next);
        accepted(centre, held, &steps)?;
    }
    let entry = Entry {
        layer: change.layer.as_ref().map(|(name, _)| name.clone()),
        before: before.as_ref().map(text),
        version,
        ..Entry::new(&change.what, change.layer.as_ref().and_then(|(_, after)| after.as_deref()))
    };
    for _ in 0..ATTEMPTS {
        let record = match change.is_recorded {
            true => Some(Record::next(centre, &entry).await?),
            false => None,
        };
        let own = record.iter().flat_map(|it| it.steps.iter().cloned());
        let all: Vec<Step> = steps.iter().cloned().chain(own).collect();
        fits(&all)?;
        match centre.keys.apply(&all).await.map_err(|error| centre.told(&error))? {
            Applied::Whole => {
                return Ok(Committed { number: record.map(|it| it.number), version });
            }
            Applied::Stale(key) if key.starts_with(&centre.history()) => {}
            Applied::Stale(key) => return Err(lost(centre, held, &key, shell).await),
        }
    }
    Err(Error::new("others change these settings all the time; nothing was written")
        .with_hint("try again"))
}

/// Whether a service that trusts whom this one trusts takes what the steps come to.
fn accepted(centre: &Centre, held: &Held, steps: &[Step]) -> Result<()> {
    if !centre.trust.is_set() {
        return Ok(());
    }
    let mut documents = held.snapshot().documents;
    for step in steps {
        match step {
            Step::Put { key, value, .. } => {
                documents.retain(|it| it.name != *key);
                documents.push(bia::config::Document::new(key.clone(), value.clone()));
            }
            Step::Remove { key, .. } => documents.retain(|it| it.name != *key),
            _ => {}
        }
    }
    match check(&centre.trust, centre.keys.place(), Snapshot::of(documents)) {
        Ok(_) => Ok(()),
        Err(invalid) => {
            Err(Error::new(format!("the service would refuse it; nothing was written: {invalid}"))
                .with_hint("sign with the private key that belongs to its config.trust.key"))
        }
    }
}

fn fits(steps: &[Step]) -> Result<()> {
    let bytes: usize = steps
        .iter()
        .map(|step| match step {
            Step::Put { key, value, .. } => key.len() + value.len().div_ceil(3) * 4 + 100,
            step => step.key().len() + 100,
        })
        .sum();
    if steps.len() > MOST_STEPS || bytes > LARGEST {
        return Err(Error::new(format!(
            "{} keys and {} KiB are more than Consul writes at once (64 and 512 KiB); nothing was written",
            steps.len(),
            bytes >> 10
        ))
        .with_hint(match steps.len() > MOST_STEPS {
            true => "what is signed is written with all layers: merge some into one",
            false => "split the layer into smaller ones, such as 10-base.yaml and 20-limits.yaml",
        }));
    }
    Ok(())
}

/// Somebody has changed a key meanwhile: shows what.
async fn lost(centre: &Centre, held: &Held, key: &str, shell: &Shell) -> Error {
    if let Ok(now) = centre.read().await {
        let of = |held: &Held| {
            let all = held.layers.iter().chain(&held.manifest).chain(&held.signature);
            all.clone().find(|it| it.name == key).map(text).unwrap_or_default()
        };
        let (was, is) = (of(held), of(&now));
        let is = masked(key, &is, Some(&was));
        let was = masked(key, &was, None);
        if let Some(diff) =
            unified((&format!("{key} as it was read"), &was), (&format!("{key} now"), &is))
        {
            shell.say(coloured(&diff));
        }
    }
    Error::new(format!("somebody changed {key} meanwhile; nothing was written"))
        .with_hint("look at the change above, and do yours again: it is made of what is there then")
}
