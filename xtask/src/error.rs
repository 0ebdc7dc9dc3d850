//! Says what failed, on what, and what to do about it.

use std::fmt;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure that ends a verb. Its text is the whole message for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    hint: Option<String>,
    usage: bool,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, usage: false }
    }

    /// A command line that makes no sense: exit code 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(what) }
    }

    /// Sets the remedy, shown on a line of its own; replaces an earlier one.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Puts what was being done in front of an error of the standard library.
pub(crate) trait About<T> {
    /// `about` reads like `write configs/app.yaml`; the message becomes `cannot {about}: {cause}`.
    fn about(self, about: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> About<T> for std::result::Result<T, E> {
    fn about(self, about: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error::new(format!("cannot {}: {cause}", about())))
    }
}
