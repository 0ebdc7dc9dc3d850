//! The settings of a run, and the run itself.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;

use crate::emit::{
    Bind, Client, Contract, Descriptors, Emit, Errors, Json, Messages, Mock, OPENAPI_MARK, OpenApi,
    Operations, Raw, Redact, ServiceTrait, Tree, UnknownFields, Validate,
};
use crate::error::{Error, Topic};
use crate::model::{Model, Types, Wanted};
use crate::output::{MARK, Output};
use crate::source::Sources;

/// Contents by name.
type Files = BTreeMap<String, Vec<u8>>;

/// Compiles `.proto` files, with more to say than [`compile`](crate::compile) has.
///
/// ```no_run
/// # fn main() -> Result<(), bia_codegen::Error> {
/// bia_codegen::Compiler::new()
///     .file("proto/user/v1/user.proto")
///     .include("../shared/proto")
///     .mocks(true)
///     .compile()
/// # }
/// ```
pub struct Compiler {
    files: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    messages: bool,
    services: bool,
    faces: Option<bool>,
    openapi: bool,
    clients: bool,
    mocks: bool,
    serde: bool,
    unknown_fields: bool,
    runtime: String,
    prost: Option<[String; 2]>,
    extern_paths: Vec<(String, String)>,
    type_attributes: Vec<(String, String)>,
    field_attributes: Vec<(String, String)>,
    emitters: Vec<Box<dyn Emit>>,
}

impl Compiler {
    /// A compiler of no files yet, which makes messages, services and clients.
    #[must_use]
    pub fn new() -> Self {
        Self {
            files: Vec::new(),
            includes: Vec::new(),
            out_dir: None,
            messages: true,
            services: true,
            faces: None,
            openapi: true,
            clients: true,
            mocks: false,
            serde: true,
            unknown_fields: false,
            runtime: "::bia".to_owned(),
            prost: None,
            extern_paths: Vec::new(),
            type_attributes: Vec::new(),
            field_attributes: Vec::new(),
            emitters: Vec::new(),
        }
    }

    /// Adds a file, by its path or by what it is imported as.
    ///
    /// Services are made of the files that are named here; of those that they import, the messages
    /// that are used.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.files.push(path.as_ref().to_owned());
        self
    }

    /// Adds files, as [`file`](Self::file) does.
    #[must_use]
    pub fn files(mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.files.extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Adds a folder in which imports are looked for, before those that the files' packages tell.
    #[must_use]
    pub fn include(mut self, folder: impl AsRef<Path>) -> Self {
        self.includes.push(folder.as_ref().to_owned());
        self
    }

    /// Replaces where code goes; cargo's `OUT_DIR` by default.
    ///
    /// For code that is checked in. The folder is made if it is not there, and what an earlier run
    /// put there and this one does not is removed.
    #[must_use]
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Whether messages and enums are made; they are by default. Without them, [`extern_path`](Self::extern_path)
    /// has to tell where they are.
    #[must_use]
    pub fn messages(mut self, wanted: bool) -> Self {
        self.messages = wanted;
        self
    }

    /// Whether anything is made of services; it is by default. Without, the code names prost only and
    /// nothing of the framework.
    #[must_use]
    pub fn services(mut self, wanted: bool) -> Self {
        self.services = wanted;
        self
    }

    /// Whether messages know JSON, text and their rules, which the faces beside gRPC need; by default
    /// they do if anything is made of [`services`](Self::services).
    ///
    /// Say so for a crate of messages alone whose messages services of other crates take or answer.
    #[must_use]
    pub fn faces(mut self, wanted: bool) -> Self {
        self.faces = Some(wanted);
        self
    }

    /// Whether services bring an OpenAPI document, which their app serves; they do by default.
    ///
    /// Each has one of its own, `user.v1.UserService.openapi.json`, and `openapi.json` is of all that are
    /// made here.
    #[must_use]
    pub fn openapi(mut self, wanted: bool) -> Self {
        self.openapi = wanted;
        self
    }

    /// Whether clients are made of services; they are by default.
    #[must_use]
    pub fn clients(mut self, wanted: bool) -> Self {
        self.clients = wanted;
        self
    }

    /// Whether mocks are made of services, `MockUserService`; they are not by default.
    #[must_use]
    pub fn mocks(mut self, wanted: bool) -> Self {
        self.mocks = wanted;
        self
    }

    /// Whether messages that know JSON are `serde::Serialize` and `Deserialize` too; they are by
    /// default, and go by protobuf's rules for JSON.
    ///
    /// Say no to derive them with [`type_attribute`](Self::type_attribute), by serde's rules: enums
    /// are numbers then, `oneof`s are nested, and timestamps need code of yours.
    #[must_use]
    pub fn serde(mut self, wanted: bool) -> Self {
        self.serde = wanted;
        self
    }

    /// Whether messages keep the fields that they do not know and write them again, as protobuf's
    /// specification asks; they do not by default.
    ///
    /// Say yes where messages are read, changed and passed on: a peer that is newer than this code sends
    /// fields that would be lost on the way. Each message then has one more public field, `unknown_fields`
    /// (with `_` behind it if its proto has one of that name), so that structs are written with
    /// `..Default::default()`, and none is `Copy`. It takes 24 bytes of each message and a copy of what was unknown,
    /// and up to 15 % more time to read. Tags of more than five bytes, which prost reads, are refused.
    ///
    /// The code then names the framework even without [`services`](Self::services). Types that are elsewhere
    /// stay as they are: the well-known types, and those of crates which do not say so themselves.
    #[must_use]
    pub fn unknown_fields(mut self, kept: bool) -> Self {
        self.unknown_fields = kept;
        self
    }

    /// Replaces the path of the framework in generated code: `::bia` by default, for crates that
    /// know it by another name.
    #[must_use]
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.runtime = path.into();
        self
    }

    /// Replaces the paths of prost and prost-types in generated code; by default they are those that
    /// the framework brings.
    #[must_use]
    pub fn prost(mut self, prost: impl Into<String>, prost_types: impl Into<String>) -> Self {
        self.prost = Some([prost.into(), prost_types.into()]);
        self
    }

    /// Says that a type, or all of a package, is in Rust already: `.shared.v1` at `::shared_api::v1`.
    ///
    /// Names begin with a dot. No code is made of what is elsewhere.
    #[must_use]
    pub fn extern_path(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.extern_paths.push((name.into(), path.into()));
        self
    }

    /// Adds an attribute to messages, enums and oneofs: to one by its full name with a dot in front, `.user.v1.User`,
    /// to those of a package, `.user.v1`, or to all, `.`.
    #[must_use]
    pub fn type_attribute(mut self, name: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.type_attributes.push((name.into(), attribute.into()));
        self
    }

    /// Adds an attribute to fields: to one by its full name with a dot in front, `.user.v1.User.name`, or to all of a
    /// message or a package.
    #[must_use]
    pub fn field_attribute(
        mut self,
        name: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        self.field_attributes.push((name.into(), attribute.into()));
        self
    }

    /// Adds an emitter, which runs after those of this crate.
    #[must_use]
    pub fn emit(mut self, emitter: impl Emit + 'static) -> Self {
        self.emitters.push(Box::new(emitter));
        self
    }

    /// Compiles and writes the files. Files that would not change are left alone.
    ///
    /// In a build script it also tells cargo which files to watch.
    ///
    /// # Errors
    ///
    /// Those of [`compile`](crate::compile); settings that are not Rust; a folder or a file that cannot
    /// be written.
    pub fn compile(self) -> Result<(), Error> {
        let build_script = std::env::var_os("OUT_DIR").map(PathBuf::from);
        let Some(folder) = self.out_dir.clone().or_else(|| build_script.clone()) else {
            return Err(Error::new("OUT_DIR is not set, so there is no place for the code")
                .with_remedy("call this from build.rs, or say where with Compiler::out_dir"));
        };
        let (files, read) = self.run()?;
        write(&folder, &files)?;
        if self.out_dir.is_some() {
            remove_stale(&folder, &files)?;
        }
        if build_script.is_some() {
            tell_cargo(&read);
        }
        Ok(())
    }

    /// Compiles and hands back the files by name, writing none.
    ///
    /// # Errors
    ///
    /// Those of [`compile`](crate::compile), and settings that are not Rust.
    pub fn generate(self) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        Ok(self.run()?.0)
    }

    /// Reads and checks, and hands back what the protos say: for tools that make no code of them.
    ///
    /// # Errors
    ///
    /// Those of [`compile`](crate::compile), but for what only concerns the code.
    pub fn model(&self) -> Result<Model, Error> {
        Ok(self.read()?.0)
    }

    /// Reads the files and checks them against each other, and hands back all that they say, with places
    /// and comments: for tools that judge protos.
    ///
    /// Less is refused than [`model`](Self::model) does: names, HTTP and options may be wrong.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is not right, with `file:line:col`; an import that is not found.
    pub fn descriptors(&self) -> Result<DescriptorPool, Error> {
        Ok(self.sources()?.pool)
    }

    fn sources(&self) -> Result<Sources, Error> {
        Sources::load(&self.files, &self.includes).map_err(|error| error.about(Topic::Source))
    }

    /// Checks descriptors that are there already, as a running service tells them, and hands back what
    /// they say. `files` are the import names of those whose services are wanted.
    ///
    /// Nothing is read: the files of the compiler itself are none of it.
    ///
    /// # Errors
    ///
    /// Those of [`model`](Self::model), with the import name of a file for its place.
    pub fn model_of(&self, pool: &DescriptorPool, files: &[&str]) -> Result<Model, Error> {
        self.check_settings()?;
        let Sources { files, pool, .. } = Sources::of(pool, files);
        Model::build(files, pool, &self.wanted())
    }

    /// The model, and the files that were read for it.
    fn read(&self) -> Result<(Model, Vec<PathBuf>), Error> {
        self.check_settings()?;
        let Sources { files, pool, read } = self.sources()?;
        Ok((Model::build(files, pool, &self.wanted())?, read))
    }

    fn wanted(&self) -> Wanted {
        let [prost, prost_types] = self.prost_paths();
        Wanted {
            runtime: self.runtime.clone(),
            types: Types::new(&self.extern_paths, &prost, &prost_types),
            services: self.services,
            mocks: self.mocks,
            documented: self.openapi,
            unknown_fields: self.unknown_fields,
        }
    }

    fn prost_paths(&self) -> [String; 2] {
        self.prost.clone().unwrap_or_else(|| {
            ["prost", "prost_types"].map(|name| format!("{}::__codegen::{name}", self.runtime))
        })
    }

    /// The files to write, and those that were read for them.
    fn run(&self) -> Result<(Files, Vec<PathBuf>), Error> {
        let (model, read) = self.read()?;
        let mut output = Output::default();
        if self.messages {
            let [prost, _] = self.prost_paths();
            let messages = Messages {
                prost,
                type_attributes: self.type_attributes.clone(),
                field_attributes: self.field_attributes.clone(),
            };
            messages.emit(&model, &mut output)?;
            UnknownFields.emit(&model, &mut output)?;
            Redact.emit(&model, &mut output)?;
            if self.faces.unwrap_or(self.services) {
                Json { serde: self.serde }.emit(&model, &mut output)?;
                Bind.emit(&model, &mut output)?;
                Raw.emit(&model, &mut output)?;
                Validate.emit(&model, &mut output).map_err(|error| error.about(Topic::Rules))?;
                Errors.emit(&model, &mut output)?;
            }
        }
        if self.services {
            Descriptors.emit(&model, &mut output)?;
            ServiceTrait.emit(&model, &mut output)?;
            if self.clients {
                Client.emit(&model, &mut output)?;
            }
            if self.mocks {
                Mock.emit(&model, &mut output)?;
            }
            Operations.emit(&model, &mut output)?;
            if self.openapi {
                OpenApi.emit(&model, &mut output)?;
            }
        }
        for emitter in &self.emitters {
            emitter.emit(&model, &mut output)?;
        }
        if self.services {
            Contract.emit(&model, &mut output)?;
        }
        Tree.emit(&model, &mut output)?;
        Ok((output.into_files(&model)?, read))
    }

    fn check_settings(&self) -> Result<(), Error> {
        let absolute =
            |path: &str| path.starts_with("::") || path == "crate" || path.starts_with("crate::");
        let paths = self.prost.iter().flatten().chain([&self.runtime]);
        if let Some(path) = paths.into_iter().find(|path| !absolute(path)) {
            return Err(Error::new(format!("the path '{path}' depends on where it is used"))
                .with_remedy(format!("begin it with :: or crate, as in ::{path}")));
        }
        if let Some([prost, _]) = self.prost.as_ref().filter(|_| self.unknown_fields) {
            return Err(Error::new(format!(
                "unknown fields are kept by the framework's prost, and {prost} may be another"
            ))
            .with_remedy("say one of Compiler::prost and Compiler::unknown_fields"));
        }
        let faces = self.messages && self.faces.unwrap_or(self.services);
        let derives = |attribute: &str| {
            let mut words = attribute.split(|c: char| !c.is_alphanumeric() && c != '_');
            attribute.contains("derive")
                && words.any(|word| word == "Serialize" || word == "Deserialize")
        };
        let mut attributes =
            self.type_attributes.iter().filter(|(_, attribute)| derives(attribute));
        if let Some((name, attribute)) = attributes.next().filter(|_| faces && self.serde) {
            return Err(Error::new(format!(
                "{attribute} on {name}: messages are serializable already, by protobuf's rules for JSON"
            ))
            .with_remedy(
                "leave the attribute out, or say Compiler::serde(false) to keep serde's own rules",
            ));
        }
        let mut seen = std::collections::BTreeSet::new();
        for (name, path) in &self.extern_paths {
            if !name.starts_with('.') || name[1..].split('.').any(str::is_empty) {
                return Err(Error::new(format!(
                    "'{name}' is not the full name of a type or a package"
                ))
                .with_remedy("Compiler::extern_path takes names like .user.v1 and .user.v1.User"));
            }
            if name == ".google.protobuf" || !seen.insert(name) {
                return Err(Error::new(format!("where {name} is has been said twice"))
                    .with_remedy(
                        "call Compiler::extern_path once for each name; .google.protobuf is known",
                    ));
            }
            crate::model::names::path(path)?;
        }
        Ok(())
    }
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler")
            .field("files", &self.files)
            .field("includes", &self.includes)
            .field("out_dir", &self.out_dir)
            .field("runtime", &self.runtime)
            .field("extern_paths", &self.extern_paths)
            .field("emitters", &self.emitters.len())
            .finish_non_exhaustive()
    }
}

fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    let cannot = |what: &str, path: &Path, error| {
        Error::new(format!("cannot {what} {}", path.display())).with_source(error)
    };
    for (name, contents) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| cannot("make the folder", parent, error))?;
        }
        // What has not changed keeps its time, so that cargo builds nothing anew.
        if fs::read(&path).ok().as_ref() != Some(contents) {
            fs::write(&path, contents).map_err(|error| cannot("write", &path, error))?;
        }
    }
    Ok(())
}

/// Removes generated code of packages that are no more, the descriptors beside it, and documents of
/// services that are no more.
fn remove_stale(folder: &Path, files: &Files) -> Result<(), Error> {
    let cannot = |path: &Path, error| {
        Error::new(format!("cannot look through {}", path.display())).with_source(error)
    };
    for entry in fs::read_dir(folder).map_err(|error| cannot(folder, error))? {
        let path = entry.map_err(|error| cannot(folder, error))?.path();
        let known = path.file_name().and_then(|n| n.to_str()).is_none_or(|n| files.contains_key(n));
        let mark = match path.extension().and_then(|ending| ending.to_str()) {
            Some("rs") => MARK,
            Some("json") => OPENAPI_MARK,
            _ => continue,
        };
        let is_ours = |path: &Path| fs::read(path).is_ok_and(|t| t.starts_with(mark.as_bytes()));
        if !known && is_ours(&path) {
            fs::remove_file(&path).map_err(|error| cannot(&path, error))?;
            let descriptors = path.with_extension("bin");
            if descriptors.is_file() {
                fs::remove_file(&descriptors).map_err(|error| cannot(&descriptors, error))?;
            }
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]
fn tell_cargo(read: &[PathBuf]) {
    print!("{}", directives(read));
}

/// What tells cargo which files a build script depends on.
fn directives(read: &[PathBuf]) -> String {
    read.iter().map(|path| format!("cargo:rerun-if-changed={}\n", path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_watches_every_file_that_was_read_and_none_that_is_carried() {
        let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protos");
        let compiler = Compiler::new().file(protos.join("order/v1/order.proto"));
        let (_, read) = compiler.run().expect("it is right");
        let line = |name: &str| format!("cargo:rerun-if-changed={}\n", protos.join(name).display());
        // The import of google/rpc/status.proto is of this crate.
        assert_eq!(directives(&read), line("order/v1/order.proto") + &line("user/v1/user.proto"));
    }
}
