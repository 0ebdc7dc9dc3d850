//! `bia config sign`: a manifest of the settings, and its signature.

use std::path::{Path, PathBuf};

use bia::config::trust::{KeyPair, MANIFEST, Manifest, SIGNATURE, manifest};
use bia::config::{Document, FileSource, Source as _};
use clap::Args;

use crate::change::{Changes, Manner};
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::runtime::block_on;
use crate::shell::Shell;

use super::commit::{Change, commit};
use super::edit::Format;
use super::history::now;
use super::keygen::{NewKey, beside};
use super::place::Place;

/// Signs the settings in Consul, or those of a folder.
///
/// Writes `manifest.json`, which names each document with the SHA-256 of its bytes and has a version that
/// grows, and `manifest.sig`, which holds the signature. In Consul both are written at once, and only if
/// no layer changed meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config sign --key key.pem\n  \
    bia config sign --key key.pem --folder configs\n  \
    bia config sign --new-key key.pem              # the first time\n  \
    bia config sign --key old.pem --key new.pem    # while the key is being changed")]
pub(super) struct Arguments {
    /// The private key to sign with, PEM. Given several times, each signs.
    #[arg(long, value_name = "FILE", required_unless_present = "new_key")]
    key: Vec<PathBuf>,
    /// Makes a pair of keys first, as `bia config keygen` does, and signs with it.
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,
    /// The version; default: one more than that which is there, 1 for the first. Services refuse one that
    /// is not greater than what they saw.
    #[arg(long, value_name = "NUMBER")]
    version: Option<u64>,
    /// Signs the files of this folder rather than the settings in Consul.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["service", "prefix", "consul"])]
    folder: Option<PathBuf>,
    /// Writes nothing down in the history: for a token that may not.
    #[arg(long)]
    no_history: bool,
    /// Says what would be signed, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let mut keys = key_pairs(&arguments.key)?;
    let manner = if arguments.dry_run { Manner::DryRun } else { Manner::Careful };
    if let Some(folder) = &arguments.folder {
        let new = new_key(arguments, &mut keys, manner, shell)?;
        let signed = sign_folder(arguments, folder, &keys, manner, shell)?;
        keep(new, arguments, shell)?;
        if manner != Manner::DryRun {
            shell.status("Signed", signed);
        }
        return Ok(());
    }
    let centre = arguments.place.open()?;
    block_on(async {
        if !centre.keys.is_prefix() {
            return Err(Error::usage(
                "a single key has no manifest beside it, so it cannot be signed",
            )
            .with_hint("keep the layers below a prefix: config.consul.prefix"));
        }
        let held = centre.read().await?;
        if held.layers.is_empty() {
            return Err(Error::new(format!("there are no settings at {} to sign", centre.name()))
                .with_hint("write them first: `bia config set --key FILE` signs as it writes"));
        }
        // What cannot be read is not signed: services would refuse it.
        held.tree()?;
        let last = held.signed().map(|it| it.version);
        let version = version(arguments.version, last)?;
        let new = new_key(arguments, &mut keys, manner, shell)?;
        let names = held.names().join(", ");
        if arguments.dry_run {
            shell.status("Would sign", format!("{names} as version {version}"));
            return Ok(());
        }
        let change = Change {
            layer: None,
            what: format!("sign version {version}"),
            version: Some(version),
            is_recorded: !arguments.no_history,
        };
        commit(&centre, &held, &change, &keys, shell).await?;
        keep(new, arguments, shell)?;
        shell.status("Signed", format!("{}: {names}, version {version}", held.folder));
        Ok(())
    })
}

/// Makes the pair that is asked for, one more of `keys`; nothing of it stays if it signs nothing.
fn new_key(
    arguments: &Arguments,
    keys: &mut Vec<KeyPair>,
    manner: Manner,
    shell: &Shell,
) -> Result<Option<NewKey>> {
    let Some(file) = &arguments.new_key else { return Ok(None) };
    let there = [file.clone(), beside(file)].into_iter().find(|it| it.exists());
    if let Some(there) = there {
        return Err(Error::new(format!(
            "{} is there already; nothing was written",
            there.display()
        ))
        .with_hint(format!(
            "sign with the key that is there by `--key {}`, or take another name for a new one",
            shown(file)
        )));
    }
    let told = if manner == Manner::DryRun { *shell } else { shell.quieter() };
    let (pair, new) = NewKey::write(file, manner, &told)?;
    keys.push(pair);
    Ok(Some(new))
}

/// What signed is kept, and told.
fn keep(new: Option<NewKey>, arguments: &Arguments, shell: &Shell) -> Result<()> {
    let (Some(new), Some(file)) = (new, &arguments.new_key) else { return Ok(()) };
    if !arguments.dry_run {
        shell.status("Created", shown(file));
        shell.status("Created", shown(&beside(file)));
    }
    new.keep(shell)
}

/// Reads private keys.
pub(super) fn key_pairs(files: &[PathBuf]) -> Result<Vec<KeyPair>> {
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|cause| {
            Error::new(format!("cannot read the key {}: {cause}", file.display()))
                .with_hint("`bia config keygen FILE` makes one")
        })?;
        KeyPair::parse(&text).ok_or_else(|| {
            let error = Error::new(format!("{} holds no private key of ed25519", file.display()));
            match text.contains("PUBLIC KEY") || file.extension().is_some_and(|it| it == "pub") {
                true => error.with_hint("it is the public one; signing takes the private one"),
                false => error.with_hint("`bia config keygen` writes one, and so does `openssl genpkey -algorithm ed25519`"),
            }
        })
    };
    files.iter().map(read).collect()
}

/// The version to sign with, after `last`.
fn version(asked: Option<u64>, last: Option<u64>) -> Result<u64> {
    match (asked, last) {
        (Some(asked), Some(last)) if asked <= last => Err(Error::usage(format!(
            "version {asked} is not greater than {last}, which is signed: services would refuse it"
        ))
        .with_hint(format!("leave --version away, for {}", last + 1))),
        (Some(asked), _) => Ok(asked),
        (None, last) => Ok(last.unwrap_or(0) + 1),
    }
}

/// The documents of a folder by their names in it; the manifest's two are not among them.
pub(super) fn folder_documents(folder: &Path) -> Result<Vec<Document>> {
    if !folder.is_dir() {
        return Err(Error::new(format!("{} is no folder", folder.display())));
    }
    let source = FileSource::new(folder);
    let snapshot = block_on(async { source.load().await.map_err(Error::from) })?;
    Ok(snapshot.documents)
}

/// The name of a document below the folder.
pub(super) fn below<'a>(folder: &Path, document: &'a Document) -> &'a str {
    let name = document.name.strip_prefix(&folder.display().to_string());
    name.map_or(document.name.as_str(), |it| it.trim_start_matches('/'))
}

/// Signs the files of a folder; says which, and by which version.
fn sign_folder(
    arguments: &Arguments,
    folder: &Path,
    keys: &[KeyPair],
    manner: Manner,
    shell: &Shell,
) -> Result<String> {
    let all = folder_documents(folder)?;
    let is_layer = |it: &&Document| !matches!(below(folder, it), MANIFEST | SIGNATURE);
    let layers: Vec<&Document> = all.iter().filter(is_layer).collect();
    if layers.is_empty() {
        return Err(Error::new(format!("{} has no settings to sign", folder.display())));
    }
    for it in &layers {
        let name = below(folder, it);
        Format::of(name).map_err(|_unknown| {
            Error::new(format!("{} is no file of settings", it.name))
                .with_hint("a service that is given the folder reads every file in it: keep keys and notes elsewhere")
        })?;
        super::edit::read(name, &String::from_utf8_lossy(&it.bytes))?;
    }
    let there = std::fs::read(folder.join(MANIFEST)).ok();
    let last = there.as_ref().and_then(|it| serde_json::from_slice::<Manifest>(it).ok());
    let version = version(arguments.version, last.map(|it| it.version))?;
    let text =
        manifest(version, &now(), layers.iter().map(|it| (below(folder, it), it.bytes.as_ref())));
    let signature: String = keys.iter().map(|it| it.sign(text.as_bytes())).collect();
    let mut changes = Changes::below(folder);
    for (name, text) in [(SIGNATURE, signature), (MANIFEST, text)] {
        let path = folder.join(name);
        match path.is_file() {
            // To sign anew is what was asked for.
            true => changes.edit(
                name,
                std::fs::read(&path).about(|| format!("read {}", path.display()))?,
                text,
            ),
            false => changes.write(name, text),
        }
    }
    changes.apply(manner, shell)?;
    let names: Vec<&str> = layers.iter().map(|it| below(folder, it)).collect();
    Ok(format!("{}: {}, version {version}", folder.display(), names.join(", ")))
}
