//! What a service would say of a change at its start, where a schema takes it.

use std::collections::BTreeMap;

use bia::config::Variables;
use serde_json::Value;
use tempfile::TempDir;

use crate::error::{About as _, Result};
use crate::project::is_of_framework;
use crate::shell::Shell;

use super::super::centre::Centre;
use super::super::edit::Edit;

/// Warns of what the framework does not take of the settings that are changed: an address that is empty.
/// It is no more than a warning, since what else is set where the service runs is not known here.
///
/// `layers` are those of Consul as they would be, in their order.
pub(super) async fn warn(
    centre: &Centre,
    layers: &[(&str, String)],
    edits: &[Edit],
    shell: &Shell,
) -> Result<()> {
    if !edits.iter().any(|edit| is_of_framework(&edit.key())) {
        return Ok(());
    }
    let about = || "try out what the settings would be".to_owned();
    let folder = TempDir::new().about(about)?;
    let own = centre.local.as_ref().filter(|_| centre.is_own);
    let mut files = own.map(|it| it.files(&Variables::of_process())).unwrap_or_default();
    for (index, (name, text)) in layers.iter().enumerate() {
        let file = folder.path().join(format!("{index}-{}", name.replace('/', "-")));
        std::fs::write(&file, text).about(about)?;
        files.push(file);
    }
    let files = files.iter().flat_map(|it| ["--config".to_owned(), it.display().to_string()]);
    // Nothing is read but these, and they are not to be signed.
    let no_more = ["config.consul.prefix", "config.consul.key", "config.trust.key"];
    let no_more = no_more.iter().flat_map(|it| ["--set".to_owned(), format!("{it}=")]);
    let arguments: Vec<String> = files.chain(no_more).collect();
    let config = bia::config::<BTreeMap<String, Value>>();
    let Err(exit) = config.arguments(arguments, &Variables::default()).await else {
        return Ok(());
    };
    let told = exit.to_string();
    for fault in told.split("\n  and ") {
        let (place, what) = fault.split_once(": ").unwrap_or((fault, ""));
        // The place is a file that is only there to be tried.
        let key = place.split_once(" in ").map_or(place, |(key, _)| key);
        if edits.iter().any(|edit| edit.key() == key) {
            shell.warn(format_args!("a service does not start with it: {key}: {what}"));
        }
    }
    Ok(())
}
