//! The options of `bia/options.proto` and `errors/errors.proto`, read from descriptors.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor};

#[derive(Clone, PartialEq, Message)]
pub(super) struct MethodRules {
    #[prost(message, optional, tag = "1")]
    pub(super) timeout: Option<prost_types::Duration>,
    #[prost(int32, tag = "2")]
    pub(super) idempotency: i32,
    #[prost(message, optional, tag = "3")]
    pub(super) auth: Option<Auth>,
    #[prost(message, optional, tag = "4")]
    pub(super) retry: Option<Retry>,
    #[prost(string, repeated, tag = "5")]
    pub(super) errors: Vec<String>,
    #[prost(message, optional, tag = "6")]
    pub(super) json: Option<Json>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Auth {
    #[prost(bool, tag = "1")]
    pub(super) required: bool,
    #[prost(string, repeated, tag = "2")]
    pub(super) scopes: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Retry {
    #[prost(uint32, tag = "1")]
    pub(super) max_attempts: u32,
    #[prost(int32, repeated, tag = "2")]
    pub(super) codes: Vec<i32>,
    #[prost(string, repeated, tag = "3")]
    pub(super) reasons: Vec<String>,
    #[prost(message, optional, tag = "4")]
    pub(super) initial_backoff: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "5")]
    pub(super) max_backoff: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "6")]
    pub(super) per_try_timeout: Option<prost_types::Duration>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ErrorRules {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(int32, tag = "2")]
    pub(super) grpc: i32,
    #[prost(string, tag = "3")]
    pub(super) message: String,
    #[prost(string, repeated, tag = "4")]
    pub(super) details: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Json {
    #[prost(int32, tag = "1")]
    pub(super) defaults: i32,
    #[prost(bool, optional, tag = "2")]
    pub(super) proto_names: Option<bool>,
    #[prost(bool, optional, tag = "3")]
    pub(super) enum_numbers: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    pub(super) int64_numbers: Option<bool>,
    #[prost(bool, optional, tag = "5")]
    pub(super) refuse_unknown: Option<bool>,
}

/// Options that are extensions, by their full names; those whose file nobody imports are nowhere set.
pub(super) struct Extension(Option<ExtensionDescriptor>);

impl Extension {
    pub(super) fn find(pool: &DescriptorPool, name: &str) -> Self {
        Self(pool.get_extension_by_name(name))
    }

    pub(super) fn message<T: Message + Default>(&self, options: &DynamicMessage) -> Option<T> {
        let extension = self.0.as_ref().filter(|extension| options.has_extension(extension))?;
        // It is of the file that this crate carries, or else what another calls so says nothing here.
        options.get_extension(extension).as_message()?.transcode_to().ok()
    }

    pub(super) fn number(&self, options: &DynamicMessage) -> Option<i32> {
        let extension = self.0.as_ref().filter(|extension| options.has_extension(extension))?;
        options.get_extension(extension).as_i32()
    }
}
