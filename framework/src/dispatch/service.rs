use std::fmt;
use std::sync::Arc;

use crate::operation::Operation;

use super::{Reply, ServerCall};

/// What generated code knows of a service before any call.
#[derive(Debug)]
pub struct Facts {
    /// The full name, `user.v1.UserService`.
    pub name: &'static str,
    /// Its methods, in the order of the proto.
    pub operations: &'static [&'static Operation],
    /// An encoded `FileDescriptorSet` that describes it, for reflection.
    pub descriptors: &'static [u8],
}

/// Runs the methods of a service. Generated code implements it.
pub trait Handler: Send + Sync + 'static {
    /// Runs the method at the place `method` of [`Facts::operations`].
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
    pub(super) descriptors: Option<&'static [u8]>,
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
            descriptors: Some(facts.descriptors),
            handler: Arc::new(handler),
        }
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
