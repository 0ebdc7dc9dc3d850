//! `bia config verify`: whether services take what is there, and if not, why.

use std::io::ErrorKind;
use std::path::PathBuf;

use bia::config::trust::{MANIFEST, Manifest, PublicKey, SIGNATURE, TrustSettings, check, sum};
use bia::config::{Document, Snapshot, Variables};
use clap::Args;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::runtime::block_on;
use crate::shell::{Look, Shell, Table};

use super::edit;
use super::place::Place;
use super::sign::{below, folder_documents};

/// Tells of each document whether it is as it was signed. Exit code 1 if a service refuses them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config verify --key key.pem.pub\n  \
    bia config verify --folder configs --key key.pem.pub --json")]
pub(super) struct Arguments {
    /// The public key: its text, or a file with it; default: `config.trust.key` of the service.
    #[arg(long, value_name = "PUBLIC")]
    key: Option<String>,
    /// Looks at the files of this folder rather than at the settings in Consul.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["prefix", "consul"])]
    folder: Option<PathBuf>,
    /// Prints JSON: `version`, `created`, `is_signed_by_key`, `is_taken`, `why`, and `documents`, each with
    /// its `name` and `state`: good, altered, missing, extra.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// What there is to judge.
struct Found {
    /// How it is called.
    name: String,
    /// Their names below the folder of the manifest.
    documents: Vec<Document>,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let (found, trusted) = match &arguments.folder {
        Some(folder) => {
            let own = arguments.place.local(&Variables::of_process()).ok().flatten();
            let trust = own.and_then(|it| it.consul(&Variables::of_process()).ok()).map(|it| it.2);
            let documents = folder_documents(folder)?.into_iter();
            let documents =
                documents.map(|it| Document::new(below(folder, &it).to_owned(), it.bytes));
            (
                Found {
                    name: format!("folder {}", folder.display()),
                    documents: documents.collect(),
                },
                trust,
            )
        }
        None => {
            let centre = arguments.place.open()?;
            let held = block_on(centre.read())?;
            let short = |it: Document| {
                let name = it.name.strip_prefix(&held.folder).unwrap_or(&it.name).to_owned();
                Document::new(name, it.bytes)
            };
            let documents = held.snapshot().documents.into_iter().map(short).collect();
            (Found { name: centre.name(), documents }, Some(centre.trust))
        }
    };
    let trust = trust(arguments.key.as_deref(), trusted)?;
    judge(arguments, &found, &trust, shell)
}

/// Whose signature is asked for.
fn trust(key: Option<&str>, own: Option<TrustSettings>) -> Result<TrustSettings> {
    let own = own.filter(TrustSettings::is_set);
    let Some(key) = key.map(str::to_owned).or_else(|| own.map(|it| it.key)) else {
        return Err(Error::usage("whose signature is asked for is not said")
            .with_hint("give the public key with `--key`, its text or a file; or set config.trust.key of the service"));
    };
    let held = std::fs::read_to_string(key.trim());
    let why = match &held {
        Ok(_) => "the file holds none".to_owned(),
        Err(cause) if cause.kind() == ErrorKind::NotFound => "there is no such file".to_owned(),
        Err(cause) => format!("the file cannot be read: {cause}"),
    };
    let text = held.unwrap_or_else(|_no_file| key.clone());
    let Some(public) = PublicKey::parse(&text) else {
        let error = Error::new(format!("{key} is no public key of ed25519, and {why}"));
        return Err(match text.contains("PRIVATE KEY") {
            true => {
                error.with_hint("it is the private one; the public one lies beside it, as FILE.pub")
            }
            false => error.with_hint("expected PEM, base64 of it, or the path of a file with one"),
        });
    };
    let mut trust = TrustSettings::default();
    trust.key = public.to_string();
    Ok(trust)
}

fn judge(arguments: &Arguments, found: &Found, trust: &TrustSettings, shell: &Shell) -> Result<()> {
    let document = |name: &str| found.documents.iter().find(|it| it.name == name);
    let (text, signature) = (document(MANIFEST), document(SIGNATURE));
    let manifest: Option<Manifest> = text.and_then(|it| serde_json::from_slice(&it.bytes).ok());
    let public = PublicKey::parse(&trust.key);
    let is_signed = matches!((&public, text, signature), (Some(public), Some(text), Some(signature))
        if public.verifies(&text.bytes, &signature.bytes));
    let states = states(&found.documents, manifest.as_ref());
    // A service's own word on it, and then whether it can read what it trusts.
    let taken = check(trust, &found.name, Snapshot::of(found.documents.clone()))
        .map_err(|it| it.to_string())
        .and_then(|snapshot| {
            let read = |it: &Document| edit::read(&it.name, &String::from_utf8_lossy(&it.bytes));
            snapshot
                .documents
                .iter()
                .try_for_each(|it| read(it).map(drop))
                .map_err(|it| it.to_string())
        });
    let version = manifest.as_ref().map(|it| it.version);
    if arguments.json {
        let documents: Vec<Value> =
            states.iter().map(|(name, state)| json!({"name": name, "state": state})).collect();
        shell.data(json!({
            "version": version,
            "created": manifest.as_ref().map(|it| &it.created),
            "is_signed_by_key": is_signed,
            "is_taken": taken.is_ok(),
            "why": taken.as_ref().err(),
            "documents": documents,
        }))?;
    } else {
        let mut table = Table::new(["DOCUMENT", "STATE"]);
        for (name, state) in &states {
            let look = if *state == "good" { Look::Good } else { Look::Bad };
            table.row([(name.clone(), Look::Plain), ((*state).to_owned(), look)]);
        }
        if !table.is_empty() {
            shell.data(table.render(shell.columns()))?;
        }
        if let Some(manifest) = &manifest {
            let by = if is_signed { "signed by" } else { "not signed by" };
            shell.say(format!(
                "version {} of {}, {by} {}",
                manifest.version, manifest.created, trust.key
            ));
        }
    }
    match taken {
        Ok(()) => {
            shell.status("Good", format!("a service that starts takes {}", found.name));
            Ok(())
        }
        Err(why) => Err(Error::new(format!("a service refuses it: {why}")).with_hint(format!(
            "what is right as it stands is signed with `bia config sign{} --key FILE`",
            arguments
                .folder
                .as_ref()
                .map_or(String::new(), |it| format!(" --folder {}", it.display()))
        ))),
    }
}

/// What has become of each document since it was signed.
fn states(documents: &[Document], manifest: Option<&Manifest>) -> Vec<(String, &'static str)> {
    let layers = documents.iter().filter(|it| !matches!(it.name.as_str(), MANIFEST | SIGNATURE));
    let mut states: Vec<(String, &str)> = layers
        .map(|it| {
            let signed = manifest.and_then(|manifest| manifest.documents.get(&it.name));
            let state = match signed {
                None => "extra",
                Some(signed) if sum(&it.bytes).eq_ignore_ascii_case(signed) => "good",
                Some(_) => "altered",
            };
            (it.name.clone(), state)
        })
        .collect();
    let missing = manifest.into_iter().flat_map(|it| it.documents.keys());
    let missing = missing.filter(|name| !documents.iter().any(|it| it.name == **name));
    states.extend(missing.map(|it| (it.clone(), "missing")));
    states.sort();
    states
}
