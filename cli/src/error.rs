//! Says what failed, on what, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use crate::paths::shown;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Something went wrong, or a check found something: 1.
    Failed,
    /// The arguments make no sense: 2.
    Usage,
    /// Ctrl-C: 130, as a shell has it.
    Interrupted,
    /// Nobody reads what is printed any more: 0, and nothing is said.
    Unread,
}

/// A failure that ends the command. Its text is the whole message for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Error {
    kind: Kind,
    what: String,
    hint: Option<String>,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, what: what.into(), hint: None }
    }

    /// Arguments that make no sense: exit code 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, ..Self::new(what) }
    }

    /// Ctrl-C: exit code 130. `left` says in what state things are.
    pub(crate) fn interrupted(left: impl Into<String>) -> Self {
        Self { kind: Kind::Interrupted, ..Self::new(left) }
    }

    /// The same failure in these words, with its remedy.
    pub(crate) fn saying(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    /// Sets the remedy, shown on a line of its own; replaces an earlier one.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether there is anything to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.kind == Kind::Unread
    }

    /// Whether it was asked wrongly.
    pub(crate) fn is_usage(&self) -> bool {
        self.kind == Kind::Usage
    }

    /// Whether it is a Ctrl-C.
    pub(crate) fn is_interrupt(&self) -> bool {
        self.kind == Kind::Interrupted
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Interrupted => 130,
            Kind::Unread => 0,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {}

/// An error of printing data: whoever reads it may have had enough, as `head` has.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::Unread,
            _ => Kind::Failed,
        };
        Self { kind, ..Self::new(format!("cannot print: {error}")) }
    }
}

impl From<bia_codegen::Error> for Error {
    fn from(error: bia_codegen::Error) -> Self {
        of_protos(&error, Path::new)
    }
}

/// What is wrong with protos, each thing on its line with its place; `place` says which file of the
/// user's is meant by one.
pub(crate) fn of_protos<'a>(
    error: &'a bia_codegen::Error,
    place: impl Fn(&'a str) -> &'a Path,
) -> Error {
    let reports: Vec<_> = error.reports().collect();
    let line = |report: &bia_codegen::Report<'a>| {
        let file = report.file.map(|file| shown(place(file))).unwrap_or_default();
        match (file.as_str(), report.position) {
            ("", _) => report.message.to_owned(),
            (file, None) => format!("{file}: {}", report.message),
            (file, Some((line, column))) => format!("{file}:{line}:{column}: {}", report.message),
        }
    };
    if let [only] = reports.as_slice() {
        let error = Error::new(line(only));
        return match only.remedy {
            Some(remedy) => error.with_hint(remedy),
            None => error,
        };
    }
    let lines = reports.iter().map(|report| match report.remedy {
        Some(remedy) => format!("{}\n  hint: {remedy}", line(report)),
        None => line(report),
    });
    Error::new(lines.collect::<Vec<_>>().join("\n"))
}

impl From<bia::Error> for Error {
    fn from(error: bia::Error) -> Self {
        Self::new(error.message().to_owned())
    }
}

/// Puts what was being done in front of a cause.
pub(crate) trait About<T> {
    /// `about` reads like `write configs/app.yaml`; the message becomes `cannot {about}: {cause}`.
    fn about(self, about: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> About<T> for Result<T, E> {
    fn about(self, about: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error::new(format!("cannot {}: {cause}", about())))
    }
}
