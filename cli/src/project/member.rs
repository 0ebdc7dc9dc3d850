//! One crate of a project.

use std::path::PathBuf;

use bia_codegen::{Compiler, Model};

use crate::error::{About as _, Error, Result};

use super::{BuildScript, Package};

/// A crate.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The oldest Rust that builds it, if it says so.
    pub(crate) rust_version: Option<String>,
    /// Where its `Cargo.toml` is.
    pub(crate) folder: PathBuf,
    /// Its programs: the name, and the file with `main`.
    pub(crate) programs: Vec<(String, PathBuf)>,
    /// Where the framework is, if it is had from a folder.
    pub(crate) framework: Option<PathBuf>,
    /// The folders of what it is built with that is not published.
    pub(crate) neighbours: Vec<PathBuf>,
    has_build_script: bool,
    depends_on_bia: bool,
    generates: bool,
}

impl Member {
    pub(super) fn new(package: Package) -> Self {
        let depends = |name: &str, kind: Option<&str>| {
            package.dependencies.iter().find(|it| it.name == name && it.kind.as_deref() == kind)
        };
        let programs = package.targets.iter().filter(|it| it.kind.iter().any(|kind| kind == "bin"));
        Self {
            programs: programs.map(|it| (it.name.clone(), it.src_path.clone())).collect(),
            neighbours: package
                .dependencies
                .iter()
                .filter(|it| it.kind.as_deref() != Some("dev"))
                .filter_map(|it| it.path.clone())
                .collect(),
            framework: depends("bia", None).and_then(|it| it.path.clone()),
            has_build_script: package
                .targets
                .iter()
                .any(|it| it.kind.iter().any(|kind| kind == "custom-build")),
            depends_on_bia: depends("bia", None).is_some(),
            generates: depends("bia-codegen", Some("build")).is_some(),
            folder: package.manifest_path.parent().map(PathBuf::from).unwrap_or_default(),
            name: package.name,
            rust_version: package.rust_version,
            version: package.version,
        }
    }

    /// Whether it has a program, and makes code of protos for Bia.
    pub(crate) fn is_service(&self) -> bool {
        self.depends_on_bia && self.generates && self.has_build_script && !self.programs.is_empty()
    }

    /// What its `build.rs` compiles.
    ///
    /// # Errors
    ///
    /// It cannot be read, or names no protos in a way that is understood.
    pub(crate) fn build_script(&self) -> Result<BuildScript> {
        let path = self.folder.join("build.rs");
        let text = std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
        BuildScript::read(&text)
            .and_then(|script| {
                if script.files.is_empty() {
                    return Err("it names no .proto file in plain words".to_owned());
                }
                Ok(script)
            })
            .map_err(|why| {
                Error::new(format!("cannot tell which protos {} compiles: {why}", path.display()))
                    .with_hint("write the paths as they are: bia_codegen::compile(&[\"proto/user/v1/user.proto\"])")
            })
    }

    /// What its protos say.
    ///
    /// # Errors
    ///
    /// Those of [`build_script`](Self::build_script); protos that are wrong, with `file:line:column`.
    pub(crate) fn model(&self) -> Result<Model> {
        let script = self.build_script()?;
        let mut compiler = Compiler::new();
        for folder in &script.includes {
            compiler = compiler.include(self.folder.join(folder));
        }
        Ok(compiler.files(script.files.iter().map(|file| self.folder.join(file))).model()?)
    }
}
