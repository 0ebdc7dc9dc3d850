//! One crate of a project.

use std::path::{Component, Path, PathBuf};

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
        self.model_of(&self.build_script()?)
    }

    /// What its protos would say if the file at `path`, which is imported as `name`, said `text`.
    ///
    /// # Errors
    ///
    /// Those of [`model`](Self::model).
    pub(crate) fn model_if(&self, path: &Path, name: &str, text: &str) -> Result<Model> {
        let about = || format!("try out what {} would say", path.display());
        let script = self.build_script()?;
        let around = tempfile::TempDir::new().about(about)?;
        let tried = around.path().join(name);
        std::fs::create_dir_all(tried.parent().unwrap_or(&tried)).about(about)?;
        std::fs::write(&tried, text).about(about)?;
        // What is beside the file is found there still, but the file itself here.
        let mut compiler = Compiler::new().include(around.path());
        let ups = Path::new(name).components().count();
        if let Some(root) = path.ancestors().nth(ups).filter(|root| root.join(name) == *path) {
            compiler = compiler.include(root);
        }
        let whole = path.canonicalize().about(about)?;
        let instead = |file: PathBuf| {
            if file.canonicalize().is_ok_and(|it| it == whole) { tried.clone() } else { file }
        };
        self.compile(&script, compiler, instead).map_err(|error| {
            let told = error
                .to_string()
                .replace(&tried.display().to_string(), &path.display().to_string());
            Error::new(told)
        })
    }

    /// What the protos of `script` say, which may be other than those of its `build.rs`.
    ///
    /// # Errors
    ///
    /// Those of [`model`](Self::model).
    pub(crate) fn model_of(&self, script: &BuildScript) -> Result<Model> {
        self.compile(script, Compiler::new(), |file| file)
    }

    fn compile(
        &self,
        script: &BuildScript,
        mut compiler: Compiler,
        instead: impl Fn(PathBuf) -> PathBuf,
    ) -> Result<Model> {
        for folder in &script.includes {
            compiler = compiler.include(tidy(&self.folder.join(folder)));
        }
        let files = script.files.iter().map(|file| instead(tidy(&self.folder.join(file))));
        Ok(compiler.files(files).model()?)
    }
}

/// The path without `..`, so that a file has one path whoever names it.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        if part != Component::ParentDir || !tidy.pop() {
            tidy.push(part);
        }
    }
    tidy
}
