//! The static facts of each method.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Idempotency, Kind, Method, Model, RetryRule, Service};
use crate::output::Output;

use super::{Emit, doc, errors, redact};

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
    let rules = rules(bia, method);
    quote! {
        #docs
        pub static #constant: #bia::Operation =
            #bia::Operation::new(#operation, #bia::Kind::#kind) #idempotency #rules;
    }
}

/// What the options of this framework say, and what is not to be shown.
fn rules(bia: &TokenStream, method: &Method) -> TokenStream {
    let rules = &method.rules;
    let timeout = rules.timeout.map(|timeout| {
        let timeout = duration(timeout);
        quote!(.with_timeout(#timeout))
    });
    let auth = rules.auth.as_ref().filter(|auth| auth.required).map(|auth| {
        let scopes = &auth.scopes;
        quote!(.with_auth(#bia::operation::Auth::Required(&[#(#scopes),*])))
    });
    let retry = rules.retry.as_ref().map(|rule| {
        let retry = retry(bia, rule);
        quote!(.with_retry(#retry))
    });
    let errors = (!rules.errors.is_empty()).then(|| {
        let errors = rules.errors.iter().map(|rule| errors::reason(bia, rule));
        quote!(.with_errors(&[#(#errors),*]))
    });
    let hidden = redact::paths(&method.descriptor.input());
    let redacted = (!hidden.is_empty()).then(|| quote!(.with_redacted(&[#(#hidden),*])));
    quote!(#timeout #auth #retry #errors #redacted)
}

fn retry(bia: &TokenStream, rule: &RetryRule) -> TokenStream {
    let RetryRule { max_attempts, codes, reasons, initial_backoff, max_backoff, per_try_timeout } =
        rule;
    let outcomes = (!codes.is_empty() || !reasons.is_empty()).then(|| {
        let codes = codes.iter().map(|code| errors::grpc(bia, *code));
        quote!(.with_outcomes(&[#(#codes),*], &[#(#reasons),*]))
    });
    let backoff = initial_backoff.or(*max_backoff).map(|_| {
        // The default of the one that is not said; none waits longer than the longest.
        let longest = max_backoff.unwrap_or(Duration::from_secs(1));
        let first = initial_backoff.unwrap_or(Duration::from_millis(50)).min(longest);
        let (first, longest) = (duration(first), duration(longest));
        quote!(.with_backoff(#first, #longest))
    });
    let per_try = per_try_timeout.map(|timeout| {
        let timeout = duration(timeout);
        quote!(.with_per_try_timeout(#timeout))
    });
    quote!(#bia::operation::Retry::new(#max_attempts) #outcomes #backoff #per_try)
}

fn duration(time: Duration) -> TokenStream {
    let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}
