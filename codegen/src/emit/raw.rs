//! Which messages stand for a body as it is (`google.api.HttpBody`), and which fields take a file.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::{Error, Problem};
use crate::model::{Field, Message, Model, Shape, Value};
use crate::output::Output;

use super::Emit;

const BODY: &str = "google.api.HttpBody";

#[derive(Debug)]
pub(crate) struct Raw;

impl Emit for Raw {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let bia = &model.runtime;
        let event_id = model.pool.get_extension_by_name("bia.event_id");
        let mut problems = Vec::new();
        for package in &model.packages {
            for message in &package.messages {
                let methods =
                    if message.full_name == BODY { Some(body(bia)) } else { methods(bia, message) };
                let named = event_id.as_ref().and_then(|extension| {
                    message.fields.iter().find(|field| {
                        field.descriptor.options().get_extension(extension).as_bool() == Some(true)
                    })
                });
                let id = named.and_then(called);
                if let (Some(field), None) = (named, &id) {
                    let file = field.descriptor.parent_file();
                    let what = format!(
                        "(bia.event_id) of {}: an event is called by a text or a whole number",
                        field.descriptor.full_name()
                    );
                    problems.push(
                        Problem::new(what)
                            .at(model.place_of(file.name(), field.descriptor.path()))
                            .remedy("put it on a field that is neither repeated nor in a oneof"),
                    );
                }
                let path = &message.path;
                let methods = quote!(#methods #id);
                output.add_items(package, quote!(impl #bia::__codegen::Raw for #path { #methods }));
            }
        }
        Error::unless_empty(problems)
    }
}

/// The message itself. What it holds may be `Vec<u8>` or `Bytes`.
fn body(bia: &TokenStream) -> TokenStream {
    quote! {
        fn is_raw(field: ::core::option::Option<u32>) -> bool { field.is_none() }
        fn take_raw(
            &mut self,
            field: ::core::option::Option<u32>,
        ) -> ::core::option::Option<#bia::__codegen::RawBody> {
            if field.is_some() {
                return ::core::option::Option::None;
            }
            ::core::option::Option::Some(#bia::__codegen::RawBody {
                content_type: ::core::mem::take(&mut self.content_type),
                data: ::core::mem::take(&mut self.data).into(),
            })
        }
        fn set_raw(
            &mut self,
            field: ::core::option::Option<u32>,
            body: #bia::__codegen::RawBody,
        ) {
            if field.is_none() {
                self.content_type = body.content_type;
                self.data = body.data.into();
            }
        }
    }
}

fn methods(bia: &TokenStream, message: &Message) -> Option<TokenStream> {
    let bodies = message.fields.iter().filter(|field| {
        is_body(field) && matches!(field.shape, Shape::Optional { .. } | Shape::Plain { .. })
    });
    let bodies: Vec<_> = bodies.collect();
    let files: Vec<_> = message.fields.iter().filter_map(|field| attach(bia, field)).collect();
    let bodies = (!bodies.is_empty()).then(|| {
        let numbers: Vec<_> = bodies.iter().map(|field| field.descriptor.number()).collect();
        let take = bodies.iter().map(|field| {
            let (name, number) = (&field.name, field.descriptor.number());
            quote! {
                ::core::option::Option::Some(#number) => {
                    #bia::__codegen::Raw::take_raw(self.#name.as_mut()?, ::core::option::Option::None)
                }
            }
        });
        let set = bodies.iter().map(|field| {
            let (name, number) = (&field.name, field.descriptor.number());
            quote! {
                ::core::option::Option::Some(#number) => #bia::__codegen::Raw::set_raw(
                    self.#name.get_or_insert_with(::core::default::Default::default),
                    ::core::option::Option::None,
                    body,
                ),
            }
        });
        quote! {
            fn is_raw(field: ::core::option::Option<u32>) -> bool {
                ::core::matches!(field, #(::core::option::Option::Some(#numbers))|*)
            }
            fn take_raw(
                &mut self,
                field: ::core::option::Option<u32>,
            ) -> ::core::option::Option<#bia::__codegen::RawBody> {
                match field {
                    #(#take)*
                    _ => ::core::option::Option::None,
                }
            }
            fn set_raw(
                &mut self,
                field: ::core::option::Option<u32>,
                body: #bia::__codegen::RawBody,
            ) {
                match field {
                    #(#set)*
                    _ => {}
                }
            }
        }
    });
    let files = (!files.is_empty()).then(|| {
        quote! {
            fn attach(&mut self, name: &str, file: #bia::__codegen::RawBody) -> bool {
                match name {
                    #(#files)*
                    _ => return false,
                }
                true
            }
        }
    });
    (bodies.is_some() || files.is_some()).then(|| quote!(#bodies #files))
}

/// How a file of a form is put into a field: one of bytes, or a body with its content type.
fn attach(bia: &TokenStream, field: &Field) -> Option<TokenStream> {
    let name = &field.name;
    let value = match &field.value {
        Value::Bytes => quote!(file.data.into()),
        Value::Message { path, .. } if is_body(field) => quote! {{
            let mut body = <#path as ::core::default::Default>::default();
            #bia::__codegen::Raw::set_raw(&mut body, ::core::option::Option::None, file);
            body
        }},
        Value::Bool
        | Value::Int32
        | Value::Int64
        | Value::Uint32
        | Value::Uint64
        | Value::Float
        | Value::Double
        | Value::String
        | Value::Enum(_)
        | Value::Message { .. } => return None,
    };
    let set = match field.shape {
        Shape::Plain { .. } => quote!(self.#name = #value),
        Shape::Optional { .. } => quote!(self.#name = ::core::option::Option::Some(#value)),
        Shape::Repeated => quote!(self.#name.push(#value)),
        Shape::Map { .. } | Shape::Member { .. } => return None,
    };
    let (proto, json) = (field.descriptor.name(), field.descriptor.json_name());
    let names = if proto == json { quote!(#proto) } else { quote!(#proto | #json) };
    Some(quote!(#names => #set,))
}

/// What an event is called by this field, if it can be.
fn called(field: &Field) -> Option<TokenStream> {
    let can = matches!(
        field.value,
        Value::String | Value::Int32 | Value::Int64 | Value::Uint32 | Value::Uint64
    );
    let name = &field.name;
    let id = match field.shape {
        Shape::Plain { .. } if can => quote! {
            ::core::option::Option::Some(::std::string::ToString::to_string(&self.#name))
        },
        Shape::Optional { .. } if can => {
            quote!(self.#name.as_ref().map(::std::string::ToString::to_string))
        }
        _ => return None,
    };
    Some(quote! {
        fn event_id(&self) -> ::core::option::Option<::std::string::String> { #id }
    })
}

fn is_body(field: &Field) -> bool {
    matches!(&field.value, Value::Message { descriptor, .. } if descriptor.full_name() == BODY)
}
