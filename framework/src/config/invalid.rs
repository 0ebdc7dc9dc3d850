use std::borrow::Cow;
use std::fmt;

use crate::error::Error;

/// What is wrong with the settings: the key, where it stands, what was expected, and what may help.
///
/// ```text
/// server.adress in configs/app.yaml:3: there is no such setting: did you mean server.address?
/// ```
///
/// Where several are wrong, one holds the others: [`Invalid::all`] goes through them, and they are
/// printed a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    key: Option<String>,
    place: Option<String>,
    what: String,
    more: Vec<Self>,
}

impl Invalid {
    /// The fault `what` of the setting `key`, wherever it came from.
    #[must_use]
    pub fn new(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self::found(Some(key.into()), None, what.into())
    }

    /// A fault that is of no one key: a file that cannot be read.
    #[must_use]
    pub(crate) fn whole(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::found(None, Some(place.into()), what.into())
    }

    pub(super) fn found(key: Option<String>, place: Option<String>, what: String) -> Self {
        Self { key, place, what, more: Vec::new() }
    }

    /// All of these as one, if there are any.
    #[must_use]
    pub fn of(faults: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut faults = faults.into_iter();
        let mut first = faults.next()?;
        first.more.extend(faults.flat_map(Self::into_all));
        Some(first)
    }

    /// Every fault: this one, then those that it holds.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.more)
    }

    /// Every fault by itself.
    #[must_use]
    pub fn into_all(mut self) -> Vec<Self> {
        let more = std::mem::take(&mut self.more);
        std::iter::once(self).chain(more).collect()
    }

    /// Replaces the place where the setting stands: a file and line, a variable, a flag.
    #[must_use]
    pub fn at(mut self, place: Option<&str>) -> Self {
        self.place = place.map(str::to_owned);
        self
    }

    /// The setting: `server.address`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What is wrong, and what was expected.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The file and line, the variable or the flag; none for a setting that is missing.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = clipped(&self.what);
        match (self.key.as_deref().filter(|key| !key.is_empty()).map(clipped), &self.place) {
            (Some(key), Some(place)) => write!(f, "{key} in {place}: {what}"),
            (Some(key), None) => write!(f, "{key}: {what}"),
            (None, Some(place)) => write!(f, "{place}: {what}"),
            (None, None) => f.write_str(&what),
        }?;
        self.more.iter().try_for_each(|other| write!(f, "\n  and {other}"))
    }
}

/// As much of a text as people read of it.
fn clipped(text: &str) -> Cow<'_, str> {
    const MOST: usize = 1000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

impl std::error::Error for Invalid {}

/// What is wrong, of no one setting: `?` in a check of settings makes one of a text.
impl From<String> for Invalid {
    fn from(what: String) -> Self {
        Self::found(None, None, what)
    }
}

impl From<&str> for Invalid {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

/// What a [`Source`](super::Source) returns that was read and is wrong.
impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::internal("CONFIG_INVALID", invalid.to_string()).with_source(invalid)
    }
}
