//! The static facts of each method.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Idempotency, Kind, Method, Model, Service};
use crate::output::Output;

use super::{Emit, doc};

#[derive(Debug)]
pub(crate) struct Operations;

impl Emit for Operations {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for service in &package.services {
                output.add_items(package, module(model, service));
            }
        }
        Ok(())
    }
}

fn module(model: &Model, service: &Service) -> TokenStream {
    let bia = &model.runtime;
    let docs =
        doc(&format!("What is known of the methods of `{}` before any call.", service.full_name));
    let name = &service.operations;
    let operations = service.methods.iter().map(|method| operation(bia, method));
    let constants = service.methods.iter().map(|method| &method.constant);
    let http = super::http::bindings(bia, service);
    let openapi = model.documented.then(|| {
        let docs = doc(&format!("The OpenAPI document of `{}`, as JSON.", service.full_name));
        let file = super::openapi::file_name(service);
        quote!(#docs pub const OPENAPI: &str = ::core::include_str!(#file);)
    });
    quote! {
        #docs
        pub mod #name {
            #openapi
            #(#operations)*
            /// All of them, in the order of the proto.
            pub static ALL: &[&#bia::Operation] = &[#(&#constants),*];
            /// How they are called over HTTP, where the proto says it.
            #[doc(hidden)]
            pub static HTTP: &[#bia::__codegen::Binding] = #http;
        }
    }
}

fn operation(bia: &TokenStream, method: &Method) -> TokenStream {
    let Method { operation, constant, .. } = method;
    let docs = doc(&format!("`{operation}`"));
    let kind = match method.kind {
        Kind::Unary => quote!(Unary),
        Kind::ClientStream => quote!(ClientStream),
        Kind::ServerStream => quote!(ServerStream),
        Kind::Bidi => quote!(Bidi),
    };
    let idempotency = match method.idempotency {
        Idempotency::Unknown => None,
        Idempotency::NoSideEffects => Some(quote!(NoSideEffects)),
        Idempotency::Idempotent => Some(quote!(Idempotent)),
    };
    let idempotency = idempotency.map(|level| quote!(.with_idempotency(#bia::Idempotency::#level)));
    quote! {
        #docs
        pub static #constant: #bia::Operation =
            #bia::Operation::new(#operation, #bia::Kind::#kind) #idempotency;
    }
}
