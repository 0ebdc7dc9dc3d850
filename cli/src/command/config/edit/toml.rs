//! TOML: the document is edited, its comments and its order stay.

use std::ops::Range;

use serde_json::Value as Json;
use toml_edit::{Array, Document, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::splice::with_newline;

use super::Edit;

/// The text after the edit; none if it cannot be done.
pub(super) fn edited(text: &str, edit: &Edit) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    match edit {
        Edit::Set { path, value, .. } => set(document.as_table_mut(), path, value)?,
        Edit::Unset { path } => {
            unset(document.as_table_mut(), path);
        }
    }
    let after = document.to_string();
    // It writes the ends of lines its own way.
    Some(with_newline(&after, text))
}

fn set(table: &mut dyn TableLike, path: &[String], value: &Json) -> Option<()> {
    let (first, rest) = path.split_first()?;
    if !rest.is_empty() {
        if !table.contains_key(first) {
            let mut section = Table::new();
            // Its header is written only if it has values of its own.
            section.set_implicit(true);
            table.insert(first, Item::Table(section));
        }
        return set(table.get_mut(first)?.as_table_like_mut()?, rest, value);
    }
    let mut value = of_json(value)?;
    match table.get_mut(first) {
        Some(Item::Value(there)) => {
            *value.decor_mut() = there.decor().clone();
            *there = value;
        }
        _ => {
            table.insert(first, Item::Value(value));
        }
    }
    Some(())
}

fn unset(table: &mut dyn TableLike, path: &[String]) -> Option<()> {
    let (first, rest) = path.split_first()?;
    if rest.is_empty() {
        table.remove(first)?;
        return Some(());
    }
    let child = table.get_mut(first)?.as_table_like_mut()?;
    unset(child, rest)?;
    if child.is_empty() {
        table.remove(first);
    }
    Some(())
}

/// TOML has no null.
fn of_json(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(of_json).collect::<Option<Array>>()?),
        Json::Object(table) => {
            let entries = table.iter().map(|(key, value)| Some((key.as_str(), of_json(value)?)));
            Value::InlineTable(entries.collect::<Option<InlineTable>>()?)
        }
    })
}

pub(super) fn spans(text: &str, keys: &[&str]) -> Vec<Option<Range<usize>>> {
    let Ok(document) = Document::parse(text) else { return vec![None; keys.len()] };
    let find = |key: &&str| {
        let mut at = document.as_item();
        for part in key.split('.') {
            at = at.as_table_like()?.get(part)?;
        }
        at.span()
    };
    keys.iter().map(find).collect()
}
