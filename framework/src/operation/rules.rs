use std::time::Duration;

use crate::error::Code;

/// Whether a caller has to say who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Anybody may call.
    #[default]
    Open,
    /// Only those who are known, and who are allowed all of these scopes.
    Required(&'static [&'static str]),
}

/// When a client tries a call again that failed, and may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    max_attempts: u32,
    codes: &'static [Code],
    reasons: &'static [&'static str],
    initial_backoff: Duration,
    max_backoff: Duration,
    per_try_timeout: Option<Duration>,
}

impl Retry {
    /// Tries up to `max_attempts` times, the first time too, what fails as `UNAVAILABLE`. The waits
    /// are up to 50 ms at first and 1 s at most.
    #[must_use]
    pub const fn new(max_attempts: u32) -> Self {
        Self {
            max_attempts,
            codes: &[Code::Unavailable],
            reasons: &[],
            initial_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            per_try_timeout: None,
        }
    }

    /// Replaces the outcomes that are tried again: those of these codes, and those of these reasons.
    #[must_use]
    pub const fn with_outcomes(
        mut self,
        codes: &'static [Code],
        reasons: &'static [&'static str],
    ) -> Self {
        (self.codes, self.reasons) = (codes, reasons);
        self
    }

    /// Replaces the longest wait before the second try, and what waits grow to, twice as long from try
    /// to try. Each is of a length by chance up to its longest.
    #[must_use]
    pub const fn with_backoff(mut self, initial: Duration, max: Duration) -> Self {
        (self.initial_backoff, self.max_backoff) = (initial, max);
        self
    }

    /// Replaces how long one try may take; until the end of the call by default.
    #[must_use]
    pub const fn with_per_try_timeout(mut self, timeout: Duration) -> Self {
        self.per_try_timeout = Some(timeout);
        self
    }

    /// How often at most, the first time too.
    #[must_use]
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The codes of outcomes that are tried again.
    #[must_use]
    pub const fn codes(&self) -> &'static [Code] {
        self.codes
    }

    /// The reasons of errors that are tried again.
    #[must_use]
    pub const fn reasons(&self) -> &'static [&'static str] {
        self.reasons
    }

    /// The longest wait before the second try.
    #[must_use]
    pub const fn initial_backoff(&self) -> Duration {
        self.initial_backoff
    }

    /// The longest wait there is.
    #[must_use]
    pub const fn max_backoff(&self) -> Duration {
        self.max_backoff
    }

    /// How long one try may take.
    #[must_use]
    pub const fn per_try_timeout(&self) -> Option<Duration> {
        self.per_try_timeout
    }
}
