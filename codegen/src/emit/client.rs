//! The client of each service.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Kind, Method, Model, Service};
use crate::output::Output;

use super::{Emit, deprecated, doc, docs};

#[derive(Debug)]
pub(crate) struct Client;

impl Emit for Client {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for service in &package.services {
                output.add_items(package, client(&model.runtime, service));
            }
        }
        Ok(())
    }
}

fn client(bia: &TokenStream, service: &Service) -> TokenStream {
    let Service { client, full_name, .. } = service;
    let docs = doc(&format!("Calls `{full_name}` through a channel. Cloning is cheap."));
    let deprecated = deprecated(service.deprecated);
    let new = doc("Makes a client of a channel.");
    let methods = service.methods.iter().map(|m| method(bia, service, m));
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #client {
            channel: #bia::Channel,
        }
        impl #client {
            #new
            pub fn new(channel: #bia::Channel) -> Self {
                Self { channel }
            }
            #(#methods)*
        }
    }
}

fn method(bia: &TokenStream, service: &Service, method: &Method) -> TokenStream {
    let Method { name, constant, input, output, .. } = method;
    let docs = docs(&method.docs, &format!("`{}`", method.operation));
    let deprecated = deprecated(method.deprecated);
    let stream = quote!(#bia::Streaming<#output>);
    let reply = match method.kind {
        Kind::Unary | Kind::ClientStream => quote!(#output),
        Kind::ServerStream | Kind::Bidi => stream,
    };
    let operations = &service.operations;
    let operation = quote!(&#operations::#constant);
    let one = quote!(request: #input);
    let many = quote! {
        requests: impl #bia::__codegen::Stream<Item = #input> + ::core::marker::Send + 'static
    };
    // What goes out as one message may go out over HTTP: only then its rule is of use.
    let rule = super::http::rule(service, method);
    let calls = quote!(#bia::__codegen::calls);
    let (parameter, call) = match method.kind {
        Kind::Unary => (one, quote!(#calls::unary(&self.channel, #operation, #rule, request))),
        Kind::ServerStream => {
            (one, quote!(#calls::server_stream(&self.channel, #operation, #rule, request)))
        }
        Kind::ClientStream => (many, quote!(self.channel.client_stream(#operation, requests))),
        Kind::Bidi => (many, quote!(self.channel.bidi(#operation, requests))),
    };
    quote! {
        #docs
        #deprecated
        pub fn #name(&self, #parameter) -> #bia::Call<#reply> {
            #call
        }
    }
}
