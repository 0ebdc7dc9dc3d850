use std::path::{Path, PathBuf};
#[cfg(feature = "signing")]
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_core::future::BoxFuture;

use crate::config::{Document, Invalid, Snapshot, Source};
use crate::error::Error;

use super::manifest::{MANIFEST, SIGNATURE};
use super::settings::TrustSettings;
#[cfg(feature = "signing")]
use super::verifier::Verifier;

/// More than this no manifest has, in bytes: some ten thousand documents.
const LARGEST: u64 = 1 << 20;

/// Whose settings are taken: everybody's, until a key is set. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust(#[cfg(feature = "signing")] Arc<OnceLock<Verifier>>);

impl Trust {
    /// Demands signatures from now on, if the settings have a key.
    ///
    /// # Errors
    ///
    /// If the key is none, or the file of versions cannot be read.
    #[cfg(feature = "signing")]
    pub(crate) fn set(&self, settings: &TrustSettings) -> Result<(), Invalid> {
        if settings.is_set() {
            // Set once, at the start: the section `config` does not change while a process runs.
            self.0.set(Verifier::new(settings)?).ok();
        }
        Ok(())
    }

    #[cfg(not(feature = "signing"))]
    #[expect(clippy::unused_self, reason = "the same shape with and without the feature")]
    pub(crate) fn set(&self, settings: &TrustSettings) -> Result<(), Invalid> {
        match settings.is_set() {
            true => Err(Invalid::new(
                "config.trust.key",
                "this program was built without signatures: add the feature \"signing\" to bia in its Cargo.toml",
            )),
            false => Ok(()),
        }
    }

    #[cfg(feature = "signing")]
    fn check(&self, source: &str, read: Read) -> Result<Snapshot, Invalid> {
        match self.0.get() {
            Some(verifier) => verifier.check(source, read),
            None => Ok(read.snapshot),
        }
    }

    #[cfg(not(feature = "signing"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the same shape with and without the feature"
    )]
    fn check(&self, _: &str, read: Read) -> Result<Snapshot, Invalid> {
        Ok(read.snapshot)
    }
}

/// Takes the documents of a source as a service does that starts with these settings: all that is
/// signed, without its manifest, or nothing. No version is remembered.
///
/// ```
/// use bia::config::trust::{KeyPair, MANIFEST, SIGNATURE, TrustSettings, check, manifest};
/// use bia::config::{Document, Snapshot};
///
/// let key = KeyPair::generate().expect("the system has randomness");
/// let mut trust = TrustSettings::default();
/// trust.key = key.public().to_string();
/// let manifest = manifest(7, "", [("app.yaml", &b"greeting: hello"[..])]);
/// let mut documents = vec![Document::new("app.yaml", "greeting: hello")];
/// let refused = check(&trust, "folder configs", Snapshot::of(documents.clone()));
/// assert!(refused.unwrap_err().to_string().contains("it is not signed"));
/// documents.push(Document::new(SIGNATURE, key.sign(manifest.as_bytes())));
/// documents.push(Document::new(MANIFEST, manifest));
/// let taken = check(&trust, "folder configs", Snapshot::of(documents)).expect("it is signed");
/// assert_eq!(taken.documents.len(), 1);
/// ```
///
/// # Errors
///
/// If the key is none, or for any of the reasons for which a service refuses what is not signed.
#[cfg(feature = "signing")]
pub fn check(
    settings: &TrustSettings,
    source: &str,
    snapshot: Snapshot,
) -> Result<Snapshot, Invalid> {
    let settings = TrustSettings { state_file: None, ..settings.clone() };
    Verifier::new(&settings)?.check(source, apart(snapshot))
}

/// What a source has said, its manifest apart.
pub(super) struct Read {
    pub(super) snapshot: Snapshot,
    /// The folder of the manifest, with its slash at the end, as the names of documents have it.
    pub(super) folder: String,
    pub(super) manifest: Option<Bytes>,
    pub(super) signature: Option<Bytes>,
    /// Whether every document of the manifest must be there.
    #[cfg_attr(not(feature = "signing"), expect(dead_code, reason = "only signatures ask"))]
    pub(super) is_whole: bool,
}

/// A source of which is taken what is signed. Without a key all is, but the manifest's documents,
/// which are no settings.
pub(crate) struct Signed<S> {
    source: S,
    trust: Trust,
    /// The folder where the manifest lies if the source does not have it: that of a single file.
    beside: Option<PathBuf>,
}

impl<S: Source> Signed<S> {
    /// A source that has its manifest among its documents.
    pub(crate) fn new(source: S, trust: Trust) -> Self {
        Self { source, trust, beside: None }
    }

    /// A source of some files of a folder, in which their manifest lies; it may list others too.
    pub(crate) fn files(source: S, trust: Trust, folder: &Path) -> Self {
        Self { source, trust, beside: Some(folder.to_owned()) }
    }

    async fn read(&self) -> Result<Snapshot, Error> {
        let snapshot = self.source.load().await?;
        let mut read = apart(snapshot);
        if let Some(folder) = &self.beside {
            read = Read { is_whole: false, ..read };
            if read.manifest.is_none() {
                read.folder = format!("{}/", folder.display()).replace("//", "/");
                read.manifest = beside(&folder.join(MANIFEST)).await?;
                read.signature = beside(&folder.join(SIGNATURE)).await?;
            }
        }
        self.trust.check(&self.source.name(), read).map_err(|invalid| {
            Error::internal("CONFIG_UNTRUSTED", invalid.to_string()).with_source(invalid)
        })
    }
}

impl<S: Source> Source for Signed<S> {
    fn name(&self) -> String {
        self.source.name()
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        Box::pin(self.read())
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        self.source.changed()
    }
}

/// Takes the manifest out of a snapshot: the signed one that lies highest.
fn apart(mut snapshot: Snapshot) -> Read {
    let folders = snapshot.documents.iter().filter_map(|it| folder_of(&it.name, SIGNATURE));
    let folder = folders.min_by_key(|folder| folder.len()).map(str::to_owned);
    let Some(folder) = folder else {
        let (manifest, signature, folder) = (None, None, String::new());
        return Read { snapshot, folder, manifest, signature, is_whole: true };
    };
    let mut take = |name: &str| {
        let at = snapshot
            .documents
            .iter()
            .position(|Document { name: it, .. }| it.strip_prefix(folder.as_str()) == Some(name))?;
        Some(snapshot.documents.remove(at).bytes)
    };
    let (manifest, signature) = (take(MANIFEST), take(SIGNATURE));
    Read { snapshot, folder, manifest, signature, is_whole: true }
}

/// The folder, with its slash at the end, of a document if this is its name there.
fn folder_of<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    path.strip_suffix(name).filter(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// What a file beside those of a source holds, if it is there.
async fn beside(path: &Path) -> Result<Option<Bytes>, Error> {
    let unreadable = |error: std::io::Error| {
        Error::unavailable("CONFIG_UNREADABLE", format!("cannot read {}: {error}", path.display()))
    };
    match tokio::fs::metadata(path).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(file) if file.len() > LARGEST => {
            return Err(unreadable(std::io::Error::other("it is larger than 1 MiB")));
        }
        Ok(_) => {}
    }
    tokio::fs::read(path).await.map(|bytes| Some(bytes.into())).map_err(unreadable)
}
