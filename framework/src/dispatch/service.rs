use std::fmt;
use std::sync::Arc;

use crate::json::{AnyType, Options, Types};
use crate::operation::Operation;

use super::{Binding, Reply, ServerCall};

/// What generated code knows of a service before any call.
#[derive(Debug)]
pub struct Facts {
    name: &'static str,
    operations: &'static [&'static Operation],
    descriptors: &'static [u8],
    http: &'static [Binding],
    openapi: &'static str,
    types: Types,
    json: &'static [(usize, Options)],
}

impl Facts {
    /// The service of the full name `user.v1.UserService`, its methods in the order of the proto, and
    /// an encoded `FileDescriptorSet` that describes it, for reflection.
    #[must_use]
    pub const fn new(
        name: &'static str,
        operations: &'static [&'static Operation],
        descriptors: &'static [u8],
    ) -> Self {
        Self {
            name,
            operations,
            descriptors,
            http: &[],
            openapi: "",
            types: Types::new(&[]),
            json: &[],
        }
    }

    /// Replaces how its methods are called over HTTP.
    #[must_use]
    pub const fn with_http(mut self, bindings: &'static [Binding]) -> Self {
        self.http = bindings;
        self
    }

    /// Replaces its description as an `OpenAPI` document in JSON; none by default.
    #[must_use]
    pub const fn with_openapi(mut self, document: &'static str) -> Self {
        self.openapi = document;
        self
    }

    /// Replaces what its messages may hold in an `Any`; only types of `google.protobuf` by default.
    #[must_use]
    pub const fn with_types(mut self, types: Types) -> Self {
        self.types = types;
        self
    }
}

impl Facts {
    /// Replaces how the messages of methods look as JSON, by their places; those that are not here look
    /// as the server says.
    #[must_use]
    pub const fn with_json(mut self, options: &'static [(usize, Options)]) -> Self {
        self.json = options;
        self
    }
}

/// Runs the methods of a service. Generated code implements it.
pub trait Handler: Send + Sync + 'static {
    /// Runs the method at the place `method` of `Facts::operations`.
    fn call(&self, method: usize, call: ServerCall) -> Reply;
}

/// An implementation of a service, ready to be served. Cloning is cheap.
///
/// Generated functions make one of an implementation, `user_service(users)`; one that tonic generated
/// comes in through [`Service::foreign`].
#[derive(Clone)]
pub struct Service {
    pub(super) name: &'static str,
    pub(super) operations: Arc<[&'static Operation]>,
    /// Whether methods that are not listed go to the handler too.
    pub(super) open: bool,
    /// Whether it speaks gRPC itself, and nothing else.
    pub(super) foreign: bool,
    pub(super) descriptors: Option<&'static [u8]>,
    pub(super) http: &'static [Binding],
    pub(super) openapi: &'static str,
    pub(super) types: Types,
    pub(super) json: &'static [(usize, Options)],
    pub(super) handler: Arc<dyn Handler>,
}

impl Service {
    /// The service that `facts` tell of, run by `handler`.
    #[must_use]
    pub fn new(facts: &'static Facts, handler: impl Handler) -> Self {
        Self {
            name: facts.name,
            operations: facts.operations.into(),
            open: false,
            foreign: false,
            descriptors: Some(facts.descriptors),
            http: facts.http,
            openapi: facts.openapi,
            types: facts.types,
            json: facts.json,
            handler: Arc::new(handler),
        }
    }

    /// How the messages of a method look as JSON, by its proto.
    pub(super) fn json_of(&self, method: usize) -> Options {
        let told = self.json.iter().find(|(of, _)| *of == method);
        told.map_or_else(Options::default, |(_, options)| *options).with_types(self.types)
    }

    /// The full name: `user.v1.UserService`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The methods it has.
    #[must_use]
    pub fn operations(&self) -> &[&'static Operation] {
        &self.operations
    }

    /// How its methods are called over HTTP; those that it does not tell of by
    /// `POST /package.Service/Method`.
    #[must_use]
    pub fn http(&self) -> &'static [Binding] {
        self.http
    }

    /// An `OpenAPI` document of it alone, as JSON; empty if there is none.
    #[must_use]
    pub fn openapi(&self) -> &'static str {
        self.openapi
    }

    /// What its messages may hold in an `Any`, beside the types of `google.protobuf`.
    #[must_use]
    pub fn types(&self) -> Types {
        self.types
    }

    /// Adds to what its messages may hold in an `Any`: types of packages that its own does not name,
    /// `&[api::events::v1::TYPES]`.
    #[must_use]
    pub fn with_types(mut self, packages: &'static [&'static [AnyType]]) -> Self {
        self.types = Types::of([self.types, Types::new(packages)]);
        self
    }

    /// An encoded `FileDescriptorSet` that describes it, if it brought one.
    #[must_use]
    pub fn descriptors(&self) -> Option<&'static [u8]> {
        self.descriptors
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("operations", &self.operations.len())
            .finish_non_exhaustive()
    }
}
