//! The trait that users implement, and what runs it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Kind, Method, Model, Package, Service};
use crate::output::Output;

use super::{Emit, deprecated, doc, docs};

#[derive(Debug)]
pub(crate) struct ServiceTrait;

impl Emit for ServiceTrait {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for service in &package.services {
                output.add_items(package, definition(&model.runtime, service));
                output.add_items(package, shared(&model.runtime, service));
                output.add_items(package, function(model, package, service)?);
            }
        }
        Ok(())
    }
}

/// The head of a method: `fn get_user(&self, cx: &Context, request: GetUserRequest) -> impl Future<…>`.
pub(super) fn signature(bia: &TokenStream, method: &Method) -> TokenStream {
    let Method { name, input, output, kind, .. } = method;
    let request = match kind {
        Kind::Unary | Kind::ServerStream => quote!(request: #input),
        Kind::ClientStream | Kind::Bidi => quote!(requests: #bia::Streaming<#input>),
    };
    let reply = match kind {
        Kind::Unary | Kind::ClientStream => quote!(#output),
        Kind::ServerStream | Kind::Bidi => quote! {
            impl #bia::__codegen::Stream<Item = #bia::Result<#output>> + ::core::marker::Send
        },
    };
    quote! {
        fn #name(&self, cx: &#bia::Context, #request)
            -> impl ::core::future::Future<Output = #bia::Result<#reply>> + ::core::marker::Send
    }
}

/// The name of a method's last argument.
pub(super) fn argument(method: &Method) -> TokenStream {
    match method.kind {
        Kind::Unary | Kind::ServerStream => quote!(request),
        Kind::ClientStream | Kind::Bidi => quote!(requests),
    }
}

fn definition(bia: &TokenStream, service: &Service) -> TokenStream {
    let name = &service.name;
    let docs = docs(&service.docs, &format!("The service `{}`.", service.full_name));
    let methods = service.methods.iter().map(|method| {
        let docs = super::docs(&method.docs, &format!("`{}`", method.operation));
        let signature = signature(bia, method);
        quote!(#docs #signature;)
    });
    quote! {
        #docs
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
    }
}

/// An implementation may be shared: `Arc<T>` is one if `T` is.
fn shared(bia: &TokenStream, service: &Service) -> TokenStream {
    let name = &service.name;
    let methods = service.methods.iter().map(|method| {
        let (signature, argument, method) =
            (signature(bia, method), argument(method), &method.name);
        quote! {
            #signature { <__T as #name>::#method(&**self, cx, #argument) }
        }
    });
    quote! {
        impl<__T: #name> #name for ::std::sync::Arc<__T> {
            #(#methods)*
        }
    }
}

fn function(model: &Model, package: &Package, service: &Service) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let Service { name, function, operations, full_name, .. } = service;
    let openapi = model.documented.then(|| quote!(.with_openapi(#operations::OPENAPI)));
    let types = super::json::facts(model, package)?;
    let docs = doc(&format!("Makes what an app serves as `{full_name}` out of an implementation."));
    let deprecated = deprecated(service.deprecated);
    let json = super::http::json(bia, service);
    let arms = service.methods.iter().enumerate().map(|(index, method)| {
        let run = run(name, method);
        quote!(#index => #run,)
    });
    let service = (!service.methods.is_empty())
        .then(|| quote!(let service = ::core::clone::Clone::clone(&self.0);));
    Ok(quote! {
        #docs
        #deprecated
        pub fn #function(implementation: impl #name) -> #bia::Service {
            static FACTS: #bia::__codegen::Facts =
                #bia::__codegen::Facts::new(#full_name, #operations::ALL, FILE_DESCRIPTOR_SET)
                    .with_http(#operations::HTTP)
                    #json
                    #openapi
                    #types;
            struct __Handler<__T>(::std::sync::Arc<__T>);
            impl<__T: #name> #bia::__codegen::Handler for __Handler<__T> {
                fn call(&self, method: usize, call: #bia::__codegen::ServerCall) -> #bia::__codegen::Reply {
                    #service
                    match method {
                        #(#arms)*
                        _ => call.unknown(),
                    }
                }
            }
            #bia::Service::new(&FACTS, __Handler(::std::sync::Arc::new(implementation)))
        }
    })
}

/// How a method is run: `call.unary(…)` and its kin.
fn run(service: &proc_macro2::Ident, method: &Method) -> TokenStream {
    let (argument, name) = (argument(method), &method.name);
    let invoke = quote!(<_ as #service>::#name(&*service, &cx, #argument).await);
    match method.kind {
        Kind::Unary => quote!(call.unary(move |cx, #argument| async move { #invoke })),
        Kind::ClientStream => {
            quote!(call.client_stream(move |cx, #argument| async move { #invoke }))
        }
        Kind::ServerStream => quote! {
            call.server_stream(move |cx, #argument, out| async move { out.send_all(#invoke?).await })
        },
        Kind::Bidi => quote! {
            call.bidi(move |cx, #argument, out| async move { out.send_all(#invoke?).await })
        },
    }
}
