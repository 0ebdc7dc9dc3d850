//! Messages that keep the fields which they do not know, and write them again.
//!
//! prost derives them against the framework's `keeping`, which is prost but for the trait of messages: so what
//! the derive makes is about the fields that are known, and prost's own trait is implemented here with it.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::error::Error;
use crate::model::{Message, Model, Value};
use crate::output::Output;

use super::Emit;

/// Implements prost's trait for each message that keeps unknown fields.
#[derive(Debug)]
pub(crate) struct UnknownFields;

impl Emit for UnknownFields {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for message in &package.messages {
                if let Some(name) = &message.unknown_fields {
                    output.add_items(package, implementation(&model.runtime, message, name));
                }
            }
        }
        Ok(())
    }
}

/// What prost is called for messages that keep unknown fields.
pub(super) fn prost(bia: &TokenStream) -> String {
    let bia = bia.to_string().replace(' ', "");
    format!("{bia}::__codegen::keeping")
}

fn implementation(bia: &TokenStream, message: &Message, name: &Ident) -> TokenStream {
    let (keeping, path) = (quote!(#bia::__codegen::keeping), &message.path);
    let mut numbers: Vec<_> =
        message.fields.iter().map(|field| field.descriptor.number()).collect();
    numbers.sort_unstable();
    let known = (!numbers.is_empty()).then(|| {
        quote! {
            #(#numbers)|* => #keeping::Message::merge_field(self, tag, wire_type, buf, ctx),
        }
    });
    quote! {
        impl #bia::__codegen::prost::Message for #path {
            fn encode_raw(&self, buf: &mut impl #keeping::bytes::BufMut) {
                #keeping::Message::encode_raw(self, buf);
            }
            fn merge_field(
                &mut self,
                tag: u32,
                wire_type: #keeping::encoding::WireType,
                buf: &mut impl #keeping::bytes::Buf,
                ctx: #keeping::encoding::DecodeContext,
            ) -> ::core::result::Result<(), #keeping::DecodeError> {
                match tag {
                    #known
                    _ => #bia::__codegen::prost::Message::merge_field(
                        &mut self.#name, tag, wire_type, buf, ctx,
                    ),
                }
            }
            fn encoded_len(&self) -> usize {
                #keeping::Message::encoded_len(self)
            }
            fn merge(
                &mut self,
                mut buf: impl #keeping::bytes::Buf,
            ) -> ::core::result::Result<(), #keeping::DecodeError> {
                #keeping::merge(self, &mut buf)
            }
            fn merge_length_delimited(
                &mut self,
                mut buf: impl #keeping::bytes::Buf,
            ) -> ::core::result::Result<(), #keeping::DecodeError> {
                #keeping::merge_length_delimited(self, &mut buf)
            }
            fn clear(&mut self) {
                #keeping::Message::clear(self);
            }
        }
    }
}

/// Adds the field to the struct of a message. To the derive it is a group, by a number that none can
/// have: the framework's `UNKNOWN`.
pub(super) fn add_field(item: &mut syn::Item, bia: &TokenStream, name: &Ident) {
    let syn::Item::Struct(item) = item else { return };
    let field = quote! {
        /// What this message was sent and does not know, written again as it came.
        #[prost(group, required, tag = "536870912")]
        pub #name: #bia::__codegen::UnknownFields
    };
    let field = syn::parse::Parser::parse2(syn::Field::parse_named, field);
    if let (syn::Fields::Named(fields), Ok(field)) = (&mut item.fields, field) {
        fields.named.push(field);
    }
    item.attrs.iter_mut().for_each(not_copy);
}

/// The oneofs of a message that hold messages.
pub(super) fn oneofs(message: &Message) -> Vec<&TokenStream> {
    let holds_messages = |place: usize| {
        message.fields.iter().any(|field| {
            matches!(&field.shape, crate::model::Shape::Member { oneof, .. } if *oneof == place)
                && matches!(field.value, Value::Message { .. })
        })
    };
    let oneofs = message.oneofs.iter().enumerate();
    oneofs.filter(|(place, _)| holds_messages(*place)).map(|(_, oneof)| &oneof.path).collect()
}

/// Of what holds unknown fields, no copy is free.
pub(super) fn oneof_not_copy(item: &mut syn::Item) {
    if let syn::Item::Enum(item) = item {
        item.attrs.iter_mut().for_each(not_copy);
    }
}

fn not_copy(attribute: &mut syn::Attribute) {
    let list = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
    if !attribute.path().is_ident("derive") {
        return;
    }
    if let Ok(traits) = attribute.parse_args_with(list) {
        let kept = traits.iter().filter(|path| !path.is_ident("Copy"));
        *attribute = syn::parse_quote!(#[derive(#(#kept),*)]);
    }
}
