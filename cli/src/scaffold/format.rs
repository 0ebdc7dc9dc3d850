//! Formats Rust as the template's `rustfmt.toml` says: names of another length break lines elsewhere.

use std::cell::Cell;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::shell::Shell;

use super::template;

/// rustfmt, if it is there.
#[derive(Debug, Default)]
pub(crate) struct Formatter {
    /// Whether anything is as the template has it.
    has_failed: Cell<bool>,
}

impl Formatter {
    /// The text of a file, formatted if it is Rust and can be.
    pub(crate) fn of(&self, path: &str, text: String) -> String {
        if !path.ends_with(".rs") {
            return text;
        }
        rustfmt(&text).unwrap_or_else(|| {
            self.has_failed.set(true);
            text
        })
    }

    /// Says what to do if something could not be formatted.
    pub(crate) fn tell(&self, shell: &Shell) {
        if self.has_failed.get() {
            shell.warn("rustfmt is not there or does not work, so not all code is formatted");
            shell.hint("`rustup component add rustfmt`, then `cargo fmt`");
        }
    }
}

fn rustfmt(text: &str) -> Option<String> {
    let settings: Vec<String> = template::file("service/rustfmt.toml")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| format!("{}={}", key.trim(), value.trim().trim_matches('"')))
        .collect();
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", &settings.join(",")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads all before it writes any, so neither waits for the other.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let is_good = output.status.success() && matches!(written, Some(Ok(())));
    if is_good { String::from_utf8(output.stdout).ok() } else { None }
}
