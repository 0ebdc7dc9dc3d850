use std::error::Error as StdError;
use std::fmt;
use std::io::Write as _;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use crate::config::Invalid;
use crate::error::{BoxError, Error};
use crate::telemetry;

/// The settings are wrong: `EX_CONFIG` of BSD's `sysexits.h`.
const CONFIGURATION: u8 = 78;

/// How long the end waits until the log is written.
const LOG: Duration = Duration::from_millis(500);

/// Something failed.
const FAILURE: u8 = 1;

/// Why a service ends otherwise than in order: what `main` returns.
///
/// Any error becomes one by `?`. It is printed with its causes, a line each, as people read it:
///
/// ```text
/// Error: cannot listen on 0.0.0.0:8000: …
///   caused by: Address already in use (os error 98)
/// ```
///
/// | exit code | why |
/// |---|---|
/// | 0 | stopped in order, also if calls had to be cut |
/// | 1 | something failed: a port was taken, a server or a hook failed |
/// | 78 | the settings are wrong (`EX_CONFIG` of `sysexits.h`): starting again changes nothing |
/// | 130, 143 | stopped at once by a second SIGINT or SIGTERM |
///
/// A `main` that returns an error has code 1, whatever the error, because the language says so. So
/// wrong settings end the process where they are found: in [`config`](crate::config()) and in
/// [`App::new`](crate::App::new), if the settings come from the process's own arguments. A `main`
/// that maps what it gets to [`Exit`] and returns that keeps the code too.
pub struct Exit {
    code: u8,
    source: BoxError,
}

impl Exit {
    /// A failure: code 1.
    #[must_use]
    pub fn failure(source: impl Into<BoxError>) -> Self {
        Self { code: FAILURE, source: source.into() }
    }

    /// Wrong settings: code 78. The message names key, place and what was expected.
    #[must_use]
    pub fn configuration(source: impl Into<BoxError>) -> Self {
        Self { code: CONFIGURATION, source: source.into() }
    }

    /// The code that the process ends with.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Whether it is wrong settings that are told.
    pub(super) fn is_configuration(&self) -> bool {
        self.code == CONFIGURATION
    }

    /// Prints it as `main` would and ends the process with its code.
    pub(super) fn leave(&self) -> ! {
        // The log may not be there yet, or say less; and nobody may be listening any more.
        writeln!(std::io::stderr(), "Error: {self:?}").ok();
        leave(self.code)
    }
}

/// Ends the process.
#[expect(clippy::exit, reason = "the one place where a service ends by itself")]
pub(super) fn leave(code: u8) -> ! {
    telemetry::flush(LOG);
    std::process::exit(i32::from(code))
}

impl<E: StdError + Send + Sync + 'static> From<E> for Exit {
    fn from(error: E) -> Self {
        let source: BoxError = Box::new(error);
        if source.is::<Invalid>() { Self::configuration(source) } else { Self::failure(source) }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // People who start a service are helped by the words, not by the code of a face.
        match self.source.downcast_ref::<Error>() {
            Some(error) if !error.message().is_empty() => f.write_str(error.message()),
            _ => fmt::Display::fmt(&self.source, f),
        }
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Termination for Exit {
    #[expect(clippy::print_stderr, reason = "what `main` does with an error")]
    fn report(self) -> ExitCode {
        eprintln!("Error: {self:?}");
        ExitCode::from(self.code)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn causes_are_printed_a_line_each() {
        let cause = io::Error::from(io::ErrorKind::AddrInUse);
        let exit = Exit::from(Error::internal("BIND", "cannot listen on :8000").with_source(cause));
        assert_eq!(format!("{exit:?}"), "cannot listen on :8000\n  caused by: address in use");
        assert_eq!(exit.code(), 1);
    }

    #[test]
    fn wrong_settings_have_a_code_of_their_own() {
        let exit = Exit::from(Invalid::new("server.address", "expected host:port"));
        assert_eq!(exit.code(), 78);
        assert_eq!(exit.to_string(), "server.address: expected host:port");
    }
}
