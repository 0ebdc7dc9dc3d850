use std::path::Path;

use config::{Map, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::decode::{self, Notes};
use super::invalid::Invalid;
use super::variables::Variables;
use super::{foreign, placeholder, schema, standard, yaml};

/// The longest document that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// How far settings may be inside each other: further down than any are, and not so far that whoever
/// walks through them runs out of stack.
pub(super) const DEEPEST: usize = 64;

/// Settings as they stand in the layers, merged: tables of tables and values, each with its origin.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(super) table: Map<String, Value>,
    /// Variables without a section that no layer below has a key for: `BIA_GREETING` is a setting
    /// if the type has a field `greeting`, and a matter of some tool if it has not.
    pub(super) loose: Map<String, Value>,
    /// The paths of values that could not be resolved: decoding goes around them.
    pub(super) broken: Vec<String>,
}

impl Tree {
    /// No settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the text of a file over what is there. The path's ending says how it is written:
    /// `.yaml`, `.yml`, `.toml` or `.json`.
    ///
    /// # Errors
    ///
    /// If the ending is another one, the text is longer than 4 MiB or it cannot be read; the error
    /// names file and line.
    pub fn add_file(&mut self, path: &Path, text: &str) -> Result<(), Invalid> {
        let place = path.display().to_string();
        if text.len() > LONGEST {
            let what = format!("is longer than {} MiB", LONGEST >> 20);
            return Err(Invalid::whole(place, what));
        }
        // Editors on Windows put a mark in front that nobody sees.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let mut table = match ending {
            "yaml" | "yml" => yaml::parse(&place, text)?,
            "toml" => foreign::toml(&place, text)?,
            "json" => foreign::json(&place, text)?,
            _ => {
                let what = "cannot tell how it is written: name it .yaml, .yml, .toml or .json";
                return Err(Invalid::whole(place, what));
            }
        };
        // What an editor is told is none of ours.
        table.remove(schema::MARK);
        merge(&mut self.table, table);
        Ok(())
    }

    /// Puts the variables `BIA_SECTION__KEY` over what is there: `BIA_SERVER__ADDRESS` is
    /// `server.address`.
    ///
    /// Variables know no case and no dashes, so they find a key that is there whatever its case,
    /// `_` for `-`; one that is not there is taken in lower case. A variable without `__` is a setting
    /// only if there is such a key or field at the top: others are for tools, such as `BIA_ENV`.
    ///
    /// Below them lie the standard variables of OpenTelemetry: `OTEL_EXPORTER_OTLP_ENDPOINT` is
    /// `telemetry.otlp.endpoint`.
    pub fn add_variables(&mut self, variables: &Variables) {
        for one in standard::settings(variables) {
            let value = match one.text.strip_prefix('[') {
                Some(_) => yaml::parse_value(&one.variable, &one.text).ok(),
                None => Some(Value::new(Some(&one.variable), yaml::plain(&one.text))),
            };
            if let Some(value) = value {
                set(&mut self.table, &one.path, value, Match::Exact);
            }
        }
        for (name, path, value) in variables.settings() {
            let origin = name.to_owned();
            let value = Value::new(Some(&origin), yaml::plain(value));
            match path.as_slice() {
                [key] if !self.table.keys().any(|there| folded(there) == *key) => {
                    self.loose.insert(key.clone(), value);
                }
                path => set(&mut self.table, path, value, Match::Folded),
            }
        }
    }

    /// Puts one flag `--set section.key=value` over what is there. The value is read as in YAML:
    /// `--set server.keepalive={interval: 5s}` and `--set hosts=[a, b]` work too.
    ///
    /// # Errors
    ///
    /// If it has no `=` or no key.
    pub fn add_flag(&mut self, flag: &str) -> Result<(), Invalid> {
        let place = format!("--set {}", flag.split('=').next().unwrap_or_default());
        let Some((key, text)) = flag.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Invalid::whole(place, "expected --set section.key=value"));
        };
        let path: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
        if path.len() > DEEPEST {
            return Err(Invalid::whole("--set", format!("the key has more than {DEEPEST} parts")));
        }
        if path.iter().any(String::is_empty) {
            return Err(Invalid::whole(place, format!("the key {key:?} has an empty part")));
        }
        let value = if text.starts_with(['[', '{']) {
            yaml::parse_value(&place, text)?
        } else {
            Value::new(Some(&place), yaml::plain(text))
        };
        set(&mut self.table, &path, value, Match::Exact);
        Ok(())
    }

    /// Puts another tree over this one.
    pub fn add(&mut self, other: Self) {
        merge(&mut self.table, other.table);
        self.loose.extend(other.loose);
        self.broken.extend(other.broken);
    }

    /// Replaces every `${NAME:default}` in a value by the variable of that name, else by the setting
    /// of that path (`${app.region}`), else by the default. `${file:/run/secrets/db}` is what the file
    /// holds, without the line end behind it: a secret, which is masked wherever it lands.
    ///
    /// # Errors
    ///
    /// If there is none of the three, if settings refer to each other in a circle, or a file cannot be
    /// read: all that are wrong. What else is wrong can still be found by decoding, whose outcome is of
    /// no use then.
    pub fn resolve(&mut self, variables: &Variables) -> Result<(), Invalid> {
        let tables = [&mut self.table, &mut self.loose].into_iter();
        let faults = tables.filter_map(|table| placeholder::resolve(table, variables).err());
        let Some(invalid) = Invalid::of(faults) else { return Ok(()) };
        self.broken.extend(invalid.all().filter_map(Invalid::key).map(str::to_owned));
        Err(invalid)
    }

    /// The same for the values of one section alone.
    pub(crate) fn resolve_section(
        &mut self,
        name: &str,
        variables: &Variables,
    ) -> Result<(), Invalid> {
        let Some(section) = self.table.get(name) else { return Ok(()) };
        let mut section = Map::from([(name.to_owned(), section.clone())]);
        placeholder::resolve_within(&mut section, &self.table, variables)?;
        self.table.extend(section);
        Ok(())
    }

    /// The name of the change that is being rolled out, as it is written; none if there is none.
    #[must_use]
    pub(crate) fn staged(&self) -> Option<String> {
        let id = find(&self.table, "rollout.id")?;
        match &id.kind {
            ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => None,
            scalar => Some(scalar.to_string()).filter(|id| !id.is_empty()),
        }
    }

    /// Puts the change that is being rolled out over what is there.
    pub(crate) fn stage(&mut self) {
        let change = find(&self.table, "rollout.change").map(|change| change.kind.clone());
        if let Some(ValueKind::Table(change)) = change {
            merge(&mut self.table, change);
        }
    }

    /// Takes out the sections of these names, as a tree of their own.
    #[must_use]
    pub fn take(&mut self, sections: &[&str]) -> Self {
        let taken = sections.iter().filter_map(|section| self.table.remove_entry(*section));
        Self { table: taken.collect(), loose: Map::new(), broken: self.broken.clone() }
    }

    /// A section as a tree of its own, if it is there and has keys of its own.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<Self> {
        match self.table.get(name).map(|value| &value.kind) {
            Some(ValueKind::Table(table)) => Some(Self { table: table.clone(), ..Self::default() }),
            _ => None,
        }
    }

    /// The keys at the top, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<_> = self.table.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    /// Puts `over` over the section of a name, keeping what it does not set.
    pub fn add_section(&mut self, name: &str, over: Self) {
        let over = Value::new(None, ValueKind::Table(over.table));
        let incoming = Map::from([(name.to_owned(), over)]);
        merge(&mut self.table, incoming);
    }

    /// Where the value at a path came from, if it is set: a file and line, a variable or a flag.
    #[must_use]
    pub fn origin(&self, path: &str) -> Option<&str> {
        find(&self.table, path)?.origin()
    }

    /// Makes it a `T`.
    ///
    /// `others` are names at the top that would have been right elsewhere; a key that nobody knows
    /// is compared with them too.
    ///
    /// # Errors
    ///
    /// If values are not what their fields take, fields have no value, or keys are unknown: at the top
    /// always, below if the type has `deny_unknown_fields`. All of them are told, not only the first.
    pub fn decode<T: DeserializeOwned>(&self, others: &[&str]) -> Result<(T, Notes), Invalid> {
        decode::decode(self, others)
    }
}

pub(super) fn find<'a>(table: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = match &value.kind {
            ValueKind::Table(table) => table.get(part)?,
            ValueKind::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Later over earlier: tables key by key, all else replaced. A section without a line in it (all
/// commented out) says nothing.
fn merge(onto: &mut Map<String, Value>, incoming: Map<String, Value>) {
    for (key, value) in incoming {
        let Some(there) = onto.get_mut(&key) else {
            onto.insert(key, value);
            continue;
        };
        match (&mut there.kind, value) {
            (ValueKind::Table(there), Value { kind: ValueKind::Table(incoming), .. }) => {
                merge(there, incoming);
            }
            (ValueKind::Table(_), Value { kind: ValueKind::Nil, .. }) => {}
            (_, value) => *there = value,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Match {
    Exact,
    /// Whatever the case, `_` for `-`.
    Folded,
}

fn set(table: &mut Map<String, Value>, path: &[String], value: Value, matching: Match) {
    let Some((key, rest)) = path.split_first() else { return };
    let same = |there: &&String| folded(there) == folded(key);
    let key = match table.keys().find(same) {
        Some(there) if matching == Match::Folded && !table.contains_key(key) => there.clone(),
        _ => key.clone(),
    };
    if rest.is_empty() {
        table.insert(key, value);
        return;
    }
    let origin = value.origin().map(str::to_owned);
    let child = table
        .entry(key)
        .or_insert_with(|| Value::new(origin.as_ref(), Map::<String, Value>::new()));
    if !matches!(child.kind, ValueKind::Table(_)) {
        *child = Value::new(origin.as_ref(), Map::<String, Value>::new());
    }
    if let ValueKind::Table(child) = &mut child.kind {
        set(child, rest, value, matching);
    }
}

pub(super) fn folded(key: &str) -> String {
    key.replace('-', "_").to_ascii_lowercase()
}
