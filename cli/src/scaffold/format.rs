//! Formats Rust as the template's `rustfmt.toml` says, or that of a project: names of another length
//! break lines elsewhere.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use crate::rustfmt::{self, Style};
use crate::shell::Shell;

use super::template;

const SETTINGS: &str = "service/rustfmt.toml";

/// What templates are written in.
const EDITION: &str = "2024";

/// rustfmt, if it is there.
#[derive(Debug, Default)]
pub(crate) struct Formatter {
    /// The project whose settings hold; the template's by default.
    project: Option<PathBuf>,
    /// Whether anything is as the template has it.
    has_failed: Cell<bool>,
}

impl Formatter {
    /// One that holds to the settings of the project at `root`; none if they are those of the template.
    pub(crate) fn of_project(root: &Path) -> Option<Self> {
        let settings = std::fs::read_to_string(root.join("rustfmt.toml"));
        let is_same = settings.is_ok_and(|it| it == template::file(SETTINGS));
        (!is_same).then(|| Self { project: Some(root.to_owned()), ..Self::default() })
    }

    /// The text of a file, formatted if it is Rust and can be.
    pub(crate) fn of(&self, path: &str, text: String) -> String {
        if !path.ends_with(".rs") {
            return text;
        }
        let formatted = match &self.project {
            Some(root) => rustfmt::format(&text, EDITION, Style::Around(&root.join(path))),
            None => rustfmt::format(&text, EDITION, Style::Settings(&settings())),
        };
        formatted.unwrap_or_else(|| {
            self.has_failed.set(true);
            text
        })
    }

    /// Whether something could not be formatted.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.get()
    }

    /// Says what to do if something could not be formatted.
    pub(crate) fn tell(&self, shell: &Shell) {
        if self.has_failed() {
            shell.warn("rustfmt is not there or does not work, so not all code is formatted");
            shell.hint("`rustup component add rustfmt`, then `cargo fmt`");
        }
    }
}

/// The template's, as they are given in a command line.
fn settings() -> String {
    let settings: Vec<String> = template::file(SETTINGS)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| format!("{}={}", key.trim(), value.trim().trim_matches('"')))
        .collect();
    settings.join(",")
}
