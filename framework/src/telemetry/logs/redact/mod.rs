//! What must not be read in a log: values under names that mark them, wherever they turn up.
//!
//! A field is marked by its name. In the text of a field, and in what a line says, a value is masked
//! that stands behind a marked name the way programs write it: JSON, `Debug` of a struct, of a map
//! or of pairs, `name=value`, a header, the password of a URL, a private key. What people write in a
//! sentence (`token: signature mismatch`) is left, or no error could be understood.

mod text;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

/// What stands where a value was.
pub(crate) const MASK: &str = "***";

/// Parts of names that mark a value, without what separates words.
const MARKS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "credential",
    "cookie",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
];

/// The longest name that is looked at: no name of a field is longer.
const LONGEST: usize = 128;

/// Knows which names mark a value, and takes such values out of text.
#[derive(Debug)]
pub(crate) struct Redact {
    /// Lower case, without separators.
    marks: Vec<String>,
    /// Tells this one from others in what a thread remembers.
    id: u64,
}

/// What is masked now, for all who tell of events. Cloning is cheap; all clones are one.
pub(crate) type Redaction = Arc<ArcSwap<Redact>>;

/// What a thread remembers of names that are constants of the program.
#[derive(Default)]
struct Known {
    of: u64,
    marked: HashMap<(usize, usize), bool>,
}

/// How many names a thread remembers: more than programs have fields.
const REMEMBERED: usize = 4096;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

impl Redact {
    /// Marks the names that everybody's secrets have, and `more`.
    pub(crate) fn new(more: &[String]) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let own = MARKS.iter().map(|mark| (*mark).to_owned());
        let more = more.iter().map(|name| name.bytes().filter_map(plain).map(char::from).collect());
        Self {
            marks: own.chain(more).filter(|mark: &String| !mark.is_empty()).collect(),
            id: IDS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Whether a value of this name is to be masked: the name holds a mark, however it is written:
    /// `db.password`, `x-api-key`, `accessToken`.
    pub(crate) fn marks(&self, name: &str) -> bool {
        let mut buffer = [0; LONGEST];
        let mut length = 0;
        for byte in name.bytes().rev().filter_map(plain).take(LONGEST) {
            length += 1;
            buffer[LONGEST - length] = byte;
        }
        let name = &buffer[LONGEST - length..];
        self.marks.iter().any(|mark| {
            let mark = mark.as_bytes();
            name.windows(mark.len()).any(|part| part == mark)
        })
    }

    /// The same for the name of a field, which is asked for with every event.
    pub(crate) fn marks_field(&self, name: &'static str) -> bool {
        let key = (name.as_ptr() as usize, name.len());
        KNOWN.with(|known| {
            // Taken already if what is looked up here logs itself: then it is looked at anew.
            let Ok(mut known) = known.try_borrow_mut() else { return self.marks(name) };
            if known.of != self.id || known.marked.len() >= REMEMBERED {
                known.of = self.id;
                known.marked.clear();
            }
            *known.marked.entry(key).or_insert_with(|| self.marks(name))
        })
    }

    /// The text with every marked value masked. Costs one look over it where there is none.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text::mask(text, &|name| self.marks(name))
    }
}

impl Default for Redact {
    fn default() -> Self {
        Self::new(&[])
    }
}

/// What a letter or digit of a name is compared as; separators are none.
fn plain(byte: u8) -> Option<u8> {
    byte.is_ascii_alphanumeric().then(|| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
