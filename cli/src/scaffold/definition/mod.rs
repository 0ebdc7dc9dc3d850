//! `--from FILE.proto`: a service of what is defined already.

mod code;

use std::fs;
use std::path::Path;

use bia_codegen::{Compiler, Kind, Model, Package};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use serde::{Deserialize, Serialize};

use crate::error::{About as _, Error, Result};
use crate::handler;
use crate::paths::{proto_file, shown};

use super::Files;
use super::words::Words;

/// What the files of a service have to know of what it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// What the proto is imported as: `user/v1/user.proto`.
    pub(super) proto: String,
    /// The module of its package, `user::v1`; `crate` for none.
    module: String,
    pub(crate) services: Vec<Served>,
    /// Whether it has rules that are written in CEL.
    #[serde(default)]
    pub(super) has_cel: bool,
    /// Whether a caller streams.
    #[serde(default)]
    pub(super) has_streams: bool,
}

/// A service of the definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    /// `user.v1.UserService`.
    pub(crate) name: String,
    /// What makes an app serve it, and the module of what implements it: `user_service`.
    function: String,
    /// What implements it: `UserApi`.
    api: String,
    /// Its first method: `GetUser`.
    #[serde(default)]
    pub(crate) method: String,
}

/// What was read of a definition.
#[derive(Debug)]
pub(crate) struct Defined {
    pub(crate) definition: Definition,
    model: Model,
    /// The protos, by what they are imported as.
    protos: Files,
}

impl Defined {
    /// Reads a proto and all that it imports.
    ///
    /// # Errors
    ///
    /// It is not there or is wrong, with `file:line:column`; it defines no service.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let path = proto_file(path, "--from")?;
        let model = Compiler::new().file(&path).model().map_err(unread)?;
        let package =
            model.packages.iter().find(|it| !it.services.is_empty()).ok_or_else(|| {
                Error::new(format!("{} defines no service", shown(&path)))
                    .with_hint("name the file with `service … {` in it; what it imports is found")
            })?;
        let mut protos = Files::new();
        let mut own = None;
        for (name, file) in model.files() {
            if file.canonicalize().is_ok_and(|file| file == path) {
                own = Some(name.to_owned());
            } else if Model::carries(name) {
                continue;
            }
            let text = fs::read_to_string(file).about(|| format!("read {}", shown(file)))?;
            protos.insert(name.to_owned(), text);
        }
        let proto = own.ok_or_else(|| Error::new(format!("cannot find {} again", shown(&path))))?;
        let definition = Definition {
            proto,
            module: module(package),
            services: package.services.iter().map(Served::new).collect(),
            has_cel: protos.values().any(|text| has_cel(text)),
            has_streams: package
                .services
                .iter()
                .flat_map(|it| &it.methods)
                .any(|method| matches!(method.kind, Kind::ClientStream | Kind::Bidi)),
        };
        Ok(Self { definition, model, protos })
    }

    /// What is written once and then the user's own: protos, methods without a body, tests that call
    /// them. By paths below the folder of the service.
    pub(crate) fn files(&self, has_database: bool) -> Files {
        let mut files = Files::new();
        for (name, text) in &self.protos {
            files.insert(format!("proto/{name}"), text.clone());
        }
        let served = self.model.packages.iter().flat_map(|package| &package.services);
        let pairs: Vec<_> = self.definition.services.iter().zip(served).collect();
        files.insert("src/service/mod.rs".to_owned(), code::modules(&self.definition));
        for (served, service) in &pairs {
            let path = format!("src/service/{}.rs", served.function);
            files.insert(path, code::service(served, service));
        }
        files.insert("src/tests.rs".to_owned(), code::tests(&pairs, has_database));
        if has_database {
            // The tables are the user's to think of.
            let text = "-- The first tables go here. A migration that has run is never changed: the next is 0002_….sql.\n";
            files.insert("migrations/0001_start.sql".to_owned(), text.to_owned());
        }
        files
    }
}

impl Served {
    fn new(service: &bia_codegen::Service) -> Self {
        let base = service.proto_name.strip_suffix("Service").unwrap_or(&service.proto_name);
        let base = if base.is_empty() { "Service" } else { base };
        Self {
            name: service.full_name.clone(),
            function: service.function.to_string(),
            api: format!("{}Api", base.to_pascal_case()),
            method: service.methods.first().map(|it| it.proto_name.clone()).unwrap_or_default(),
        }
    }
}

impl Definition {
    /// `up` leads from the folder of the service to the one with `proto`.
    pub(super) fn put_into(&self, words: &mut Words, up: &str) {
        words.add("@proto@", format!("{up}proto/{}", self.proto));
        words.add("@module@", &self.module);
        let names: Vec<String> = self.services.iter().map(|it| format!("`{}`", it.name)).collect();
        words.add("@services@", names.join(", "));
        let serve = self.services.iter().map(|Served { function, api, .. }| {
            format!(".serve(api::{function}(service::{function}::{api}))")
        });
        words.add("@serve@", serve.collect::<Vec<_>>().join("\n"));
    }
}

/// What is wrong with a definition. No crate is around it whose folder or `build.rs` could be meant.
fn unread(error: bia_codegen::Error) -> Error {
    let error = Error::from(error);
    match error.hint().map(|hint| hint.replace("the crate's folder", "the current folder")) {
        Some(hint) => {
            error.with_hint(hint.replace("add a folder with Compiler::include", "put it there"))
        }
        None => error,
    }
}

fn module(package: &Package) -> String {
    let modules = package.modules();
    if modules.is_empty() { "crate".to_owned() } else { modules.join("::") }
}

/// Whether a proto has rules in CEL: `.cel = {`, `cel: [`, `cel {`, `cel_expression`.
fn has_cel(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.contains("buf/validate/validate.proto")
        && text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split(|c| !is_word(c)))
            .any(|word| word == "cel" || word == "cel_expression")
}

/// The name of a service for a definition: `user-service` of `UserService`.
pub(crate) fn name_of(defined: &Defined) -> Option<String> {
    let first = defined.definition.services.first()?;
    let name = first.name.rsplit('.').next()?.to_snake_case().replace('_', "-");
    Some(name)
}

/// The text of each method, with a line between two.
fn methods(service: &bia_codegen::Service) -> String {
    let methods = service.methods.iter().map(|method| handler::method(method, "api"));
    methods.collect::<Vec<_>>().join("\n")
}
