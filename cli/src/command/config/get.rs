//! `bia config get`: what is in force by the centre, and where it comes from.

use bia::config::{Secrets, Setting, Tree, nearest};
use clap::Args;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::runtime::block_on;
use crate::shell::Shell;

use super::centre::{Centre, Held, text};
use super::edit;
use super::place::Place;

/// Prints the settings in Consul, or one of them, with the layer and line that they come from.
///
/// The layers are merged as a service does it. What its own files, variables and flags say besides, and
/// which defaults hold, is at `/config` of the running service and in its `--print-config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config get                              # all, as YAML\n  \
    bia config get data.pool                    # one value\n  \
    bia config get --prefix config/users --json\n  \
    bia config get --layer app.yaml --raw > app.yaml")]
pub(super) struct Arguments {
    /// A setting, `server.timeout`, or a section, `server`; default: all.
    #[arg(value_name = "KEY.PATH")]
    key: Option<String>,
    /// Only what this layer says, `app.yaml`; default: all layers, merged.
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Prints the text of the layer as it stands, byte for byte: its secrets too.
    #[arg(long, conflicts_with_all = ["key", "json"])]
    raw: bool,
    /// Shows secrets as they are; default: `***`.
    #[arg(long)]
    reveal: bool,
    /// Prints JSON: for each setting `key`, `value`, `layer`, `line`, `is_secret`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let centre = arguments.place.open()?;
    block_on(async {
        let held = centre.read().await?;
        if held.layers.is_empty() {
            return Err(Error::new(format!("there are no settings at {}", centre.name())).with_hint(
                "write the first with `bia config set KEY=VALUE`; a token that may not read them sees none either",
            ));
        }
        if arguments.raw {
            return raw(arguments.layer.as_deref(), &held, shell);
        }
        let tree = match &arguments.layer {
            Some(name) => held.tree_of(held.the_layer(name)?)?,
            None => held.tree()?,
        };
        print(arguments, &centre, &held, &tree, shell)
    })
}

fn raw(layer: Option<&str>, held: &Held, shell: &Shell) -> Result<()> {
    let key = match (layer, held.layers.as_slice()) {
        (Some(name), _) => held.the_layer(name)?,
        (None, [only]) => only,
        (None, _) => {
            return Err(Error::usage("there are several layers, and it is not said which")
                .with_hint(format!("add `--layer NAME`; there are: {}", held.names().join(", "))));
        }
    };
    let text = text(key);
    // Whoever prints ends the line.
    shell.data(text.strip_suffix('\n').unwrap_or(&text))
}

fn print(
    arguments: &Arguments,
    centre: &Centre,
    held: &Held,
    tree: &Tree,
    shell: &Shell,
) -> Result<()> {
    let secrets = if arguments.reveal { Secrets::Revealed } else { Secrets::Masked };
    let all = tree.settings();
    let Some(key) = &arguments.key else {
        if arguments.json {
            return shell.data(Value::from(
                all.iter().map(|it| object(it, tree, secrets)).collect::<Vec<_>>(),
            ));
        }
        shell.say(format!("{}: {}", centre.name(), held.names().join(", ")));
        return shell.data(tree.to_yaml(secrets).trim_end());
    };
    let below = format!("{key}.");
    let found: Vec<_> =
        all.iter().filter(|it| it.key() == key || it.key().starts_with(&below)).collect();
    match found.as_slice() {
        [] => Err(missing(key, &all, centre)),
        [one] if one.key() == key => {
            if arguments.json {
                return shell.data(object(one, tree, secrets));
            }
            shell.data(plain(one, tree, secrets))?;
            shell.say(format!("  from {}{}", one.place(), over(one, held, secrets)));
            if one.is_secret() && !arguments.reveal {
                shell.hint("`--reveal` shows it");
            }
            Ok(())
        }
        several if arguments.json => shell.data(Value::from(
            several.iter().map(|it| object(it, tree, secrets)).collect::<Vec<_>>(),
        )),
        several => {
            let width = several.iter().map(|it| it.key().len() + it.text(secrets).len() + 2).max();
            let width = width.unwrap_or_default().min(60);
            for one in several {
                let line = format!("{}: {}", one.key(), one.text(secrets));
                shell.data(format!("{line:width$}  # {}", one.place()))?;
            }
            Ok(())
        }
    }
}

/// A text without quotes, so that a script can use it.
fn plain(setting: &Setting, tree: &Tree, secrets: Secrets) -> String {
    match value(setting, tree) {
        Some(Value::String(text)) if !setting.is_secret() || secrets == Secrets::Revealed => text,
        _ => setting.text(secrets).to_owned(),
    }
}

fn value(setting: &Setting, tree: &Tree) -> Option<Value> {
    let mut value = edit::json(tree).ok()?;
    for part in setting.key().split('.') {
        value = value.get_mut(part)?.take();
    }
    Some(value)
}

fn object(setting: &Setting, tree: &Tree, secrets: Secrets) -> Value {
    let is_shown = !setting.is_secret() || secrets == Secrets::Revealed;
    let value = value(setting, tree).filter(|_| is_shown);
    let (layer, line) = setting.place().rsplit_once(':').unwrap_or_else(|| (setting.place(), ""));
    json!({
        "key": setting.key(),
        "value": value.unwrap_or_else(|| setting.text(secrets).into()),
        "layer": layer,
        "line": line.parse::<u64>().ok(),
        "is_secret": setting.is_secret(),
    })
}

/// The layers below that say something else.
fn over(setting: &Setting, held: &Held, secrets: Secrets) -> String {
    let others = held.layers.iter().filter_map(|key| {
        let tree = held.tree_of(key).ok()?;
        let other = tree.settings().into_iter().find(|it| it.key() == setting.key())?;
        (other.place() != setting.place())
            .then(|| format!("{} ({})", other.place(), other.text(secrets)))
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() { String::new() } else { format!(", over {}", others.join(" and ")) }
}

fn missing(key: &str, all: &[Setting], centre: &Centre) -> Error {
    let sections =
        all.iter().flat_map(|it| it.key().match_indices('.').map(|(at, _)| &it.key()[..at]));
    let known = all.iter().map(Setting::key).chain(sections);
    let error = Error::new(format!("{key} is not set at {}", centre.name()));
    match nearest(key, known) {
        Some(meant) => error.with_hint(format!("did you mean {meant}?")),
        None => error.with_hint("what is in force then, a file's value or a default, is at /config of the running service"),
    }
}
