use config::{Map, Value, ValueKind};

use super::show::{Shown, flow, masked};
use super::tree::Tree;

/// Whether secrets are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// They are `***`: values whose names say that they are secrets, and passwords in URLs.
    #[default]
    Masked,
    /// They are written as they are.
    Revealed,
}

/// One value that a layer sets.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    key: String,
    place: String,
    text: String,
    shown: String,
}

impl Setting {
    /// Its key: `server.timeout`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it stands: a file and line, a variable or a flag.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The value on one line, as YAML has it.
    #[must_use]
    pub fn text(&self, secrets: Secrets) -> &str {
        match secrets {
            Secrets::Masked => &self.shown,
            Secrets::Revealed => &self.text,
        }
    }

    /// Whether nobody is to read the value, or a part of it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.shown != self.text
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.key, self.shown, self.place)
    }
}

impl Tree {
    /// Every value that is set, in the order of their keys. A list is one value.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        gather("", &self.table, &mut settings);
        settings.sort_by(|a, b| a.key.cmp(&b.key));
        settings
    }

    /// Every value that is set as YAML, each with where it stands, as `--print-config` writes it.
    #[must_use]
    pub fn to_yaml(&self, secrets: Secrets) -> String {
        let mut shown = Shown::default();
        for setting in self.settings() {
            shown.put(&setting.key, setting.text(secrets), &setting.place);
        }
        shown.to_yaml()
    }
}

fn gather(path: &str, table: &Map<String, Value>, settings: &mut Vec<Setting>) {
    for (key, value) in table {
        let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match &value.kind {
            ValueKind::Table(table) if !table.is_empty() => gather(&key, table, settings),
            kind => settings.push(Setting {
                place: value.origin().unwrap_or_default().to_owned(),
                text: flow(kind, false),
                shown: masked(&key, &flow(kind, true), false),
                key,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_set_is_told_with_its_place_and_without_its_secrets() {
        let mut tree = Tree::new();
        let text = "b: {token: t0k3n, url: 'pg://u:pw@h/d'}\na: [1, x]\nempty: {}\n";
        tree.add_file(Path::new("app.yaml"), text).unwrap();
        let all: Vec<String> = tree.settings().iter().map(|it| format!("{it:?}")).collect();
        assert_eq!(
            all,
            [
                "a: [1, x] (app.yaml:2)",
                "b.token: *** (app.yaml:1)",
                "b.url: pg://u:***@h/d (app.yaml:1)",
                "empty: {} (app.yaml:3)"
            ]
        );
        let settings = tree.settings();
        assert!(settings[1].is_secret() && settings[2].is_secret() && !settings[0].is_secret());
        assert_eq!(settings[1].text(Secrets::Revealed), "t0k3n");
        assert!(tree.to_yaml(Secrets::Masked).contains("  token: ***"));
        assert!(tree.to_yaml(Secrets::Revealed).contains("  token: t0k3n"));
    }
}
