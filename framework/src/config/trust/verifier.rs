use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::config::{Invalid, Snapshot};

use super::keys::{PublicKey, sum};
use super::manifest::{MANIFEST, Manifest, SIGNATURE};
use super::settings::TrustSettings;
use super::signed::Read;

/// Checks what sources say against a key, and remembers the versions that it has seen.
#[derive(Debug)]
pub(super) struct Verifier {
    key: PublicKey,
    allow_rollback: bool,
    state_file: Option<PathBuf>,
    /// By the name of a source.
    seen: Mutex<BTreeMap<String, Seen>>,
}

/// The greatest version of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    version: u64,
    /// The SHA-256 of its manifest.
    manifest: String,
}

impl Verifier {
    pub(super) fn new(settings: &TrustSettings) -> Result<Self, Invalid> {
        let seen = match &settings.state_file {
            Some(path) => versions(path)?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            key: key(settings.key.trim())?,
            allow_rollback: settings.allow_rollback,
            state_file: settings.state_file.clone(),
            seen: Mutex::new(seen),
        })
    }

    /// The documents, if they are those that were signed.
    pub(super) fn check(&self, source: &str, read: Read) -> Result<Snapshot, Invalid> {
        let refused = |what: String| Invalid::whole(source, format!("not trusted: {what}"));
        let (text, signature) = match (&read.manifest, &read.signature) {
            (Some(manifest), Some(signature)) => (manifest, signature),
            (None, None) => {
                let what = format!(
                    "it is not signed: put {MANIFEST} and {SIGNATURE} there, made with the private key of config.trust.key"
                );
                return Err(refused(what));
            }
            (manifest, _) => {
                let missing = if manifest.is_none() { MANIFEST } else { SIGNATURE };
                return Err(refused(format!("{missing} is missing")));
            }
        };
        if !self.key.verifies(text, signature) {
            let what = format!(
                "{SIGNATURE} holds no signature of {MANIFEST} by the key {} of config.trust.key",
                self.key
            );
            return Err(refused(what));
        }
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| refused(format!("{MANIFEST} is not understood: {error}")))?;
        compare(&read, &manifest).map_err(refused)?;
        self.note(source, &manifest, sum(text)).map_err(refused)?;
        let mut snapshot = read.snapshot;
        snapshot.revision = format!("{}, signed version {}", snapshot.revision, manifest.version);
        Ok(snapshot)
    }

    /// Remembers a version, unless it goes back.
    fn note(&self, source: &str, manifest: &Manifest, sum: String) -> Result<(), String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Seen { version: manifest.version, manifest: sum };
        if let Some(last) = seen.get(source) {
            if *last == now {
                return Ok(());
            }
            let remedy = "sign it with a greater one, or set config.trust.allow_rollback";
            if !self.allow_rollback && now.version < last.version {
                return Err(format!(
                    "its version {} goes back behind {}: {remedy}",
                    now.version, last.version
                ));
            }
            if !self.allow_rollback && now.version == last.version {
                return Err(format!(
                    "its version {} was another one before: {remedy}",
                    now.version
                ));
            }
        }
        let mut next = seen.clone();
        next.insert(source.to_owned(), now);
        if let Some(path) = &self.state_file {
            keep(path, &next).map_err(|error| {
                format!(
                    "its version cannot be kept in config.trust.state_file {}: {error}",
                    path.display()
                )
            })?;
        }
        *seen = next;
        Ok(())
    }
}

/// Whether the documents are those of the manifest.
fn compare(read: &Read, manifest: &Manifest) -> Result<(), String> {
    let mut there = Vec::with_capacity(read.snapshot.documents.len());
    for document in &read.snapshot.documents {
        let below = document.name.strip_prefix(read.folder.as_str());
        let Some((name, signed)) = below.and_then(|it| manifest.documents.get_key_value(it)) else {
            return Err(format!("{} is not in {MANIFEST}", document.name));
        };
        if !sum(&document.bytes).eq_ignore_ascii_case(signed) {
            return Err(format!("{} is not as it was signed in {MANIFEST}", document.name));
        }
        there.push(name);
    }
    match manifest.documents.keys().find(|name| read.is_whole && !there.contains(name)) {
        Some(missing) => Err(format!("{}{missing} is in {MANIFEST} and missing", read.folder)),
        None => Ok(()),
    }
}

/// A key as it is written in the settings, or in the file that they name.
fn key(text: &str) -> Result<PublicKey, Invalid> {
    let invalid = |what: String| Invalid::new("config.trust.key", what);
    if let Some(key) = PublicKey::parse(text) {
        return Ok(key);
    }
    let expected =
        "expected an ed25519 public key: PEM, base64 of it, or the path of a file with one";
    let looks_like_path = text.contains(['/', '.']) && !text.contains(['\n', '=']);
    if !looks_like_path {
        return Err(invalid(expected.to_owned()));
    }
    let held = std::fs::read_to_string(text)
        .map_err(|error| invalid(format!("cannot read file {text}: {error}: {expected}")))?;
    PublicKey::parse(&held).ok_or_else(|| invalid(format!("file {text} holds no key: {expected}")))
}

/// The versions that a file remembers; none if it is not there yet.
fn versions(path: &Path) -> Result<BTreeMap<String, Seen>, Invalid> {
    let invalid = |what: String| {
        let what = format!("cannot read file {}: {what}", path.display());
        Invalid::new("config.trust.state_file", what)
    };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// Writes versions so that a reader, or a machine that loses its power, finds the old or the new.
fn keep(path: &Path, seen: &BTreeMap<String, Seen>) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = std::fs::File::create(&new)?;
    file.write_all(&serde_json::to_vec_pretty(seen)?)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}
