//! Manifests: what a template inherits of its workspace is written out, and members are added.

use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use crate::error::{About as _, Error, Result};
use crate::splice::with_newline;

use super::{Framework, template};

const TABLES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];
const OURS: [&str; 2] = ["bia", "bia-codegen"];

/// `text`, a manifest of a template, for a project of its own.
///
/// # Errors
///
/// None with the templates that are carried; a test tries them.
pub(super) fn alone(text: &str, framework: &Framework) -> Result<String> {
    let root = root()?;
    let mut manifest = parse(text)?;
    let package = root.get("workspace").and_then(|it| it.get("package"));
    if let Some(table) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        for (key, item) in inherited(table) {
            if let Some(value) = package.and_then(|it| it.get(&key)).and_then(Item::as_value) {
                *item = Item::Value(value.clone().decorated(" ", ""));
            }
        }
    }
    for name in TABLES {
        let Some(table) = manifest.get_mut(name).and_then(Item::as_table_like_mut) else {
            continue;
        };
        for (name, item) in inherited(table) {
            let features = features(item);
            let mut whole = versions(&root, &name, framework)?;
            add_features(&mut whole, features);
            *item = Item::Value(short(whole));
        }
    }
    Ok(manifest.to_string())
}

/// The manifest of a workspace with all that services made of the template inherit.
///
/// # Errors
///
/// `text` is no manifest of a workspace.
pub(crate) fn workspace(text: &str, members: &[String], framework: &Framework) -> Result<String> {
    let mut text = text.to_owned();
    for member in members {
        text = with_member(&text, member)?;
    }
    with_versions(&text, framework)
}

/// `text`, the manifest of a workspace, with what services inherit of it and it lacks.
///
/// # Errors
///
/// It is no manifest of a workspace.
pub(crate) fn with_versions(text: &str, framework: &Framework) -> Result<String> {
    let root = root()?;
    let mut manifest = parse(text)?;
    let workspace = workspace_of(&mut manifest)?;
    let ours = root.get("workspace").and_then(|it| it.get("package"));
    let package = workspace.entry("package").or_insert(toml_edit::table());
    if let Some(package) = package.as_table_like_mut() {
        for key in ["edition", "rust-version"] {
            if let Some(value) = ours.and_then(|it| it.get(key))
                && !package.contains_key(key)
            {
                package.insert(key, value.clone());
            }
        }
    }
    let dependencies = workspace.entry("dependencies").or_insert(toml_edit::table());
    if let Some(dependencies) = dependencies.as_table_like_mut() {
        for name in needed()? {
            if !dependencies.contains_key(&name) {
                let versions = versions(&root, &name, framework)?;
                dependencies.insert(&name, Item::Value(short(versions)));
            }
        }
    }
    Ok(with_newline(&manifest.to_string(), text))
}

/// `text`, the manifest of a workspace, with one member more; as it is if it has that one.
///
/// # Errors
///
/// It is no manifest of a workspace.
pub(crate) fn with_member(text: &str, member: &str) -> Result<String> {
    let mut manifest = parse(text)?;
    let workspace = workspace_of(&mut manifest)?;
    let members = workspace.entry("members").or_insert(Item::Value(Array::new().into()));
    let members = members.as_array_mut().ok_or_else(|| {
        Error::new("`members` of the workspace is no list").with_hint("write `members = []`")
    })?;
    let folder = member.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_there = members
        .iter()
        .filter_map(Value::as_str)
        .any(|it| it == member || it == format!("{folder}/*"));
    if !is_there {
        let mut value = Value::from(member);
        // In a list of a line each, it gets a line of its own.
        let last = members.iter().last().and_then(|last| last.decor().prefix()?.as_str());
        if let Some(prefix) = last.filter(|prefix| prefix.contains('\n')) {
            let indent = prefix.rsplit('\n').next().unwrap_or_default();
            value.decor_mut().set_prefix(format!("\n{indent}"));
            members.push_formatted(value);
        } else {
            members.push(value);
        }
    }
    Ok(with_newline(&manifest.to_string(), text))
}

/// `text`, a manifest, with a feature of `bia` and `bia-codegen` more.
///
/// # Errors
///
/// It is no manifest.
pub(super) fn with_feature(text: &str, feature: &str) -> Result<String> {
    let mut manifest = parse(text)?;
    for name in OURS {
        for table in TABLES {
            let table = manifest.get_mut(table).and_then(Item::as_table_like_mut);
            let Some(item) = table.and_then(|it| it.get_mut(name)) else { continue };
            let mut whole = InlineTable::new();
            for (key, value) in item.as_table_like().into_iter().flat_map(TableLike::iter) {
                if let Some(value) = value.as_value() {
                    whole.insert(key, value.clone());
                }
            }
            add_features(&mut whole, vec![feature.to_owned()]);
            whole.fmt();
            *item = Item::Value(whole.into());
        }
    }
    Ok(manifest.to_string())
}

/// What a service made of the template, with all its parts, depends on.
fn needed() -> Result<Vec<String>> {
    let mut manifest = parse(template::file("service/Cargo.toml"))?;
    let mut names = Vec::new();
    for table in TABLES {
        let table = manifest.get_mut(table).and_then(Item::as_table_like_mut);
        names.extend(table.into_iter().flat_map(inherited).map(|(name, _)| name));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The entries of a table that the workspace says the rest of.
fn inherited(table: &mut dyn TableLike) -> impl Iterator<Item = (String, &mut Item)> {
    table
        .iter_mut()
        .filter(|(_, item)| item.get("workspace").and_then(Item::as_bool) == Some(true))
        .map(|(key, item)| (key.get().to_owned(), item))
}

/// What the workspace that the template is of says of a dependency.
fn versions(root: &DocumentMut, name: &str, framework: &Framework) -> Result<InlineTable> {
    if OURS.contains(&name) {
        return Ok(framework.dependency(name));
    }
    let entry = root.get("workspace").and_then(|it| it.get("dependencies")?.get(name));
    match entry.and_then(Item::as_value) {
        Some(Value::InlineTable(table)) => Ok(table.clone()),
        Some(Value::String(version)) => {
            let mut table = InlineTable::new();
            table.insert("version", Value::from(version.value().as_str()));
            Ok(table)
        }
        _ => Err(Error::new(format!("the template has no version of `{name}`"))),
    }
}

fn features(item: &Item) -> Vec<String> {
    let features = item.get("features").and_then(Item::as_array);
    features.into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect()
}

fn add_features(table: &mut InlineTable, more: Vec<String>) {
    let there = table.get("features").and_then(Value::as_array);
    let mut all: Vec<String> =
        there.into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
    all.extend(more);
    all.sort();
    all.dedup();
    if !all.is_empty() {
        table.insert("features", Value::Array(all.into_iter().collect()));
    }
}

/// A dependency as short as it can be said.
fn short(mut table: InlineTable) -> Value {
    if table.len() == 1
        && let Some(version) = table.get("version").and_then(Value::as_str)
    {
        return Value::from(version);
    }
    table.fmt();
    Value::InlineTable(table).decorated(" ", "")
}

fn workspace_of(manifest: &mut DocumentMut) -> Result<&mut dyn TableLike> {
    manifest
        .get_mut("workspace")
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| Error::new("its Cargo.toml has no [workspace]"))
}

fn root() -> Result<DocumentMut> {
    parse(template::root_manifest())
}

fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().about(|| "read Cargo.toml".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_member_changes_nothing_else_in_the_manifest() {
        let short = "# ours\n[workspace] # here\nmembers = [\"services/a\"] # all\n";
        assert_eq!(
            with_member(short, "services/b").expect("a workspace"),
            "# ours\n[workspace] # here\nmembers = [\"services/a\", \"services/b\"] # all\n"
        );
        let long =
            "[workspace]\nmembers = [\n    \"services/a\", # first\n    \"services/c\",\n]\n";
        assert_eq!(
            with_member(long, "services/b").expect("a workspace"),
            "[workspace]\nmembers = [\n    \"services/a\", # first\n    \"services/c\",\n    \"services/b\",\n]\n"
        );
        let windows = |text: &str| text.replace('\n', "\r\n");
        let with = with_member(&windows(long), "services/b").expect("a workspace");
        assert_eq!(with, windows(&with_member(long, "services/b").expect("a workspace")));
        let all = "[workspace]\nmembers = [\"services/*\"]\n";
        assert_eq!(with_member(all, "services/b").expect("a workspace"), all);
        assert!(with_member("[package]\n", "services/b").is_err());
    }

    #[test]
    fn what_a_workspace_says_of_versions_stays_as_it_is() {
        let text = "[workspace]\n\n[workspace.dependencies]\ntokio = \"=1.2.3\" # for a reason\n";
        let framework = Framework::Version("0.1.0".to_owned());
        let with = with_versions(text, &framework).expect("a workspace");
        assert!(with.contains("tokio = \"=1.2.3\" # for a reason\n"), "{with}");
        assert!(with.contains("bia = { version = \"0.1.0\", default-features = false }"), "{with}");
        assert!(with.contains("edition = \"2024\""), "{with}");
        assert_eq!(with_versions(&with, &framework).expect("a workspace"), with);
    }
}
