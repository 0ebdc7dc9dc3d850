//! When a change of each setting takes effect, as the framework's own table says it.

use crate::error::{About as _, Error, Result};
use crate::root::repository;

const TABLE: &str = "framework/src/app/live/keys.rs";

/// The framework's table, key by key.
#[derive(Debug, Default)]
pub(crate) struct Effects(Vec<(String, &'static str)>);

impl Effects {
    /// # Errors
    ///
    /// The table is not where it was, or is written in another way.
    pub(crate) fn read() -> Result<Self> {
        let text =
            std::fs::read_to_string(repository().join(TABLE)).about(|| format!("read {TABLE}"))?;
        let effects = Self::parse(&text);
        if effects.0.is_empty() {
            return Err(Error::new(format!("no table of settings is in {TABLE}")));
        }
        Ok(effects)
    }

    /// Reads lines such as `("server.timeout", AtOnce),`.
    pub(crate) fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let line = line.trim().strip_prefix("(\"")?.strip_suffix("),")?;
            let (key, when) = line.split_once("\", ")?;
            let effect = match when {
                "AtOnce" => "at once",
                "NewConnections" => "for new connections",
                "NextStart" => "at the next start",
                _ => return None,
            };
            Some((key.to_owned(), effect))
        };
        Self(text.lines().filter_map(entry).collect())
    }

    /// When a change of `key` takes effect, if the table has it.
    pub(crate) fn of(&self, key: &str) -> Option<&'static str> {
        let is_of = |known: &str| match known.strip_suffix(".*") {
            Some(section) => key
                .strip_prefix(section)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            None => key == known,
        };
        self.0.iter().find(|(known, _)| is_of(known)).map(|(_, effect)| *effect)
    }
}

#[cfg(test)]
mod tests {
    use super::Effects;

    #[test]
    fn the_table_is_read_as_rustfmt_writes_it() {
        let effects = Effects::parse(
            "const KEYS: &[(&str, When)] = &[\n    // Why.\n    (\"a.b\", AtOnce),\n    (\"c.*\", NextStart),\n];\n",
        );
        assert_eq!(effects.of("a.b"), Some("at once"));
        assert_eq!(effects.of("c"), Some("at the next start"));
        assert_eq!(effects.of("c.d.e"), Some("at the next start"));
        assert_eq!(effects.of("cd"), None);
    }
}
