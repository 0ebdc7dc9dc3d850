//! Checks a layer against the JSON Schema of its service, and says what was expected.

mod fault;
mod origin;

use std::path::Path;

use bia::config::Tree;
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::error::{About as _, Error, Result};

use super::edit::json;

pub(super) use self::origin::{Origin, shown};

/// Where a staged change lies in a layer: it is one more layer.
const STAGED: &str = "rollout.change";

/// What a layer of settings may say.
pub(super) struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
    /// As it is written.
    value: Value,
    origin: Origin,
}

impl Schema {
    /// Reads the schema, by asking the program if it is to tell.
    pub(super) async fn read(origin: Origin) -> Result<Self> {
        let about = || format!("read the schema of {origin}");
        let value: Value = serde_json::from_str(&origin.text().await?).about(about)?;
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("settings.json", value.clone()).about(about)?;
        let index = compiler.compile("settings.json", &mut schemas).about(about)?;
        Ok(Self { schemas, index, value, origin })
    }

    /// Checks the text of a layer, and the change that is staged in it.
    ///
    /// # Errors
    ///
    /// All that the schema does not take, each with its key, its line and what was expected.
    pub(super) fn check(&self, name: &str, text: &str) -> Result<()> {
        let mut tree = Tree::new();
        tree.add_file(Path::new(name), text).map_err(|it| Error::new(it.to_string()))?;
        let value = json(&tree)?;
        let mut faults = self.faults(&value);
        if let Some(change) = value.pointer("/rollout/change") {
            let below = |(key, what): (String, String)| match key.as_str() {
                "" => (STAGED.to_owned(), what),
                key => (format!("{STAGED}.{key}"), what),
            };
            faults.extend(self.faults(change).into_iter().map(below));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = faults
            .iter()
            .map(|(key, what)| {
                let place = tree.origin(key).map_or_else(|| name.to_owned(), str::to_owned);
                if key.is_empty() {
                    format!("{place}: {what}")
                } else {
                    format!("{key} in {place}: {what}")
                }
            })
            .collect();
        let what = format!("{}; nothing was written", told.join("\n  and "));
        let origin = &self.origin;
        Err(Error::new(what).with_hint(format!(
            "{origin} says what may be set; if that is out of date, {}",
            origin.anew()
        )))
    }

    fn faults(&self, value: &Value) -> Vec<(String, String)> {
        match self.schemas.validate(value, self.index) {
            Ok(()) => Vec::new(),
            Err(error) => fault::faults(&error, value, &self.value),
        }
    }
}
