//! Waiting with an end, for a program that has no runtime.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "there is no runtime here whose worker could be blocked or whose clock could be paused"
)]

use std::time::{Duration, Instant};

/// A point in time after which nobody waits any longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Instant,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { end: Instant::now() + limit }
    }

    /// What is left, if anything is.
    pub(crate) fn left(self) -> Option<Duration> {
        self.end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// Asks every 30 ms until `done` says yes; `false` when the time is over.
pub(crate) fn until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(limit);
    loop {
        if done() {
            return true;
        }
        let Some(left) = deadline.left() else { return false };
        std::thread::sleep(left.min(Duration::from_millis(30)));
    }
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    start: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Seconds so far, as `12.3 s`.
    pub(crate) fn text(self) -> String {
        format!("{:.1} s", self.start.elapsed().as_secs_f64())
    }
}
