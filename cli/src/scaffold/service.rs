//! A service: which files of the template it has, and what is in them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::words::Words;
use super::{
    Database, Definition, Faces, Files, Formatter, Framework, Name, Registry, Resource, manifest,
    markers, template,
};

/// A service as it was asked for: all that its files depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// Where it lies in a workspace, `services/user-service`; empty for one that is a project by
    /// itself.
    #[serde(default)]
    pub(crate) folder: String,
    pub(crate) registry: Registry,
    pub(crate) database: Database,
    pub(crate) faces: Faces,
    /// Where it is called; what it tells of itself is one behind it.
    pub(crate) port: u16,
    /// What it keeps.
    pub(crate) resource: String,
    /// What it serves, if that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) definition: Option<Definition>,
}

impl Service {
    /// All files that `bia upgrade` looks after, by their paths below the root of the project.
    ///
    /// # Errors
    ///
    /// Its name is none any more; a template is wrong, which a test rules out.
    pub(crate) fn files(&self, framework: &Framework, formatter: &Formatter) -> Result<Files> {
        let words = self.words()?;
        let mut files = Files::new();
        for (path, text) in template::of("service") {
            if !self.has(path) {
                continue;
            }
            let text = markers::apply(text, |part| self.is_made_with(part))
                .map_err(|why| Error::new(format!("the template {path} is wrong: {why}")))?;
            let mut text = words.apply(&text);
            if path == "Cargo.toml" {
                text = self.manifest(&text, framework)?;
            }
            let text = formatter.of(path, text);
            files.insert(self.place(&words.apply(path)), text);
        }
        Ok(files)
    }

    /// Where a file of the service lies: protos of a workspace are for all its services.
    pub(crate) fn place(&self, path: &str) -> String {
        if self.folder.is_empty() || path.starts_with("proto/") {
            path.to_owned()
        } else {
            format!("{}/{path}", self.folder)
        }
    }

    /// What it keeps, that in the plural and as a type, its package, and how its types begin.
    pub(crate) fn in_words(&self) -> (String, String, String, String, String) {
        let resource = Resource::made(&self.resource);
        let (package, types) =
            Name::new(&self.name).map(|name| (name.package(), name.pascal())).unwrap_or_default();
        (json_name(&self.resource), resource.plural(), resource.pascal(), package, types)
    }

    /// Whether it is one of several in a workspace.
    pub(crate) fn is_member(&self) -> bool {
        !self.folder.is_empty()
    }

    fn has(&self, path: &str) -> bool {
        let is_sample = [
            "proto/",
            "migrations/",
            "src/rules/",
            "src/service/",
            "src/tests.rs",
            "src/data/gadgets.rs",
            "src/data/tests.rs",
        ];
        let is_data = ["src/data/", "migrations/"];
        let is_of_root = [".ci/", ".gitignore", "clippy.toml", "rustfmt.toml"];
        let is_any = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
        (self.definition.is_none() || !is_any(&is_sample))
            && (self.database != Database::None || !is_any(&is_data))
            && (!self.is_member() || !is_any(&is_of_root))
    }

    /// Whether a part that markers name is wanted.
    fn is_made_with(&self, part: &str) -> bool {
        match part {
            "sample" => self.definition.is_none(),
            "workspace" => self.is_member(),
            "http" => self.faces == Faces::All,
            "database" => self.database != Database::None,
            "sqlite" => self.database == Database::Sqlite,
            "postgres" => self.database == Database::Postgres,
            "local" => self.registry == Registry::Local,
            "consul" => self.registry == Registry::Consul,
            "streams" => self.definition.as_ref().is_some_and(|it| it.has_streams),
            "alone" => self.registry == Registry::None,
            _ => false,
        }
    }

    fn words(&self) -> Result<Words> {
        let mut words = Words::default();
        Name::new(&self.name)?.put_into(&mut words);
        // One that was good when it was made is taken as it is.
        Resource::made(&self.resource).put_into(&mut words);
        words.add("8000", self.port.to_string());
        words.add("8001", self.port.saturating_add(1).to_string());
        if self.is_member() {
            words.add("\"proto/", "\"../../proto/");
            words.add("](proto/", "](../../proto/");
        }
        if let Some(definition) = &self.definition {
            definition.put_into(&mut words, if self.is_member() { "../../" } else { "" });
        }
        Ok(words)
    }

    fn manifest(&self, text: &str, framework: &Framework) -> Result<String> {
        let text = match &self.definition {
            Some(definition) if definition.has_cel => manifest::with_feature(text, "cel")?,
            _ => text.to_owned(),
        };
        if self.is_member() { Ok(text) } else { manifest::alone(&text, framework) }
    }
}

/// How a field is called in JSON.
fn json_name(field: &str) -> String {
    heck::ToLowerCamelCase::to_lower_camel_case(field)
}
