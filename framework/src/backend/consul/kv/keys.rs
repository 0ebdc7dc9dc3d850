use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::backend::consul::ConsulSettings;
use crate::backend::consul::api::{Api, Entry, Operation, Scope};
use crate::config::Document;
use crate::error::Result;

use super::settings::ConsulSourceSettings;

/// The keys that [`ConsulSource`](super::ConsulSource) reads, for tools that look at them and change
/// them: several at once, and none if one was changed meanwhile.
///
/// ```no_run
/// # async fn run() -> bia::Result<()> {
/// use bia::backend::consul::{Applied, ConsulKeys, ConsulSettings, ConsulSourceSettings, Step};
///
/// let settings = ConsulSourceSettings::at("http://127.0.0.1:8500", "config/user-service");
/// let keys = ConsulKeys::new(&settings, &ConsulSettings::default())?;
/// for layer in keys.layers().await? {
///     println!("{} was changed at {}", layer.name, layer.changed);
/// }
/// let put = Step::put("config/user-service/app.yaml", "server: {timeout: 5s}", 0);
/// if let Applied::Stale(key) = keys.apply(&[put]).await? {
///     println!("{key} is there already");
/// }
/// # Ok(())
/// # }
/// ```
pub struct ConsulKeys {
    api: Api,
    scope: Scope,
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The whole of it: `config/user-service/app.yaml`.
    pub name: String,
    /// Its value.
    pub bytes: Bytes,
    /// The index of its last change, which Consul counts up with each.
    pub changed: u64,
}

/// A part of what [`ConsulKeys::apply`] does: all of it is done or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Writes a key whose last change was at `last`: 0 for one that is not there.
    Put {
        /// The key.
        key: String,
        /// What it is to hold.
        value: Bytes,
        /// The index of its last change.
        last: u64,
    },
    /// Removes a key whose last change was at `last`.
    Remove {
        /// The key.
        key: String,
        /// The index of its last change.
        last: u64,
    },
    /// Leaves a key alone, if its last change was at `last`: 0 for one that is not there.
    Keep {
        /// The key.
        key: String,
        /// The index of its last change.
        last: u64,
    },
}

/// What became of several steps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// All were done.
    Whole,
    /// None was: this key was changed meanwhile, or came, or went.
    Stale(String),
}

impl ConsulKeys {
    /// The keys that these settings name, at the agent that they name, or else those of the registry.
    /// Connects when it is first used.
    ///
    /// # Errors
    ///
    /// Those of [`ConsulSource::new`](super::ConsulSource::new).
    pub fn new(settings: &ConsulSourceSettings, registry: &ConsulSettings) -> Result<Self> {
        let scope = super::scope(settings)?;
        // Who changes keys asks the leader, or would lose against what was written long ago.
        let settings = ConsulSettings { stale: false, ..settings.over(registry) };
        Ok(Self { api: Api::new(&settings, super::SECTION)?, scope })
    }

    /// Where the agent answers: `http://127.0.0.1:8500`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.api.base()
    }

    /// The folder of the layers with its slash, `config/user-service/`, or the one key that is read.
    #[must_use]
    pub fn place(&self) -> &str {
        let (Scope::Key(name) | Scope::Prefix(name)) = &self.scope;
        name
    }

    /// Whether all keys below a prefix are read, and not a single one.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        matches!(self.scope, Scope::Prefix(_))
    }

    /// The keys that a service reads, in its order, later over earlier. The two of a manifest are among
    /// them. None is what Consul says too if the token may not read them.
    ///
    /// # Errors
    ///
    /// `CONSUL_UNREACHABLE`, `CONSUL_FORBIDDEN`, `CONSUL_REFUSED`; `CONSUL_KEYS_UNREADABLE` if a value is
    /// no text.
    pub async fn layers(&self) -> Result<Vec<Key>> {
        let keys = self.api.keys(&self.scope, None).await?;
        let layers = super::layers(&self.scope, keys.entries);
        layers.into_iter().map(|entry| self.key(entry)).collect()
    }

    /// Every key whose name begins so, hidden or not, in the order of the names.
    ///
    /// # Errors
    ///
    /// Those of [`layers`](Self::layers).
    pub async fn below(&self, prefix: &str) -> Result<Vec<Key>> {
        let keys = self.api.keys(&Scope::Prefix(prefix.to_owned()), None).await?;
        keys.entries.into_iter().map(|entry| self.key(entry)).collect()
    }

    /// Does all of these steps or, if one of the keys was changed meanwhile, none. Consul takes at most
    /// 64 at once, and 512 KiB.
    ///
    /// # Errors
    ///
    /// `CONSUL_UNREACHABLE`, `CONSUL_FORBIDDEN`, `CONSUL_REFUSED`.
    pub async fn apply(&self, steps: &[Step]) -> Result<Applied> {
        let operations: Vec<Operation> = steps.iter().map(Step::operation).collect();
        let stale = self.api.transact(&operations, self.place()).await?;
        let stale = stale.and_then(|at| steps.get(at));
        Ok(stale.map_or(Applied::Whole, |step| Applied::Stale(step.key().to_owned())))
    }

    fn key(&self, entry: Entry) -> Result<Key> {
        let changed = entry.modify_index;
        let Document { name, bytes } = super::document(&self.api, entry)?;
        Ok(Key { name, bytes, changed })
    }
}

impl Step {
    /// Writes a key whose last change was at `last`: 0 for one that is not there.
    #[must_use]
    pub fn put(key: impl Into<String>, value: impl Into<Bytes>, last: u64) -> Self {
        Self::Put { key: key.into(), value: value.into(), last }
    }

    /// Removes a key whose last change was at `last`.
    #[must_use]
    pub fn remove(key: impl Into<String>, last: u64) -> Self {
        Self::Remove { key: key.into(), last }
    }

    /// Leaves a key alone, if its last change was at `last`: 0 for one that is not there.
    #[must_use]
    pub fn keep(key: impl Into<String>, last: u64) -> Self {
        Self::Keep { key: key.into(), last }
    }

    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> &str {
        let (Self::Put { key, .. } | Self::Remove { key, .. } | Self::Keep { key, .. }) = self;
        key
    }

    fn operation(&self) -> Operation {
        match self {
            Self::Put { key, value, last } => {
                Operation::new("cas", key, *last).with_value(STANDARD.encode(value))
            }
            Self::Remove { key, last } => Operation::new("delete-cas", key, *last),
            Self::Keep { key, last: 0 } => Operation::new("check-not-exists", key, 0),
            Self::Keep { key, last } => Operation::new("check-index", key, *last),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold secrets.
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("changed", &self.changed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ConsulKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsulKeys")
            .field("scope", &self.scope)
            .field("agent", &self.api.base())
            .finish_non_exhaustive()
    }
}

impl From<Key> for Document {
    fn from(key: Key) -> Self {
        Self { name: key.name, bytes: key.bytes }
    }
}
