use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;

use crate::error::Error;

/// Where settings come from beside variables and flags: a file, a folder, a centre of
/// configuration, or whatever else there is.
///
/// Give one to [`bia::config`](crate::config()) with `source`; it stands over the files, and below
/// variables and flags. `bia::testing` has the suite that every source should pass.
///
/// A source says what it has and no more: reading it, comparing it with what was there, checking it
/// and putting it in force is done for all of them in one place. So a failed load changes nothing,
/// and neither does a snapshot with which the settings would be wrong.
///
/// ```
/// use bia::config::{Document, Snapshot, Source};
/// use futures_core::future::BoxFuture;
///
/// /// A table of a database, read once a minute.
/// struct Table;
///
/// impl Source for Table {
///     fn name(&self) -> String {
///         "table settings".to_owned()
///     }
///
///     fn load(&self) -> BoxFuture<'_, bia::Result<Snapshot>> {
///         Box::pin(async {
///             let yaml = "greeting: hello"; // … select yaml from settings
///             Ok(Snapshot::of(vec![Document::new("settings.yaml", yaml)]))
///         })
///     }
///
///     fn changed(&self) -> BoxFuture<'_, ()> {
///         Box::pin(tokio::time::sleep(std::time::Duration::from_secs(60)))
///     }
/// }
/// ```
pub trait Source: Send + Sync + 'static {
    /// How it is called in messages: `consul config/user-service`, `folder /etc/bia`.
    fn name(&self) -> String;

    /// The whole of it as it is now, in the order in which later documents stand over earlier ones.
    ///
    /// Called at the start, and again after [`changed`](Self::changed); what has failed is tried
    /// again with growing pauses. It is dropped if it takes longer than a load may take (10 s).
    ///
    /// # Errors
    ///
    /// If it cannot be read now. What it said before stays in force. If the error's source is an
    /// [`Invalid`](super::Invalid), it was read and is wrong: at the start that is the end, code 78,
    /// where everything else is tried again for a while.
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>>;

    /// Resolves when it may be worth loading again.
    ///
    /// A hint: it may come without a change, and several changes may give one. But none that happens
    /// after a load may be missed. Called again without a load in between, it waits for the next
    /// change. Dropping it must lose nothing.
    fn changed(&self) -> BoxFuture<'_, ()>;
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        (**self).load()
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        (**self).changed()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        (**self).load()
    }

    fn changed(&self) -> BoxFuture<'_, ()> {
        (**self).changed()
    }
}

/// All that a source has at one moment.
///
/// One without documents is taken as it is at the start. Later it is refused: whoever empties a
/// centre by mistake must not put the defaults of every service in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The documents, each a layer over those before it.
    pub documents: Vec<Document>,
    /// What tells this state from others: an index, a version, a sum. For people, in the audit.
    pub revision: String,
}

impl Snapshot {
    /// A snapshot whose revision is made of its documents: the same for the same ones.
    #[must_use]
    pub fn of(documents: Vec<Document>) -> Self {
        let revision = format!("{:016x}", sum(&documents));
        Self { documents, revision }
    }
}

/// One document of settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is called in messages; the ending says how it is written: `.yaml`, `.yml`, `.toml` or
    /// `.json`.
    pub name: String,
    /// Its text, as UTF-8.
    pub bytes: Bytes,
}

impl Document {
    /// A document of this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<Bytes>) -> Self {
        Self { name: name.into(), bytes: text.into() }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold secrets.
        f.debug_struct("Document").field("name", &self.name).finish_non_exhaustive()
    }
}

/// FNV-1a of 64 bits: tells states apart for people, and protects from nobody.
fn sum(documents: &[Document]) -> u64 {
    let parts = documents.iter().flat_map(|it| {
        let name = it.name.as_bytes().iter().chain(&[0]);
        name.chain(it.bytes.iter()).chain(&[0])
    });
    parts.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_made_of_documents_tells_them_apart() {
        let of = |name: &'static str, text: &'static str| {
            Snapshot::of(vec![Document::new(name, text)]).revision
        };
        assert_eq!(of("a.yaml", "x: 1"), of("a.yaml", "x: 1"));
        assert_ne!(of("a.yaml", "x: 1"), of("a.yaml", "x: 2"));
        assert_ne!(of("a.yaml", "x: 1"), of("b.yaml", "x: 1"));
    }

    #[test]
    fn a_document_is_not_printed_with_what_it_says() {
        let document = Document::new("a.yaml", "password: hunter2");
        assert_eq!(format!("{document:?}"), "Document { name: \"a.yaml\", .. }");
    }
}
