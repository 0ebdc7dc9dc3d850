//! A bar for work that takes long.

use std::fmt::Display;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far work is; nothing where nobody watches. Dropping it takes it away.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// `steps` of 0 is work of which nobody knows how long it is.
    pub(super) fn new(verb: &str, steps: u64, is_watched: bool) -> Self {
        if !is_watched {
            return Self(ProgressBar::hidden());
        }
        let (bar, template) = if steps == 0 {
            (ProgressBar::new_spinner(), "{prefix:>12.cyan.bold} {spinner} {wide_msg}")
        } else {
            (ProgressBar::new(steps), "{prefix:>12.cyan.bold} [{bar:24}] {pos}/{len}: {wide_msg}")
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        bar.set_prefix(verb.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Goes on to the next step, and says what it is.
    pub(crate) fn step(&self, what: impl Display) {
        self.0.inc(1);
        self.0.set_message(what.to_string());
    }

    /// Says what is going on, without being any further.
    pub(crate) fn at(&self, what: impl Display) {
        self.0.set_message(what.to_string());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
