//! An implementation of each service for tests, made of closures.

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::error::Error;
use crate::model::{Kind, Method, Model, Service};
use crate::output::Output;

use super::{Emit, deprecated, doc, service};

#[derive(Debug)]
pub(crate) struct Mock;

impl Emit for Mock {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for service in &package.services {
                output.add_items(package, mock(&model.runtime, service));
            }
        }
        Ok(())
    }
}

/// What goes in and comes out of a method's closure.
struct Shape {
    input: TokenStream,
    output: TokenStream,
}

impl Shape {
    fn of(bia: &TokenStream, method: &Method) -> Self {
        let Method { input, output, .. } = method;
        let (many_in, many_out) =
            (quote!(#bia::Streaming<#input>), quote!(#bia::BoxStream<#output>));
        let (one_in, one_out) = (input.clone(), output.clone());
        let (input, output) = match method.kind {
            Kind::Unary => (one_in, one_out),
            Kind::ClientStream => (many_in, one_out),
            Kind::ServerStream => (one_in, many_out),
            Kind::Bidi => (many_in, many_out),
        };
        Self { input, output: quote!(#bia::Result<#output>) }
    }
}

fn setter(method: &Method) -> proc_macro2::Ident {
    format_ident!("on_{}", method.proto_name.to_snake_case())
}

fn mock(bia: &TokenStream, service: &Service) -> TokenStream {
    let Service { name, mock, .. } = service;
    let docs = doc(&format!(
        "A `{}` for tests, made of one closure for each method that is called.",
        service.proto_name
    ));
    let deprecated = deprecated(service.deprecated);
    let fields = service.methods.iter().map(|method| {
        let (name, Shape { input, output }) = (&method.name, Shape::of(bia, method));
        quote! {
            #name: ::core::option::Option<::std::boxed::Box<
                dyn ::core::ops::Fn(#bia::Context, #input) -> #bia::__codegen::BoxFuture<'static, #output>
                    + ::core::marker::Send + ::core::marker::Sync,
            >>
        }
    });
    let setters = service.methods.iter().map(|method| set(bia, method));
    let methods = service.methods.iter().map(|method| answer(bia, mock, method));
    let text = mock.to_string();
    quote! {
        #docs
        #[doc = ""]
        #[doc = " A method without one answers UNIMPLEMENTED with the reason `MOCK_NOT_SET`."]
        #deprecated
        #[derive(Default)]
        pub struct #mock {
            #(#fields,)*
        }
        impl #mock {
            /// A mock without any closure.
            pub fn new() -> Self {
                ::core::default::Default::default()
            }
            #(#setters)*
        }
        impl ::core::fmt::Debug for #mock {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#text).finish_non_exhaustive()
            }
        }
        impl #name for #mock {
            #(#methods)*
        }
    }
}

fn set(bia: &TokenStream, method: &Method) -> TokenStream {
    let (name, setter, Shape { input, output }) =
        (&method.name, setter(method), Shape::of(bia, method));
    let docs = doc(&format!("Answers `{}`, replacing the closure that did.", method.proto_name));
    quote! {
        #docs
        #[must_use]
        pub fn #setter<__Answer, __Reply>(mut self, answer: __Answer) -> Self
        where
            __Answer: ::core::ops::Fn(#bia::Context, #input) -> __Reply
                + ::core::marker::Send + ::core::marker::Sync + 'static,
            __Reply: ::core::future::Future<Output = #output> + ::core::marker::Send + 'static,
        {
            self.#name = ::core::option::Option::Some(::std::boxed::Box::new(
                move |cx, request| ::std::boxed::Box::pin(answer(cx, request)),
            ));
            self
        }
    }
}

fn answer(bia: &TokenStream, mock: &proc_macro2::Ident, method: &Method) -> TokenStream {
    let (signature, argument) = (service::signature(bia, method), service::argument(method));
    let name = &method.name;
    let message = format!("{mock}::{} was not set", setter(method));
    quote! {
        #signature {
            let reply = self.#name.as_ref().map(|answer| answer(::core::clone::Clone::clone(cx), #argument));
            async move {
                match reply {
                    ::core::option::Option::Some(reply) => reply.await,
                    ::core::option::Option::None => ::core::result::Result::Err(
                        #bia::Error::unimplemented("MOCK_NOT_SET", #message),
                    ),
                }
            }
        }
    }
}
