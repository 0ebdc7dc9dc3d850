use std::fmt;

/// What is wrong with the settings: the key, where it stands, what was expected, and what may help.
///
/// ```text
/// server.adress in configs/app.yaml:3: there is no such setting: did you mean server.address?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub(super) key: Option<String>,
    pub(super) place: Option<String>,
    pub(super) what: String,
}

impl Invalid {
    /// The fault `what` of the setting `key`, wherever it came from.
    #[must_use]
    pub fn new(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { key: Some(key.into()), place: None, what: what.into() }
    }

    /// A fault that is of no one key: a file that cannot be read.
    #[must_use]
    pub(crate) fn whole(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { key: None, place: Some(place.into()), what: what.into() }
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

    /// The file and line, the variable or the flag; none for a setting that is missing.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.as_deref().filter(|key| !key.is_empty()), &self.place) {
            (Some(key), Some(place)) => write!(f, "{key} in {place}: {}", self.what),
            (Some(key), None) => write!(f, "{key}: {}", self.what),
            (None, Some(place)) => write!(f, "{place}: {}", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Invalid {}
