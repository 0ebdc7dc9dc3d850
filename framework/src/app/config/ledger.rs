//! What became of each change of the settings: those that were taken, with what they changed, and
//! those that were refused, with why.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use prost_types::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::KeyChange;

use super::super::settings::Settings;
use super::candidate::View;

/// How many accepted changes are kept: what happened lately, whatever a writer does.
const CHANGES: usize = 64;

/// How many reasons of refusals are kept.
const REFUSALS: usize = 16;

/// The most characters of a reason: it may quote what somebody wrote.
const REASON: usize = 2048;

/// How many keys of one change are kept, and how many the log names.
const KEYS: usize = 256;
const KEYS_LOGGED: usize = 20;

/// The account of the settings of one process.
pub(crate) struct Ledger {
    /// The number of the settings in force: 1 at the start, one more with each change.
    pub(super) revision: watch::Sender<u64>,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    book: Mutex<Book>,
}

struct Book {
    view: View,
    at: SystemTime,
    since: Instant,
    sources: Vec<SourceState>,
    changes: VecDeque<Change>,
    refusals: VecDeque<Refusal>,
    refused: u64,
}

/// A source, and what it said when it was last loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceState {
    pub(super) name: String,
    /// Of what is in force.
    pub(super) revision: String,
    pub(super) documents: Vec<String>,
    /// Why what it has now is not in force.
    pub(super) error: Option<String>,
}

/// A change that was taken.
struct Change {
    revision: u64,
    at: SystemTime,
    /// The sources that changed, with their own revisions.
    sources: Vec<(String, String)>,
    keys: Vec<KeyChange>,
    /// How many keys more there were.
    more: usize,
}

/// A change that was not taken.
struct Refusal {
    reason: String,
    first: SystemTime,
    last: SystemTime,
    times: u64,
    /// Whether it is what the sources still say.
    stands: bool,
}

/// What is counted of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    /// The number of the settings in force: how many changes were accepted, and one.
    pub(crate) revision: u64,
    /// How often a change was refused, or a source could not be loaded.
    pub(crate) refused: u64,
    /// Whether what the sources say now is not what is in force.
    pub(crate) is_refused: bool,
    /// How long the settings have been in force.
    pub(crate) age: std::time::Duration,
}

impl Ledger {
    pub(super) fn new(settings: Arc<Settings>, view: View, sources: Vec<SourceState>) -> Self {
        Self {
            revision: watch::Sender::new(1),
            settings: watch::Sender::new(settings),
            book: Mutex::new(Book {
                view,
                at: SystemTime::now(),
                since: Instant::now(),
                sources,
                changes: VecDeque::new(),
                refusals: VecDeque::new(),
                refused: 0,
            }),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is in force.
    pub(super) fn view<R>(&self, look: impl FnOnce(&View) -> R) -> R {
        look(&self.book().view)
    }

    /// Writes down what the sources said last.
    pub(super) fn set_sources(&self, sources: Vec<SourceState>) {
        self.book().sources = sources;
    }

    /// The revision that is in force of the source of this name.
    pub(super) fn revision_of(&self, source: &str) -> Option<String> {
        let book = self.book();
        let source = book.sources.iter().rev().find(|it| it.name == source);
        source.map(|it| it.revision.clone())
    }

    /// Writes down where each value stands now, where none is another one.
    pub(super) fn set_view(&self, view: View) {
        self.book().view = view;
    }

    /// Writes down a change that is in force now.
    pub(super) fn accept(&self, view: View, keys: Vec<KeyChange>, sources: Vec<(String, String)>) {
        let revision = *self.revision.borrow() + 1;
        let mut book = self.book();
        book.view = view;
        (book.at, book.since) = (SystemTime::now(), Instant::now());
        let more = keys.len().saturating_sub(KEYS);
        let mut change = Change { revision, at: book.at, sources, keys, more };
        change.keys.truncate(KEYS);
        tracing::info!(
            target: "bia::config",
            revision,
            sources = change.sources_told(),
            changed = change.keys_told(),
            "settings changed"
        );
        keep(&mut book.changes, change, CHANGES);
        drop(book);
        self.revision.send_replace(revision);
    }

    /// Writes down that what the sources say is not put in force; the log has each reason once.
    pub(super) fn refuse(&self, reason: &str) {
        let reason = match reason.char_indices().nth(REASON) {
            Some((at, _)) => &format!("{}…", &reason[..at]),
            None => reason,
        };
        let now = SystemTime::now();
        let mut book = self.book();
        book.refused += 1;
        let known = book.refusals.iter_mut().find(|it| it.stands && it.reason == reason);
        if let Some(refusal) = known {
            refusal.times += 1;
            refusal.last = now;
            return;
        }
        tracing::error!(
            target: "bia::config",
            reason,
            revision = *self.revision.borrow(),
            "settings refused: those in force stay"
        );
        let reason = reason.to_owned();
        let refusal = Refusal { reason, first: now, last: now, times: 1, stands: true };
        keep(&mut book.refusals, refusal, REFUSALS);
    }

    /// Writes down that what the sources say is in force.
    pub(super) fn settle(&self) {
        let mut book = self.book();
        let stood = book.refusals.iter().any(|it| it.stands);
        book.refusals.iter_mut().for_each(|it| it.stands = false);
        drop(book);
        if stood {
            let revision = *self.revision.borrow();
            tracing::info!(target: "bia::config", revision, "the sources say again what is in force");
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let book = self.book();
        Stats {
            revision: *self.revision.borrow(),
            refused: book.refused,
            is_refused: book.refusals.iter().any(|it| it.stands),
            age: book.since.elapsed(),
        }
    }

    /// The whole account, secrets masked.
    pub(crate) fn report(&self) -> Value {
        let book = self.book();
        let sources = book.sources.iter().map(|it| {
            json!({
                "name": it.name,
                "revision": it.revision,
                "documents": it.documents,
                "error": it.error,
            })
        });
        let refusals = book.refusals.iter().rev().map(|it| {
            json!({
                "reason": it.reason,
                "first": time(it.first),
                "last": time(it.last),
                "times": it.times,
                "stands": it.stands,
            })
        });
        json!({
            "revision": *self.revision.borrow(),
            "since": time(book.at),
            "sources": sources.collect::<Vec<_>>(),
            "refused": book.refused,
            "refusals": refusals.collect::<Vec<_>>(),
            "changes": book.changes.iter().rev().map(Change::to_json).collect::<Vec<_>>(),
            "settings": book.view.to_json(),
        })
    }
}

impl Change {
    fn sources_told(&self) -> String {
        let sources = self.sources.iter().map(|(name, revision)| format!("{name} at {revision}"));
        sources.collect::<Vec<_>>().join(", ")
    }

    fn keys_told(&self) -> String {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        let keys = self.keys.iter().take(KEYS_LOGGED);
        let keys = keys.map(|it| format!("{}: {} → {}", it.key, told(&it.old), told(&it.new)));
        let mut told = keys.collect::<Vec<_>>().join(", ");
        let more = self.more + self.keys.len().saturating_sub(KEYS_LOGGED);
        if more > 0 {
            told.push_str(&format!(", and {more} more"));
        }
        told
    }

    fn to_json(&self) -> Value {
        let sources = self
            .sources
            .iter()
            .map(|(name, revision)| json!({ "name": name, "revision": revision }));
        let keys =
            self.keys.iter().map(|it| json!({ "key": it.key, "old": it.old, "new": it.new }));
        json!({
            "revision": self.revision,
            "at": time(self.at),
            "sources": sources.collect::<Vec<_>>(),
            "keys": keys.collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

fn keep<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    if all.len() == most {
        all.pop_front();
    }
    all.push_back(one);
}

/// As RFC 3339 writes it.
fn time(at: SystemTime) -> String {
    Timestamp::from(at).to_string()
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
