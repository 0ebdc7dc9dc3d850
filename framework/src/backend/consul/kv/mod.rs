//! Settings in the keys of Consul: loaded whole, and again as soon as one changes.

mod board;
mod keys;
mod settings;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_core::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use crate::algo::Backoff;
use crate::config::{Document, Snapshot, Source};
use crate::error::{Error, Result};

use super::ConsulSettings;
use super::api::{Api, Entry, Keys, Scope, Since, UNREACHABLE};
use super::pace::Pace;
use super::tls::invalid;
use super::watch::next_index;

pub(crate) use self::board::ConsulBoard;
pub use self::keys::{Applied, ConsulKeys, Key, Step};
pub use self::settings::ConsulSourceSettings;

/// Where its settings stand, for errors.
const SECTION: &str = "config.consul";

/// What is under the keys cannot be settings.
const UNREADABLE: &str = "CONSUL_KEYS_UNREADABLE";

/// After a failure, the first pause and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// A key of Consul, or all below a prefix, as layers of the configuration.
///
/// Changes are waited for by a blocking query, so that one is known within milliseconds; a few may
/// follow each other at once, and then they are read five times a second, the last one always. While
/// Consul cannot be asked, what was loaded before stays in force. A prefix without a key is no error
/// at the start: the other layers are all there is.
///
/// ```no_run
/// # fn run() -> bia::Result<()> {
/// use bia::backend::consul::{ConsulSettings, ConsulSource, ConsulSourceSettings};
///
/// let settings = ConsulSourceSettings::at("http://127.0.0.1:8500", "config/user-service");
/// let source = ConsulSource::new(&settings, &ConsulSettings::default())?;
/// # drop(source);
/// # Ok(())
/// # }
/// ```
pub struct ConsulSource {
    api: Api,
    scope: Scope,
    wait: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Where the next query goes on.
    index: Option<u64>,
    /// What was there when it was last loaded or told: every key with the index of its last change.
    seen: Option<Vec<(String, u64)>>,
    /// Whether any load found keys.
    held: bool,
    /// Whether it was said that there are none.
    empty_told: bool,
    /// When the agent may be asked again, and whether that is because it could not be.
    rest: Option<(Instant, Rest)>,
    backoff: Backoff,
    pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rest {
    /// So that queries do not follow each other too fast.
    Pace,
    /// The last load failed: the next one is tried then.
    Failure,
}

impl ConsulSource {
    /// A source at the agent that the settings name, or else those of the registry. Connects when it
    /// is first used.
    ///
    /// # Errors
    ///
    /// `CONSUL_SETTINGS_INVALID` if both a prefix and a key are set or none, if the address is none, or
    /// a file of certificates cannot be read.
    pub fn new(settings: &ConsulSourceSettings, registry: &ConsulSettings) -> Result<Self> {
        let scope = scope(settings)?;
        let settings = settings.over(registry);
        Ok(Self {
            api: Api::new(&settings, SECTION)?,
            scope,
            wait: settings.longest_wait(),
            state: Mutex::new(State::new()),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<Snapshot> {
        let asked = self.api.keys(&self.scope, None).await;
        let mut state = self.state();
        let keys = match asked.and_then(|keys| self.in_earnest(keys, &state)) {
            Ok(keys) => keys,
            Err(error) => {
                let pause = state.backoff.next_delay(fastrand::f64());
                state.rest = Some((Instant::now() + pause, Rest::Failure));
                state.index = None;
                return Err(error);
            }
        };
        state.backoff.reset();
        if matches!(state.rest, Some((_, Rest::Failure))) {
            state.rest = None;
        }
        state.index = next_index(None, keys.index);
        let filtered = keys.filtered;
        let entries = layers(&self.scope, keys.entries);
        let was_told = std::mem::replace(&mut state.empty_told, entries.is_empty());
        state.seen = Some(marks(&entries));
        state.held |= !entries.is_empty();
        drop(state);
        if entries.is_empty() && !was_told {
            let why = if filtered {
                "the token may not read them"
            } else {
                "or the token may not read them"
            };
            tracing::warn!(source = self.name(), "no key is there, {why}: needs key_prefix:read");
        }
        let documents = entries.into_iter().map(|entry| document(&self.api, entry));
        let documents = documents.collect::<Result<Vec<_>>>()?;
        Ok(Snapshot { documents, revision: keys.index.unwrap_or_default().to_string() })
    }

    /// Waits for a change of what was loaded.
    async fn wait(&self) {
        loop {
            let rest = self.state().rest;
            if let Some((until, why)) = rest {
                sleep_until(until).await;
                if why == Rest::Failure {
                    self.state().rest = None;
                    return;
                }
            }
            let index = self.state().index;
            let asked = Instant::now();
            let since = Since { index, wait: self.wait };
            let answer = self.api.keys(&self.scope, Some(since)).await;
            let now = Instant::now();
            let mut state = self.state();
            let (next, is_new) = match answer {
                Ok(keys) => {
                    let next = next_index(index, keys.index);
                    let marks = Some(marks(&layers(&self.scope, keys.entries)));
                    (next, std::mem::replace(&mut state.seen, marks.clone()) != marks)
                }
                // Whoever loads now is told why.
                Err(_) => (None, true),
            };
            let advances = next.is_some() && next > index;
            let pause = state.pace.after(now, advances, now - asked, self.wait, fastrand::f64());
            state.rest = Some((now + pause, Rest::Pace));
            state.index = next;
            if is_new {
                return;
            }
        }
    }

    /// A server without a leader may be one that has read nothing yet: that there are no keys is
    /// believed only from one that has one.
    fn in_earnest(&self, keys: Keys, state: &State) -> Result<Keys> {
        if keys.known_leader || !keys.entries.is_empty() || !state.held {
            return Ok(keys);
        }
        let base = self.api.base();
        Err(Error::unavailable(
            UNREACHABLE,
            format!("consul at {base} has no leader and lists no keys"),
        ))
    }
}

impl State {
    fn new() -> Self {
        Self {
            index: None,
            seen: None,
            held: false,
            empty_told: false,
            rest: None,
            backoff: Backoff::new(PAUSES.0, PAUSES.1),
            pace: Pace::new(),
        }
    }
}

impl Source for ConsulSource {
    fn name(&self) -> String {
        let (Scope::Key(name) | Scope::Prefix(name)) = &self.scope;
        format!("consul {name}")
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        Box::pin(self.read())
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.wait())
    }
}

impl fmt::Debug for ConsulSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsulSource")
            .field("scope", &self.scope)
            .field("agent", &self.api.base())
            .finish_non_exhaustive()
    }
}

fn scope(settings: &ConsulSourceSettings) -> Result<Scope> {
    let trimmed = |name: &str| name.trim().trim_matches('/').to_owned();
    let (prefix, key) = (trimmed(&settings.prefix), trimmed(&settings.key));
    match (prefix.is_empty(), key.is_empty()) {
        // With its slash, so that `config/users` is not the beginning of `config/users-old` too.
        (false, true) => Ok(Scope::Prefix(format!("{prefix}/"))),
        (true, false) => Ok(Scope::Key(key)),
        (false, false) => Err(invalid(
            "config.consul.prefix and config.consul.key are both set: one of them says what to read",
        )),
        (true, true) => Err(invalid(
            "set config.consul.prefix or config.consul.key: the root is never read whole",
        )),
    }
}

/// The keys that are layers, in their order.
fn layers(scope: &Scope, mut entries: Vec<Entry>) -> Vec<Entry> {
    if let Scope::Prefix(prefix) = scope {
        entries.retain(|entry| {
            let below = entry.key.strip_prefix(prefix.as_str()).unwrap_or(&entry.key);
            below.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
        });
        entries.sort_by(|a, b| stem(&a.key).cmp(stem(&b.key)).then_with(|| a.key.cmp(&b.key)));
    }
    entries
}

fn document(api: &Api, entry: Entry) -> Result<Document> {
    let Entry { key, value, .. } = entry;
    let unreadable = |why: &str| {
        Error::unavailable(UNREADABLE, format!("key {key} at consul {}: {why}", api.base()))
    };
    let bytes = STANDARD
        .decode(value.unwrap_or_default())
        .map_err(|error| unreadable("its value is no base64").with_source(error))?;
    if std::str::from_utf8(&bytes).is_err() {
        return Err(unreadable("its value is no text: keep what is binary elsewhere"));
    }
    Ok(Document { name: key, bytes: Bytes::from(bytes) })
}

/// A name without its ending: `config/app.prod` of `config/app.prod.yaml`.
fn stem(key: &str) -> &str {
    let file = key.rfind('/').map_or(0, |slash| slash + 1);
    key[file..].rfind('.').filter(|dot| *dot > 0).map_or(key, |dot| &key[..file + dot])
}

fn marks(entries: &[Entry]) -> Vec<(String, u64)> {
    entries.iter().map(|entry| (entry.key.clone(), entry.modify_index)).collect()
}

#[cfg(test)]
mod tests;
