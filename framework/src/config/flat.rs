use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::decode::Notes;
use super::show::{flow, masked};
use super::tree::Tree;

/// The most characters of a value that an audit keeps.
const LONGEST: usize = 256;

/// Every value that is set, by its key: to tell what a change has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flat(BTreeMap<String, Written>);

/// A value as it is, and as it may be shown.
#[derive(Clone, PartialEq, Eq)]
struct Written {
    text: String,
    shown: String,
}

/// A key whose value is another one than before. None is a key that is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyChange {
    pub(crate) key: String,
    /// As it may be shown: secrets are `***`.
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Flat {
    /// The values of a tree; `notes` are what decoding it has learned.
    pub(crate) fn of(tree: &Tree, notes: &[&Notes]) -> Self {
        let mut flat = Self::default();
        flat.add("", &tree.table, notes);
        for notes in notes {
            flat.add("", &notes.loose, &[notes]);
        }
        flat
    }

    fn add(&mut self, path: &str, table: &Map<String, Value>, notes: &[&Notes]) {
        for (key, value) in table {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match &value.kind {
                ValueKind::Table(table) if !table.is_empty() => self.add(&path, table, notes),
                kind => {
                    let text = flow(kind, false);
                    let is_secret = notes.iter().any(|it| it.is_secret(&path));
                    let shown = shortened(masked(&path, &flow(kind, true), is_secret));
                    self.0.insert(path, Written { text, shown });
                }
            }
        }
    }

    /// What has changed since `old`, by key.
    pub(crate) fn changes_since(&self, old: &Self) -> Vec<KeyChange> {
        let mut changes = Vec::new();
        for (key, now) in &self.0 {
            let before = old.0.get(key);
            if before.map(|it| &it.text) != Some(&now.text) {
                changes.push(KeyChange {
                    key: key.clone(),
                    old: before.map(|it| it.shown.clone()),
                    new: Some(now.shown.clone()),
                });
            }
        }
        for (key, before) in old.0.iter().filter(|(key, _)| !self.0.contains_key(*key)) {
            let old = Some(before.shown.clone());
            changes.push(KeyChange { key: key.clone(), old, new: None });
        }
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        changes
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;

    use crate::config::Secret;

    use super::*;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Own {
        keys: Vec<Secret>,
        url: String,
        name: String,
        login: Secret,
        more: BTreeMap<String, String>,
    }

    fn flat(yaml: &str) -> Flat {
        let mut tree = Tree::new();
        tree.add_file(Path::new("a.yaml"), yaml).unwrap();
        let (_, notes) = tree.decode::<Own>(&[]).unwrap();
        Flat::of(&tree, &[&notes])
    }

    fn changes(old: &str, new: &str) -> Vec<String> {
        let changes = flat(new).changes_since(&flat(old)).into_iter().map(|it| {
            let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            format!("{}: {} → {}", it.key, text(it.old), text(it.new))
        });
        changes.collect()
    }

    #[test]
    fn a_change_is_told_by_key_with_what_was_and_what_is() {
        let old = "{name: a, url: x, more: {k: 1, l: 2}}";
        assert_eq!(changes(old, old), [""; 0]);
        assert_eq!(changes(old, "{more: {l: 2, k: 1}, url: x, name: a} # moved"), [""; 0]);
        assert_eq!(
            changes(old, "{name: b, more: {k: 1, m: 3}}"),
            ["more.l: 2 → -", "more.m: - → 3", "name: a → b", "url: x → -"]
        );
    }

    #[test]
    fn a_secret_that_changes_is_told_and_not_shown() {
        let old = "{login: hunter1, keys: [hunter1], url: 'db://u:hunter1@h/d'}";
        let new = "{login: hunter2, keys: [hunter2], url: 'db://u:hunter2@h/d'}";
        let told = changes(old, new);
        assert_eq!(
            told,
            ["keys: *** → ***", "login: *** → ***", "url: db://u:***@h/d → db://u:***@h/d"]
        );
        assert!(!format!("{:?}", flat(new)).contains("hunter"));
    }

    #[test]
    fn a_long_value_is_kept_short() {
        let told = changes("name: a", &format!("name: {}", "ä".repeat(1000)));
        assert!(told[0].chars().count() < LONGEST + 20, "{told:?}");
        let (a, b) =
            (format!("name: {}1", "x".repeat(1000)), format!("name: {}2", "x".repeat(1000)));
        assert_eq!(changes(&a, &b).len(), 1, "it is compared whole");
    }
}
