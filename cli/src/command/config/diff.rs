//! `bia config diff`: what files and Consul, or two layers, say differently.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bia::config::Variables;
use bia::config::trust::{MANIFEST, SIGNATURE};
use clap::Args;
use serde_json::{Value, json};

use crate::error::{About as _, Error, Result};
use crate::runtime::block_on;
use crate::shell::Shell;

use super::centre::{Centre, Held, text};
use super::compare::{coloured, unified};
use super::local::Local;
use super::mask::masked;
use super::place::Place;

/// Compares settings: files with Consul, or layers with each other. Exit code 1 if they differ.
///
/// What is compared is the text, document by document: `-` is what Consul says, `+` what the files say,
/// or what the other layers say. Documents that are on one side only are told too, but for files that
/// were named one by one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config diff                                       # configs/ of the service with Consul\n  \
    bia config diff deploy/app.prod.yaml\n  \
    bia config diff --layer app.yaml --against app.prod.yaml\n  \
    bia config diff --against config/user-service-staging # another folder of keys\n  \
    bia config diff --against order-service/app.yaml      # another service's layer")]
pub(super) struct Arguments {
    /// A file or a folder of files; default: the folder `configs` of the service.
    #[arg(value_name = "FILE|FOLDER", conflicts_with = "against")]
    files: Option<PathBuf>,
    /// What to compare with: a layer, a service of the project, a folder of keys, or a layer in one of these.
    #[arg(long, value_name = "SERVICE/LAYER")]
    against: Option<String>,
    /// Only this layer, `app.yaml`; default: all.
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Shows secrets as they are; default: `***`.
    #[arg(long)]
    reveal: bool,
    /// Prints JSON: for each its `document`, its `state` (same, different, missing of Consul, extra there)
    /// and the `diff`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// The documents of one side by their names, and what the side is called.
struct Side {
    name: String,
    documents: BTreeMap<String, String>,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let centre = arguments.place.open()?;
    let differs = block_on(async {
        let held = centre.read().await?;
        let mut left = Side { name: held.folder.clone(), documents: documents(&held) };
        if let Some(layer) = &arguments.layer {
            let key = held.the_layer(layer)?;
            let name = held.short(key);
            left.documents.retain(|it, _| it == name);
        }
        let right = match &arguments.against {
            Some(other) => other_side(arguments, &centre, &held, other, &mut left).await?,
            None => files(arguments, &centre, &mut left)?,
        };
        report(arguments, &left, &right, shell)
    })?;
    if differs {
        // What differs was told: it is what was asked for, and no error to be explained.
        return Err(Error::new("the settings differ"));
    }
    Ok(())
}

fn documents(held: &Held) -> BTreeMap<String, String> {
    held.layers.iter().map(|key| (held.short(key).to_owned(), text(key))).collect()
}

/// The files that were named, or those of the service.
fn files(arguments: &Arguments, centre: &Centre, left: &mut Side) -> Result<Side> {
    let path = match (&arguments.files, &centre.local) {
        (Some(path), _) => path.clone(),
        (None, Some(local)) => local.configs(),
        (None, None) => {
            return Err(Error::usage("there is no service here whose files could be compared")
                .with_hint("name a file or a folder, or another layer with `--against`"));
        }
    };
    let about = || format!("read {}", path.display());
    if !path.exists() {
        let name = path.display();
        return Err(Error::new(format!("there is no file or folder {name}")).with_hint(format!(
            "files are compared with Consul; a layer that is there is named by `--layer {name}`, \
             what it is compared with by `--against`"
        )));
    }
    if path.is_file() {
        let text = std::fs::read_to_string(&path).about(about)?;
        let own = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let name = arguments.layer.clone().unwrap_or(own);
        left.documents.retain(|it, _| *it == name);
        let folder = path.parent().map_or(String::new(), |it| it.display().to_string());
        return Ok(Side { name: folder, documents: BTreeMap::from([(name, text)]) });
    }
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&path).about(about)? {
        let entry = entry.about(about)?.path();
        let name =
            entry.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        if entry.is_file()
            && is_layer(&name)
            && arguments.layer.as_ref().is_none_or(|it| *it == name)
        {
            let text =
                std::fs::read_to_string(&entry).about(|| format!("read {}", entry.display()))?;
            found.insert(name, text);
        }
    }
    Ok(Side { name: path.display().to_string(), documents: found })
}

fn is_layer(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|it| it.to_str()).unwrap_or_default();
    !name.starts_with('.')
        && name != MANIFEST
        && name != SIGNATURE
        && matches!(ending, "yaml" | "yml" | "toml" | "json")
}

/// A layer of the same folder, another folder, or a layer of that.
async fn other_side(
    arguments: &Arguments,
    centre: &Centre,
    held: &Held,
    other: &str,
    left: &mut Side,
) -> Result<Side> {
    let one = |held: &Held, name: &str, left: &mut Side| -> Result<Side> {
        let key = held.the_layer(name)?;
        let [only] = left.documents.keys().cloned().collect::<Vec<_>>().try_into().or_else(
            |all: Vec<String>| match all.iter().find(|it| *it == name) {
                Some(same) if held.folder != left.name => Ok([same.clone()]),
                _ => Err(Error::usage(format!("which layer is compared with {name} is not said"))
                    .with_hint(format!("add `--layer NAME`; there are: {}", all.join(", ")))),
            },
        )?;
        left.documents.retain(|it, _| *it == only);
        // Two layers of different names are compared as one document.
        Ok(Side { name: key.name.clone(), documents: BTreeMap::from([(only, text(key))]) })
    };
    if held.layer(other).is_some() {
        return one(held, other, left);
    }
    let (folder, layer) = match other.rsplit_once('/') {
        Some((folder, layer)) if is_layer(layer) => (folder, Some(layer)),
        _ => (other, None),
    };
    if layer.is_none() && is_layer(other) {
        held.the_layer(other)?;
    }
    // A service of the project, or else a folder of keys at the same Consul.
    let is_service =
        centre.local.is_some() && Local::find(Some(folder), &Variables::of_process()).is_ok();
    let place = match is_service {
        true => Place { service: Some(folder.to_owned()), prefix: None, ..arguments.place.clone() },
        false => Place { prefix: Some(folder.to_owned()), ..arguments.place.clone() },
    };
    let other = place.open()?;
    let theirs = other.read().await?;
    if theirs.layers.is_empty() {
        return Err(Error::new(format!("there are no settings at {}", other.name())));
    }
    if let Some(layer) = layer {
        return one(&theirs, layer, left);
    }
    let mut documents = documents(&theirs);
    documents.retain(|it, _| arguments.layer.as_ref().is_none_or(|layer| layer == it));
    Ok(Side { name: theirs.folder, documents })
}

/// Tells what differs; whether anything does.
fn report(arguments: &Arguments, left: &Side, right: &Side, shell: &Shell) -> Result<bool> {
    let names: BTreeSet<&String> = left.documents.keys().chain(right.documents.keys()).collect();
    let mut all = Vec::new();
    for name in &names {
        let (old, new) = (left.documents.get(*name), right.documents.get(*name));
        let state = match (old, new) {
            (Some(old), Some(new)) if old == new => "same",
            (Some(_), Some(_)) => "different",
            (None, _) => "missing",
            (_, None) => "extra",
        };
        let (old_text, new_text) = (text_of(old), text_of(new));
        let (before, after) = match arguments.reveal {
            true => (old_text.to_owned(), new_text.to_owned()),
            false => (masked(name, old_text, None), masked(name, new_text, Some(old_text))),
        };
        let diff = unified((&title(left, name, old), &before), (&title(right, name, new), &after));
        all.push(((*name).clone(), state, diff.unwrap_or_default()));
    }
    let differs = all.iter().any(|(_, state, _)| *state != "same");
    if arguments.json {
        let all: Vec<Value> = all
            .iter()
            .map(|(name, state, diff)| json!({"document": name, "state": state, "diff": diff}))
            .collect();
        shell.data(Value::from(all))?;
        return Ok(differs);
    }
    for (_, state, diff) in &all {
        if *state != "same" {
            shell.data(coloured(diff))?;
        }
    }
    if !differs {
        shell.say(format!("{} and {} say the same", left.name, right.name));
    }
    Ok(differs)
}

fn text_of(document: Option<&String>) -> &str {
    document.map(String::as_str).unwrap_or_default()
}

fn title(side: &Side, name: &str, document: Option<&String>) -> String {
    match document {
        None => "/dev/null".to_owned(),
        // One layer that was named whole.
        Some(_) if is_layer(side.name.rsplit('/').next().unwrap_or_default()) => side.name.clone(),
        Some(_) => format!("{}/{name}", side.name.trim_end_matches('/')),
    }
}
