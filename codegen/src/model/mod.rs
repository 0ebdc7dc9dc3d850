//! What the protos say, in the words that emitters need.

mod accessors;
mod aliases;
mod build;
mod clashes;
mod docs;
mod http;
mod messages;
pub(crate) mod names;
mod options;
mod types;

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{Ident, TokenStream};
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

pub(crate) use build::Wanted;
pub use docs::Docs;
pub use http::{HttpBody, HttpRule, Segment, Template, Variable};
pub use messages::{Enum, EnumValue, Field, Message, Oneof, Shape, Value};
pub use options::{AuthRule, ErrorRule, JsonDefaults, JsonRules, MethodRules, RetryRule};
pub(crate) use types::Types;

use crate::source::{SourceFile, vendored};

/// Everything that takes part in one run, checked: what an emitter makes files of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Model {
    /// The packages that code is made for, by name.
    pub packages: Vec<Package>,
    /// The path of the framework in generated code: `::bia`.
    pub runtime: TokenStream,
    /// All that the protos say, options that are extensions too: `message.descriptor.options()`.
    pub pool: DescriptorPool,
    /// Whether services bring their OpenAPI documents.
    pub(crate) documented: bool,
    /// The files that code is made of.
    pub(crate) files: Vec<SourceFile>,
    /// All files that take part, each behind what it imports.
    pub(crate) described: Vec<Described>,
    pub(crate) types: Types,
    /// Every file that takes part with its places, by its import name.
    pub(crate) places: BTreeMap<String, SourceFile>,
}

/// A file as reflection tells of it.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) imports: Vec<String>,
    /// The encoded `FileDescriptorProto`.
    pub(crate) encoded: Vec<u8>,
}

/// A package: a module of the generated code.
#[derive(Debug)]
#[non_exhaustive]
pub struct Package {
    /// As in the proto, `user.v1`; empty if files say none.
    pub name: String,
    /// The import names of its files that take part.
    pub files: Vec<String>,
    /// The services of files that the user named, in the order of the files.
    pub services: Vec<Service>,
    /// The messages that code is made of, nested ones behind what they are nested in.
    pub messages: Vec<Message>,
    /// The enums that code is made of.
    pub enums: Vec<Enum>,
}

/// A service.
#[derive(Debug)]
#[non_exhaustive]
pub struct Service {
    /// As in the proto: `UserService`.
    pub proto_name: String,
    /// With its package: `user.v1.UserService`.
    pub full_name: String,
    /// The trait: `UserService`.
    pub name: Ident,
    /// The function that makes what an app serves: `user_service`.
    pub function: Ident,
    /// The client: `UserServiceClient`.
    pub client: Ident,
    /// The mock: `MockUserService`.
    pub mock: Ident,
    /// The module of its operations: `user_service_operations`.
    pub operations: Ident,
    /// What the proto says about it.
    pub docs: Docs,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// In the order of the proto, which is that of the operations.
    pub methods: Vec<Method>,
    /// All that the proto says of it.
    pub descriptor: ServiceDescriptor,
}

/// A method.
#[derive(Debug)]
#[non_exhaustive]
pub struct Method {
    /// As in the proto: `GetUser`.
    pub proto_name: String,
    /// On the wire: `/user.v1.UserService/GetUser`.
    pub operation: String,
    /// In Rust: `get_user`, with `_` behind it if it could not be a method's name.
    pub name: Ident,
    /// The name of its constant: `GET_USER`.
    pub constant: Ident,
    /// The Rust type that it takes, as seen from the package's module.
    pub input: TokenStream,
    /// The Rust type that it answers, as seen from the package's module.
    pub output: TokenStream,
    /// Which sides are streams.
    pub kind: Kind,
    /// What `idempotency_level` says, or else the options of this framework.
    pub idempotency: Idempotency,
    /// How it is called over HTTP: the rule of the proto first, then its additional bindings.
    pub http: Vec<HttpRule>,
    /// What the options of this framework say of it.
    pub rules: MethodRules,
    /// What the proto says about it.
    pub docs: Docs,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// All that the proto says of it.
    pub descriptor: MethodDescriptor,
}

/// Which sides of a method are streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One message each way.
    Unary,
    /// Many messages in, one out.
    ClientStream,
    /// One message in, many out.
    ServerStream,
    /// Many messages both ways.
    Bidi,
}

/// Whether a second try of a method can do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing.
    Unknown,
    /// `NO_SIDE_EFFECTS`.
    NoSideEffects,
    /// `IDEMPOTENT`.
    Idempotent,
}

impl Model {
    /// Where in a file something is, by what its descriptor calls its path: for what an emitter
    /// refuses, as `file:line:column`.
    #[must_use]
    pub fn place(&self, file: &str, path: &[i32]) -> String {
        self.place_of(file, path).to_string()
    }

    /// The files that take part and were read from disk: what each is imported as, and where it lies.
    ///
    /// Those that this crate carries are not among them, unless a copy beside the user's own came first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.places.iter().filter_map(|(name, file)| Some((name.as_str(), file.read.as_deref()?)))
    }

    /// Whether `import` is one of the protos that this crate carries, of which no copy is needed.
    #[must_use]
    pub fn carries(import: &str) -> bool {
        vendored::find(import).is_some() || import.starts_with("google/protobuf/")
    }

    pub(crate) fn place_of(&self, file: &str, path: &[i32]) -> crate::error::Place {
        self.places.get(file).map_or_else(
            || crate::error::Place { file: file.to_owned(), position: None },
            |source| source.place(path),
        )
    }
}

impl Package {
    /// The modules that lead to its code: `["user", "v1"]`.
    #[must_use]
    pub fn modules(&self) -> Vec<String> {
        Self::modules_of(&self.name)
    }

    /// The modules that lead to the code of the package called `name`, whether it takes part or not.
    #[must_use]
    pub fn modules_of(name: &str) -> Vec<String> {
        name.split('.').filter(|part| !part.is_empty()).map(names::snake).collect()
    }

    /// What its files are called, without an ending: `user.v1`, and `_` for no package.
    #[must_use]
    pub fn file_stem(&self) -> &str {
        if self.name.is_empty() { "_" } else { &self.name }
    }
}
