use config::ValueKind;

use super::decode::Notes;
use super::invalid::Invalid;
use super::show::{flow, is_secret};
use super::tree::{Tree, find};

/// Where a value stands that no layer sets.
const DEFAULT: &str = "the program's own default";

impl Tree {
    /// Tells of each fault where its setting stands, in a layer or only in the program, and under
    /// which name. `notes` are those of decoding the same settings.
    pub(crate) fn locate(&self, invalid: Invalid, notes: &Notes) -> Invalid {
        let located = invalid.into_all().into_iter().map(|fault| {
            let Some(key) = fault.key().map(|key| notes.key(key)) else { return fault };
            let place = fault.place().or_else(|| self.place(&key));
            let place = place.or_else(|| notes.unset(&key).then_some(DEFAULT));
            let mut what = fault.what().to_owned();
            // A rule says what it expects, and does not know how it was written.
            let is_bare = what.starts_with("expected ") && !what.contains(", found ");
            if let Some(found) = self.found(&key, notes).filter(|_| is_bare) {
                what.push_str(&format!(", found {found}"));
            }
            Invalid::found(Some(key), place.map(str::to_owned), what)
        });
        Invalid::of(located).unwrap_or_else(|| Invalid::whole("settings", "are wrong"))
    }

    /// The single value that stands at `path` as people may see it; none of a secret.
    pub(super) fn found(&self, path: &str, notes: &Notes) -> Option<String> {
        let value = find(&self.table, path).or_else(|| find(&self.loose, path))?;
        let is_hidden = is_secret(path) || notes.is_secret(path);
        match &value.kind {
            ValueKind::Table(_) | ValueKind::Array(_) => None,
            kind => (!is_hidden).then(|| flow(kind, true)),
        }
    }

    /// Tells the variables that no field took and that are written almost as those of a setting:
    /// `BIA_SERVER_TIMEOUT`, with one line where two are to be.
    ///
    /// `keys` are settings that are there beside those that decoding has asked for.
    pub(crate) fn unread<'a>(
        &'a self,
        notes: &[&'a Notes],
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Vec<String> {
        let known = notes.iter().flat_map(|notes| &notes.known).map(String::as_str);
        let known: Vec<&str> = known.chain(keys).collect();
        let taken = |key: &String| notes.iter().any(|notes| notes.loose.contains_key(key));
        let mut unread: Vec<_> = self.loose.iter().filter(|(key, _)| !taken(key)).collect();
        unread.sort_unstable_by_key(|(key, _)| key.as_str());
        let mut told = Vec::new();
        for (key, value) in unread {
            let Some(meant) = known.iter().find(|path| squeezed(path) == squeezed(key)) else {
                continue;
            };
            let name = value.origin().unwrap_or(key);
            let variable = variable(meant);
            told.push(format!("{name} is not read: the variable of {meant} is {variable}"));
        }
        told
    }

    fn place(&self, path: &str) -> Option<&str> {
        find(&self.table, path).or_else(|| find(&self.loose, path))?.origin()
    }
}

impl Notes {
    /// The setting that the program calls `path`: its fields may have other names in a file,
    /// `max_connections` being `maxConnections` there.
    pub(super) fn key(&self, path: &str) -> String {
        if self.known.contains(path) {
            return path.to_owned();
        }
        let mut key = String::new();
        for part in path.split('.') {
            let prefix = if key.is_empty() { String::new() } else { format!("{key}.") };
            let of_section = self.known.iter().filter_map(|known| known.strip_prefix(&prefix));
            let same = of_section
                .filter(|name| !name.contains('.'))
                .find(|name| squeezed(name) == squeezed(part));
            key = format!("{prefix}{}", same.unwrap_or(part));
        }
        key
    }

    /// Whether no layer sets the setting at `path`, nor a section that it is in.
    fn unset(&self, path: &str) -> bool {
        let sections = path.match_indices('.').map(|(end, _)| &path[..end]);
        sections.chain([path]).any(|path| self.unset.contains(path))
    }
}

/// The variable of the setting at `path`.
pub(super) fn variable(path: &str) -> String {
    format!("BIA_{}", path.replace('.', "__").replace('-', "_").to_ascii_uppercase())
}

fn squeezed(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
