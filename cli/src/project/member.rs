//! One crate of a project.

use std::path::{Component, Path, PathBuf};

use bia_codegen::{Compiler, Model};

use crate::error::{About as _, Error, Result, of_protos};
use crate::paths::shown;
use crate::splice::Source;

use super::{BuildScript, Package};

/// A crate.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The edition of Rust that it is written in.
    pub(crate) edition: String,
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
    /// What it is built with, by the names that its code has for them.
    pub(crate) crates: Vec<String>,
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
            crates: package
                .dependencies
                .iter()
                .map(|it| it.rename.as_ref().unwrap_or(&it.name).replace('-', "_"))
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
            edition: package.edition,
            rust_version: package.rust_version,
            version: package.version,
        }
    }

    /// Its program: the one of its own name, else the first.
    pub(crate) fn program(&self) -> Option<&str> {
        let own = self.programs.iter().find(|(program, _)| *program == self.name);
        own.or_else(|| self.programs.first()).map(|(program, _)| program.as_str())
    }

    /// Whether it has a program, and makes code of protos for Bia.
    pub(crate) fn is_service(&self) -> bool {
        self.depends_on_bia && self.generates && self.has_build_script && !self.programs.is_empty()
    }

    /// What its `build.rs` compiles.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no Rust, or names no protos in a way that is understood.
    pub(crate) fn build_script(&self) -> Result<BuildScript> {
        let path = self.folder.join("build.rs");
        let text = std::fs::read_to_string(&path).about(|| format!("read {}", shown(&path)))?;
        let script = BuildScript::read(&Source::parse(path.as_path(), text)?.syntax);
        if script.files.is_empty() {
            return Err(Error::new(format!(
                "{} names no .proto file in plain words, so it cannot be told what it compiles",
                shown(&path)
            ))
            .with_hint("write the paths as they are: bia_codegen::compile(&[\"proto/user/v1/user.proto\"])"));
        }
        Ok(script)
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
        let about = || format!("try out what {} would say", shown(path));
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
            let place = |file| if Path::new(file) == tried { path } else { Path::new(file) };
            let error = self.named_by_script(of_protos(&error, place));
            // Where another place of the same file is told in words.
            let told = error.to_string().replace(&tried.display().to_string(), &shown(path));
            error.saying(told)
        })
    }

    /// What the protos of `script` say, which may be other than those of its `build.rs`.
    ///
    /// # Errors
    ///
    /// Those of [`model`](Self::model).
    pub(crate) fn model_of(&self, script: &BuildScript) -> Result<Model> {
        let model = self.compile(script, Compiler::new(), |file| file);
        model.map_err(|error| self.named_by_script(error.into()))
    }

    /// The same error; one of a path that leads nowhere with the folder that it is read from, which is not
    /// the one that this command runs in.
    fn named_by_script(&self, error: Error) -> Error {
        if !error
            .hint()
            .is_some_and(|it| it.starts_with("paths are relative to the folder of the crate"))
        {
            return error;
        }
        let (script, folder) = (self.folder.join("build.rs"), shown(&self.folder));
        error.with_hint(format!("{} names it; paths there begin in {folder}", shown(&script)))
    }

    fn compile(
        &self,
        script: &BuildScript,
        mut compiler: Compiler,
        instead: impl Fn(PathBuf) -> PathBuf,
    ) -> Result<Model, bia_codegen::Error> {
        for folder in &script.includes {
            compiler = compiler.include(tidy(&self.folder.join(folder)));
        }
        let files = script.files.iter().map(|file| instead(tidy(&self.folder.join(file))));
        compiler.files(files).model()
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
