//! Where a project has the framework from.

use std::path::{Path, PathBuf};

use toml_edit::{InlineTable, Value};

use crate::error::{Error, Result};

use super::version;

/// The checkout that this command was built from, if it was.
const BUILT_BESIDE: Option<&str> = option_env!("BIA_FRAMEWORK");

/// The version of this command, and of the framework that it was tested with.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// The crates `bia` and `bia-codegen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// In folders of this machine.
    Folders { framework: PathBuf, codegen: PathBuf },
    /// As they were published.
    Version(String),
}

impl Framework {
    /// What `--framework` asks for; without it, what this command came with.
    ///
    /// # Errors
    ///
    /// It asks for a folder that has no framework in it, or for a version that the templates are not for.
    pub(crate) fn find(asked: Option<&str>) -> Result<Self> {
        let Some(asked) = asked else {
            let beside = BUILT_BESIDE.map(Path::new).and_then(Self::in_folder);
            return Ok(beside.unwrap_or_else(|| Self::Version(OWN.to_owned())));
        };
        if asked.starts_with(|first: char| first.is_ascii_digit() || "=^~".contains(first)) {
            if version::allows(asked, OWN) {
                return Ok(Self::Version(asked.to_owned()));
            }
            return Err(Error::usage(format!(
                "the templates of this command are for bia {OWN}, which `{asked}` is not: what it writes might not build"
            ))
            .with_hint(format!(
                "say `--framework {OWN}`, or use the command of that version: `cargo install bia-cli --version {asked}`"
            )));
        }
        let folder = Path::new(asked);
        Self::in_folder(folder).or_else(|| Self::in_folder(&folder.join("framework"))).ok_or_else(
            || {
                Error::usage(format!("`{asked}` is neither a version nor a folder with the framework"))
                    .with_hint("name a version, `0.1.0`, or the folder of a checkout, which has `framework` and `codegen` in it")
            },
        )
    }

    fn in_folder(framework: &Path) -> Option<Self> {
        let framework = framework.canonicalize().ok()?;
        let codegen = framework.parent()?.join("codegen");
        let is_there = |folder: &Path, name: &str| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
            manifest.is_ok_and(|text| text.contains(&format!("name = \"{name}\"")))
        };
        let are_there = is_there(&framework, "bia") && is_there(&codegen, "bia-codegen");
        are_there.then_some(Self::Folders { framework, codegen })
    }

    /// How a manifest names the crate `bia` or `bia-codegen`.
    pub(super) fn dependency(&self, name: &str) -> InlineTable {
        let mut table = InlineTable::new();
        match self {
            Self::Folders { framework, codegen } => {
                let folder = if name == "bia" { framework } else { codegen };
                table.insert("path", Value::from(folder.display().to_string()));
            }
            Self::Version(version) => {
                table.insert("version", Value::from(version.as_str()));
            }
        }
        if name == "bia" {
            table.insert("default-features", Value::from(false));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framework_is_the_one_that_the_command_was_built_beside() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let expected = Framework::Folders {
            framework: repository.join("framework"),
            codegen: repository.join("codegen"),
        };
        assert_eq!(Framework::find(None).expect("it is there"), expected);
        let asked = repository.display().to_string();
        assert_eq!(Framework::find(Some(&asked)).expect("it is there"), expected);
    }

    #[test]
    fn a_version_is_a_version_and_a_folder_without_a_framework_is_told() {
        let version = Framework::find(Some(OWN)).expect("it is one");
        assert_eq!(version, Framework::Version(OWN.to_owned()));
        assert_eq!(
            version.dependency("bia").to_string(),
            format!("{{ version = \"{OWN}\", default-features = false }}")
        );
        let error = Framework::find(Some("/tmp")).expect_err("there is none");
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint().is_some_and(|hint| hint.contains("checkout")), "{error}");
    }

    #[test]
    fn a_version_that_the_templates_are_not_for_is_refused_with_what_to_do() {
        let error = Framework::find(Some("9.9.9")).expect_err("it is another");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(OWN), "{error}");
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("cargo install bia-cli --version 9.9.9"), "{hint}");
    }
}
