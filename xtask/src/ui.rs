//! The only place that prints: data to stdout, talk to stderr.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this file is for")]

use std::fmt::Display;

/// Talk: progress, warnings, errors.
pub(crate) fn say(text: impl Display) {
    eprintln!("{text}");
}

/// Data: what a script may read.
pub(crate) fn out(text: impl Display) {
    println!("{text}");
}
