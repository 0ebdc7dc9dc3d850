//! From the model to files: one emitter per kind of output.

mod bind;
mod client;
mod contract;
mod descriptors;
mod errors;
mod http;
mod json;
mod messages;
mod mock;
mod openapi;
mod operations;
mod raw;
mod redact;
mod rework;
mod service;
mod tree;
mod unknown;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Docs, Model};
use crate::output::Output;

pub(crate) use bind::Bind;
pub(crate) use client::Client;
pub(crate) use contract::Contract;
pub(crate) use descriptors::Descriptors;
pub(crate) use errors::Errors;
pub(crate) use json::Json;
pub(crate) use messages::Messages;
pub(crate) use mock::Mock;
pub(crate) use openapi::{MARK as OPENAPI_MARK, OpenApi};
pub(crate) use operations::Operations;
pub(crate) use raw::Raw;
pub(crate) use redact::Redact;
pub(crate) use service::ServiceTrait;
pub(crate) use tree::Tree;
pub(crate) use unknown::UnknownFields;
pub(crate) use validate::Validate;

/// Makes one kind of output of a model.
///
/// ```
/// use bia_codegen::{Emit, Error, Model, Output};
///
/// /// Lists the methods in a text file.
/// struct List;
///
/// impl Emit for List {
///     fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
///         let services = model.packages.iter().flat_map(|package| &package.services);
///         let methods = services.flat_map(|service| &service.methods);
///         let lines: String = methods.map(|method| format!("{}\n", method.operation)).collect();
///         output.add_file("methods.txt", lines);
///         Ok(())
///     }
/// }
/// ```
pub trait Emit {
    /// Adds to `output` what this emitter makes of `model`. It runs once, after the emitters that
    /// stand before it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the output from being made; nothing is written then.
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error>;
}

/// Documentation: the proto's, or `otherwise` if it has none.
fn docs(docs: &Docs, otherwise: &str) -> TokenStream {
    if docs.is_empty() {
        doc(otherwise)
    } else {
        docs.lines().iter().map(|line| doc(line)).collect()
    }
}

/// One line of documentation.
fn doc(line: &str) -> TokenStream {
    let line = if line.is_empty() { String::new() } else { format!(" {line}") };
    quote!(#[doc = #line])
}

fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote!(#[deprecated]))
}
