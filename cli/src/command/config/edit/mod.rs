//! Changes a value in the text of a document, and leaves every other byte as it is.

#[cfg(test)]
mod tests;
mod toml;
mod yaml;

use std::ops::Range;
use std::path::Path;

use bia::config::Tree;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// How a document is written, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Yaml,
    Json,
    Toml,
}

impl Format {
    pub(super) fn of(name: &str) -> Result<Self> {
        match Path::new(name).extension().and_then(|it| it.to_str()) {
            Some("yaml" | "yml") => Ok(Self::Yaml),
            Some("json") => Ok(Self::Json),
            Some("toml") => Ok(Self::Toml),
            _ => Err(Error::usage(format!("cannot tell how {name} is written"))
                .with_hint("a layer is named .yaml, .yml, .toml or .json")),
        }
    }
}

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    /// The value at a path becomes another one; `text` is how it was typed.
    Set { path: Vec<String>, text: String, value: Value },
    /// What is at a path goes, and sections that it leaves empty.
    Unset { path: Vec<String> },
}

impl Edit {
    /// Reads `KEY.PATH=VALUE` as a service reads `--set`.
    pub(super) fn parse(argument: &str) -> Result<Self> {
        const HINT: &str = "write KEY.PATH=VALUE, such as server.timeout=5s or hosts=[a, b]";
        if !argument.contains('=') {
            return Err(
                Error::usage(format!("it is not said what {argument} is to be")).with_hint(HINT)
            );
        }
        if argument.trim_start().starts_with('=') {
            return Err(Error::usage(format!("it is not said what {argument} is the value of"))
                .with_hint(HINT));
        }
        let mut tree = Tree::new();
        tree.add_flag(argument).map_err(|invalid| {
            // A service has it behind a flag.
            let told = invalid.to_string();
            Error::usage(told.strip_prefix("--set ").unwrap_or(&told)).with_hint(HINT)
        })?;
        let (key, text) = argument.split_once('=').unwrap_or((argument, ""));
        let path = path(key)?;
        let mut value = json(&tree)?;
        for part in &path {
            value = value.get_mut(part).map(Value::take).unwrap_or_default();
        }
        Ok(Self::Set { path, text: text.trim().to_owned(), value })
    }

    /// The change that takes a key away.
    pub(super) fn unset(key: &str) -> Result<Self> {
        Ok(Self::Unset { path: path(key)? })
    }

    pub(super) fn path(&self) -> &[String] {
        let (Self::Set { path, .. } | Self::Unset { path }) = self;
        path
    }

    pub(super) fn key(&self) -> String {
        self.path().join(".")
    }

    /// The same below another section.
    pub(super) fn below(mut self, sections: &[&str]) -> Self {
        let (Self::Set { path, .. } | Self::Unset { path }) = &mut self;
        path.splice(0..0, sections.iter().map(|it| (*it).to_owned()));
        self
    }
}

fn path(key: &str) -> Result<Vec<String>> {
    let path: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
    if path.iter().any(String::is_empty) {
        return Err(Error::usage(format!("the key {key:?} has an empty part")));
    }
    Ok(path)
}

/// The document `name` after `edit`; the text itself if it says so already.
pub(super) fn apply(name: &str, text: &str, edit: &Edit) -> Result<String> {
    let before = read(name, text)?;
    let mut wanted = before.clone();
    match edit {
        Edit::Set { path, value, .. } => put(&mut wanted, path, value.clone()).map_err(|at| {
            Error::new(format!("{at} in {name} is no section but a value"))
                .with_hint(format!("take it away first: `bia config set --unset {at}`"))
        })?,
        Edit::Unset { path } => {
            remove(&mut wanted, path);
        }
    }
    if wanted == before {
        return Ok(text.to_owned());
    }
    let is_right = |after: &String| read(name, after).is_ok_and(|after| after == wanted);
    let format = Format::of(name)?;
    let candidates = match format {
        Format::Toml => toml::edited(text, edit).into_iter().collect(),
        Format::Yaml | Format::Json => yaml::edited(format, text, edit),
    };
    candidates.into_iter().find(is_right).ok_or_else(|| {
        Error::new(format!("cannot change {} in {name} without changing more than that", edit.key()))
            .with_hint(format!(
                "change it by hand: `bia config get --layer {name} --raw > {name}`, then `bia config set --file {name}`"
            ))
    })
}

/// What the document says.
pub(super) fn read(name: &str, text: &str) -> Result<Value> {
    let mut tree = Tree::new();
    tree.add_file(Path::new(name), text).map_err(|it| Error::new(it.to_string()))?;
    json(&tree)
}

/// What a tree says, as JSON.
pub(super) fn json(tree: &Tree) -> Result<Value> {
    match tree.decode::<Value>(&[]) {
        Ok((value, _)) => Ok(value),
        Err(invalid) => Err(Error::new(invalid.to_string())),
    }
}

/// Where the value at each of these keys stands in the text; none of those that are not found.
pub(super) fn spans(name: &str, text: &str, keys: &[&str]) -> Vec<Option<Range<usize>>> {
    // Who reads settings reads over this mark; where things stand is told without it.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - bare.len();
    let found = match Format::of(name) {
        Ok(Format::Toml) => toml::spans(bare, keys),
        Ok(_) => yaml::spans(bare, keys),
        Err(_) => vec![None; keys.len()],
    };
    found.into_iter().map(|it| it.map(|it| it.start + mark..it.end + mark)).collect()
}

/// Puts a value at a path; what is in the way is told.
fn put(within: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let mut at = within;
    for (depth, part) in path.iter().enumerate() {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(table) = at else { return Err(path[..depth].join(".")) };
        at = table.entry(part.clone()).or_insert(Value::Null);
    }
    *at = value;
    Ok(())
}

/// Takes away what is at a path, and tables that it leaves empty. Whether anything was there.
fn remove(within: &mut Value, path: &[String]) -> bool {
    let Value::Object(table) = within else { return false };
    let Some((first, rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        return table.remove(first).is_some();
    }
    let Some(child) = table.get_mut(first) else { return false };
    let is_removed = remove(child, rest);
    if is_removed && child.as_object().is_some_and(Map::is_empty) {
        table.remove(first);
    }
    is_removed
}
