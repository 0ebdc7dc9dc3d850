//! Formats Rust as the template's `rustfmt.toml` says: names of another length break lines elsewhere.

use std::cell::Cell;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::shell::Shell;

use super::template;

/// rustfmt, if it is there.
#[derive(Debug, Default)]
pub(crate) struct Formatter {
    is_missing: Cell<bool>,
}

impl Formatter {
    /// `text`, formatted if it can be.
    fn format(&self, text: String) -> String {
        if self.is_missing.get() {
            return text;
        }
        match rustfmt(&text) {
            Some(formatted) => formatted,
            None => {
                self.is_missing.set(true);
                text
            }
        }
    }

    /// The text of a file, formatted if it is Rust.
    pub(crate) fn of(&self, path: &str, text: String) -> String {
        if path.ends_with(".rs") { self.format(text) } else { text }
    }

    /// Says what to do if there was no rustfmt.
    pub(crate) fn tell(&self, shell: &Shell) {
        if self.is_missing.get() {
            shell.warn("rustfmt is not there or does not work, so the code is not formatted");
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
