//! What makes an enum with codes an enum of errors.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::error::Error;
use crate::model::{Enum, ErrorRule, Model, names};
use crate::output::Output;

use super::{Emit, doc};

#[derive(Debug)]
pub(crate) struct Errors;

impl Emit for Errors {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for proto in package.enums.iter().filter(|proto| is_of_errors(proto)) {
                output.add_items(package, implementation(&model.runtime, proto));
            }
        }
        Ok(())
    }
}

pub(crate) fn is_of_errors(proto: &Enum) -> bool {
    proto.values.iter().any(|value| value.error.is_some())
}

/// The names of gRPC's status codes as the framework has them.
const CODES: [&str; 17] = [
    "Ok",
    "Cancelled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// A status code by its number: `::bia::Code::NotFound`.
pub(super) fn grpc(bia: &TokenStream, number: u8) -> TokenStream {
    let name = CODES.get(usize::from(number)).unwrap_or(&"Unknown");
    let name = format_ident!("{name}");
    quote!(#bia::Code::#name)
}

/// What the framework knows of an error: `::bia::error::Reason::new("USER_NOT_FOUND", 404)`.
pub(super) fn reason(bia: &TokenStream, rule: &ErrorRule) -> TokenStream {
    let ErrorRule { reason, code, message, details, .. } = rule;
    let grpc = rule.grpc.map(|number| {
        let code = grpc(bia, number);
        quote!(.with_grpc(#code))
    });
    let message = (!message.is_empty()).then(|| quote!(.with_message(#message)));
    let details = (!details.is_empty()).then(|| quote!(.with_details(&[#(#details),*])));
    quote!(#bia::error::Reason::new(#reason, #code) #grpc #message #details)
}

/// What a variant's documentation says of its error.
pub(super) fn told(rule: &ErrorRule) -> Vec<String> {
    let mut lines = vec![format!("An error of code {}.", rule.code)];
    if !rule.message.is_empty() {
        lines[0] = format!("An error of code {}: `{}`.", rule.code, rule.message.replace('`', "'"));
    }
    let parameters = rule.parameters();
    if !parameters.is_empty() {
        let names: Vec<_> = parameters.iter().map(|name| format!("`{name}`")).collect();
        lines.push(format!("Its message needs {} by `with`.", names.join(", ")));
    }
    if !rule.details.is_empty() {
        let names: Vec<_> = rule.details.iter().map(|name| format!("`{name}`")).collect();
        lines.push(format!("It brings along {}.", names.join(", ")));
    }
    lines
}

fn implementation(bia: &TokenStream, proto: &Enum) -> TokenStream {
    let path = &proto.path;
    let variants: Vec<_> = proto
        .values
        .iter()
        .filter_map(|value| Some((value.variant.as_ref()?, value.error.as_ref()?)))
        .collect();
    let arms = variants.iter().map(|(variant, rule)| {
        let reason = reason(bia, rule);
        quote! {
            Self::#variant => {
                const REASON: #bia::error::Reason = #reason;
                &REASON
            }
        }
    });
    let all = variants.iter().map(|(variant, _)| quote!(Self::#variant));
    let mut taken = BTreeMap::from([("is_valid".to_owned(), ())]);
    let predicates = variants.iter().map(|(variant, rule)| {
        let name = format!("is_{}", names::bare(&names::snake(&variant.to_string())));
        let free = taken.insert(name.clone(), ()).is_none();
        let name = if free { format_ident!("{name}") } else { format_ident!("{name}_") };
        let docs =
            doc(&format!("Whether `error` is `{}`: of its code and its reason.", rule.reason));
        quote! {
            #docs
            #[must_use]
            pub fn #name(error: &#bia::Error) -> bool {
                Self::#variant.reason().is(error)
            }
        }
    });
    quote! {
        impl #path {
            /// What is known of the error before it happens.
            #[must_use]
            pub const fn reason(self) -> &'static #bia::error::Reason {
                match self { #(#arms)* }
            }

            /// The error, with an entry in its metadata, which also takes its place in the message.
            #[must_use]
            pub fn with(
                self,
                key: impl ::core::convert::Into<::std::string::String>,
                value: impl ::core::fmt::Display,
            ) -> #bia::Error {
                #bia::Error::from(self).with(key, value)
            }

            /// The error, with another message than that of the proto.
            #[must_use]
            pub fn message(
                self,
                message: impl ::core::convert::Into<::std::borrow::Cow<'static, str>>,
            ) -> #bia::Error {
                #bia::Error::from(self).with_message(message)
            }

            /// The error, with a detail.
            #[must_use]
            pub fn with_detail<__D>(self, detail: __D) -> #bia::Error
            where
                __D: #bia::__codegen::prost::Name
                    + #bia::__codegen::Json
                    + ::core::default::Default,
            {
                #bia::Error::from(self).with_detail(detail)
            }

            /// The error, with its cause, which is logged and never leaves the process.
            #[must_use]
            pub fn with_source(
                self,
                source: impl ::core::convert::Into<#bia::BoxError>,
            ) -> #bia::Error {
                #bia::Error::from(self).with_source(source)
            }

            /// Which of these an error is, by its code and its reason.
            #[must_use]
            pub fn of(error: &#bia::Error) -> ::core::option::Option<Self> {
                [#(#all),*].into_iter().find(|this| this.reason().is(error))
            }

            #(#predicates)*
        }

        impl ::core::convert::From<#path> for #bia::Error {
            fn from(error: #path) -> Self {
                Self::of_reason(error.reason())
            }
        }

        impl ::core::cmp::PartialEq<#path> for #bia::Error {
            fn eq(&self, other: &#path) -> bool {
                other.reason().is(self)
            }
        }
    }
}
