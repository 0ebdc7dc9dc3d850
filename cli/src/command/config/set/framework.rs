//! What the framework's own settings do not take, where no schema of the service is here.

use bia::Settings;
use bia::config::Tree;

use crate::error::{Error, Result};
use crate::project::is_of_framework;

use super::super::edit::Edit;

/// Checks each value that was typed by itself: what is wrong with it is wrong whatever else is set.
///
/// # Errors
///
/// A value is none that its setting takes, or the framework has no such setting.
pub(super) fn check(edits: &[Edit]) -> Result<()> {
    let told: Vec<String> = edits.iter().filter_map(fault).collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("{}; nothing was written", told.join("\n  and "))).with_hint(
        "the framework of this command says so; where the service has another, name with \
         --schema FILE what its --config-schema prints",
    ))
}

fn fault(edit: &Edit) -> Option<String> {
    let Edit::Set { path, text, .. } = edit else { return None };
    // A change that is staged is settings too.
    let path = match path.as_slice() {
        [first, second, rest @ ..] if first == "rollout" && second == "change" => rest,
        path => path,
    };
    let key = path.join(".");
    // What a placeholder comes to is known where the service runs.
    if !is_of_framework(&key) || text.contains("${") {
        return None;
    }
    let mut tree = Tree::new();
    tree.add_flag(&format!("{key}={text}")).ok()?;
    let invalid = tree.decode::<Settings>(&[]).err()?;
    Some(format!("{}: {}", invalid.key().unwrap_or(&key), invalid.what()))
}
