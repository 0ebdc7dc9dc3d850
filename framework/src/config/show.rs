use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::decode::Notes;
use super::tree::Tree;

/// Parts of names that say that nobody is to read the value.
const SECRET: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "private_key",
    "api_key",
    "apikey",
    "dsn",
];

/// Whether the name of a setting says that its value is a secret.
pub(super) fn is_secret(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().replace('-', "_");
    SECRET.iter().any(|part| name.contains(part))
}

/// Settings as people are shown them: one line a value, with where it came from.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<String, (String, String)>);

impl Shown {
    /// Adds settings with their defaults, as they serialise, that came from `tree`.
    pub(crate) fn add_effective(
        &mut self,
        settings: &serde_json::Value,
        tree: &Tree,
        notes: &Notes,
    ) {
        self.add_json("", settings, tree, notes);
    }

    fn add_json(&mut self, path: &str, value: &serde_json::Value, tree: &Tree, notes: &Notes) {
        if let serde_json::Value::Object(object) = value {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.add_json(&path, value, tree, notes);
            }
            return;
        }
        let text = match value {
            serde_json::Value::String(text) => quoted(text),
            other => other.to_string(),
        };
        let origin = tree.origin(path).unwrap_or("default");
        self.insert(path, &text, origin, notes);
    }

    /// Adds settings of which only what the layers say is known; fields that none sets are named.
    pub(crate) fn add_layers(&mut self, tree: &Tree, notes: &Notes) {
        self.add_table("", &tree.table, notes);
        self.add_table("", &notes.loose, notes);
        for path in &notes.unset {
            self.insert(path, "", "default of the program", notes);
        }
    }

    fn add_table(&mut self, path: &str, table: &Map<String, Value>, notes: &Notes) {
        for (key, value) in table {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match &value.kind {
                ValueKind::Table(table) => self.add_table(&path, table, notes),
                kind => {
                    let origin = value.origin().unwrap_or_default();
                    self.insert(&path, &flow(kind, true), origin, notes);
                }
            }
        }
    }

    fn insert(&mut self, path: &str, text: &str, origin: &str, notes: &Notes) {
        let text = masked(path, text, notes.is_secret(path));
        self.put(path, &text, origin);
    }

    /// Adds one setting as it is to be seen.
    pub(super) fn put(&mut self, path: &str, text: &str, origin: &str) {
        self.0.insert(path.to_owned(), (text.to_owned(), origin.to_owned()));
    }

    /// Each setting: its key, its value, and where that came from.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().map(|(key, (text, origin))| (key.as_str(), text.as_str(), origin.as_str()))
    }

    /// Writes it as YAML with a comment on each line.
    pub(crate) fn to_yaml(&self) -> String {
        let mut lines: Vec<(String, &str)> = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        for (path, (text, origin)) in &self.0 {
            let parts: Vec<_> = path.split('.').collect();
            let (name, sections) = match parts.split_last() {
                Some((name, sections)) => (*name, sections),
                None => continue,
            };
            let common = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
            open.truncate(common);
            for section in &sections[common..] {
                lines.push((format!("{}{section}:", "  ".repeat(open.len())), ""));
                open.push(section);
            }
            let line = format!("{}{name}: {text}", "  ".repeat(open.len()));
            lines.push((line.trim_end().to_owned(), origin));
        }
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
        let mut yaml = String::new();
        for (line, origin) in lines {
            if origin.is_empty() {
                yaml.push_str(&line);
            } else {
                yaml.push_str(&format!("{line:width$}  # {origin}"));
            }
            yaml.push('\n');
        }
        yaml
    }
}

/// A value as it is shown: not at all if it is a secret, or its name says so.
pub(super) fn masked(path: &str, text: &str, is_known: bool) -> String {
    // Of a switch there is nothing to hide: `server.cors.credentials: false`.
    let is_set = !["", "\"\"", "null", "true", "false"].contains(&text);
    match is_set && (is_known || is_secret(path)) {
        true => "***".to_owned(),
        false => without_password(text),
    }
}

/// A value on one line; `mask` hides what is secret by its name within it.
pub(super) fn flow(kind: &ValueKind, mask: bool) -> String {
    match kind {
        ValueKind::Nil => "null".to_owned(),
        ValueKind::String(text) => quoted(text),
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| flow(&item.kind, mask)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Table(table) => {
            let table: BTreeMap<_, _> = table.iter().collect();
            let entries = table.iter().map(|(key, value)| match mask && is_secret(key) {
                true => format!("{key}: ***"),
                false => format!("{key}: {}", flow(&value.kind, mask)),
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// A text as YAML reads it back as a text.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+?=&".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./".contains(c))
        && !text.ends_with(':')
        && !matches!(text, "true" | "false" | "null")
        && text.parse::<f64>().is_err();
    if is_plain { text.to_owned() } else { format!("{text:?}") }
}

/// A URL with a password in it is shown without: `postgres://bia:***@db/users`.
fn without_password(text: &str) -> String {
    let hide = || {
        let start = text.find("://")? + 3;
        let authority = text[start..].split(['/', '?', '#']).next()?;
        let at = start + authority.rfind('@')?;
        let colon = start + text[start..at].find(':')?;
        Some(format!("{}:***{}", &text[..colon], &text[at..]))
    };
    hide().unwrap_or_else(|| text.to_owned())
}
