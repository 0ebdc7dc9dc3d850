//! Which rules hold: what `Cargo.toml` says, and the arguments over it.

use std::path::Path;

use toml_edit::{DocumentMut, Item};

use crate::error::{About as _, Error, Result};

use super::rule::{ALL, Category, Rule};

/// The rules that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Categories and rules that hold; empty: those that do by default.
    pub(super) uses: Vec<String>,
    /// Categories and rules that do not.
    pub(super) except: Vec<String>,
}

impl Config {
    /// That of `[package.metadata.bia.lint]` and `[workspace.metadata.bia.lint]` in the manifests around
    /// `folder`; the nearer one wins for `use`, and all of `except` hold.
    ///
    /// # Errors
    ///
    /// A manifest that cannot be read, or says what is not known.
    pub(super) fn around(folder: &Path) -> Result<Self> {
        let mut config = Self::default();
        for folder in folder.ancestors() {
            let path = folder.join("Cargo.toml");
            if !path.is_file() {
                continue;
            }
            let text =
                std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
            let found = Self::read(&text)
                .map_err(|why| Error::new(format!("{}: {why}", path.display())))?;
            if config.uses.is_empty() {
                config.uses = found.uses;
            }
            config.except.extend(found.except);
        }
        Ok(config)
    }

    fn read(text: &str) -> Result<Self, String> {
        let manifest: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        let mut config = Self::default();
        for table in ["package", "workspace"] {
            let path = [table, "metadata", "bia", "lint"];
            let item = path.iter().try_fold(manifest.as_item(), |item, key| item.get(key));
            let Some(item) = item else { continue };
            let name = path.join(".");
            let table = item.as_table_like().ok_or_else(|| format!("[{name}] is no table"))?;
            for (key, item) in table.iter() {
                let values = names(item).ok_or_else(|| {
                    format!("{name}.{key} is no list of texts, like [\"COMMENT_FIELD\"]")
                })?;
                check(&values).map_err(|unknown| {
                    format!("{name}.{key} names {unknown}, which is no rule and no category")
                })?;
                match key {
                    "use" => config.uses.extend(values),
                    "except" => config.except.extend(values),
                    _ => {
                        return Err(format!("{name} has no key `{key}`: there are use and except"));
                    }
                }
            }
        }
        Ok(config)
    }

    pub(super) fn holds(&self, rule: &Rule) -> bool {
        let names =
            |list: &[String]| list.iter().any(|it| it == rule.id || it == rule.category.name());
        let is_used = match self.uses.as_slice() {
            [] => Category::DEFAULT.contains(&rule.category),
            uses => names(uses),
        };
        is_used && !names(&self.except)
    }
}

fn names(item: &Item) -> Option<Vec<String>> {
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The first of `names` that is neither a rule nor a category.
pub(super) fn check(names: &[String]) -> Result<(), String> {
    let is_known = |name: &&String| {
        ALL.iter().any(|rule| rule.id == name.as_str())
            || Category::ALL.iter().any(|category| category.name() == name.as_str())
    };
    match names.iter().find(|name| !is_known(name)) {
        Some(unknown) => Err(unknown.clone()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule;
    use super::*;

    #[test]
    fn manifests_say_which_rules_hold() {
        let text = "[package]\nname = \"a\"\n[package.metadata.bia.lint]\nexcept = [\"SERVICE_SUFFIX\"]\nuse = [\"STANDARD\", \"COMMENT_RPC\"]\n";
        let config = Config::read(text).expect("it is right");
        assert!(config.holds(rule::COMMENT_RPC) && config.holds(rule::IMPORT_USED));
        assert!(!config.holds(rule::SERVICE_SUFFIX) && !config.holds(rule::HTTP_RULES));
        let config = Config::read("[workspace]\nmembers = []\n").expect("it is right");
        assert!(config.holds(rule::HTTP_RULES) && !config.holds(rule::COMMENT_RPC));
        for (text, why) in [
            ("[package.metadata.bia]\nlint = 1", "no table"),
            ("[package.metadata.bia.lint]\nexcept = \"A\"", "no list"),
            ("[package.metadata.bia.lint]\nexcept = [\"NOPE\"]", "names NOPE"),
            ("[workspace.metadata.bia.lint]\nexpect = []", "no key `expect`"),
        ] {
            let error = Config::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
