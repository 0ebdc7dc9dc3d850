//! `Debug` of messages with fields that the proto calls `debug_redact`: their values are not shown.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use quote::quote;

use crate::error::Error;
use crate::model::{Field, Message, Model, Package, Shape, Value, names};
use crate::output::Output;

use super::Emit;

/// What stands for a value that is not shown, also in logs.
const HIDDEN: &str = "***";

#[derive(Debug)]
pub(crate) struct Redact;

impl Emit for Redact {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for message in package.messages.iter().filter(|message| hides(message)) {
                output.add_items(package, debug(model, package, message)?);
                for place in 0..message.oneofs.len() {
                    output.add_items(package, oneof(message, place));
                }
            }
        }
        Ok(())
    }
}

/// The types of a message that show less than they hold: the message, and its oneofs.
pub(super) fn types(message: &Message) -> Vec<&TokenStream> {
    if !hides(message) {
        return Vec::new();
    }
    let oneofs = message.oneofs.iter().map(|oneof| &oneof.path);
    [&message.path].into_iter().chain(oneofs).collect()
}

fn hides(message: &Message) -> bool {
    message.fields.iter().any(|field| is_hidden(&field.descriptor))
}

fn is_hidden(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options.get_field_by_name("debug_redact").is_some_and(|it| it.as_bool() == Some(true))
}

/// How deep messages in messages are looked through: those that all hold each other have no end.
const DEPTH: usize = 8;

/// The fields of a message that logs never show, by the names of the proto, those of messages in it
/// too: `["buyer.password", "card"]`.
pub(super) fn paths(message: &MessageDescriptor) -> Vec<String> {
    let mut found = Vec::new();
    collect(message, "", &mut Vec::new(), &mut found);
    found.sort();
    found
}

/// `within` are the messages that lead here: one that holds itself is looked through once.
fn collect(
    message: &MessageDescriptor,
    prefix: &str,
    within: &mut Vec<String>,
    found: &mut Vec<String>,
) {
    let name = message.full_name();
    if within.len() >= DEPTH || within.iter().any(|outer| outer == name) {
        return;
    }
    within.push(name.to_owned());
    for field in message.fields() {
        let path = format!("{prefix}{}", field.name());
        let kind = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        if is_hidden(&field) {
            found.push(path);
        } else if let Kind::Message(inner) = kind {
            collect(&inner, &format!("{path}."), within, found);
        }
    }
    within.pop();
}

fn debug(model: &Model, package: &Package, message: &Message) -> Result<TokenStream, Error> {
    let path = &message.path;
    let name = last(path);
    let mut seen = BTreeSet::new();
    let mut fields = Vec::new();
    for field in &message.fields {
        // A oneof is one field, which stands where its first member does.
        if seen.insert(field.name.to_string()) {
            fields.push(shown(model, package, field)?);
        }
    }
    if let Some(name) = &message.unknown_fields {
        let text = name.to_string();
        fields.push(quote!(shown.field(#text, &self.#name);));
    }
    Ok(quote! {
        impl ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut shown = f.debug_struct(#name);
                #(#fields)*
                shown.finish()
            }
        }
    })
}

fn shown(model: &Model, package: &Package, field: &Field) -> Result<TokenStream, Error> {
    let (name, text) = (&field.name, names::bare(&field.name.to_string()).to_owned());
    if is_hidden(&field.descriptor) && !matches!(field.shape, Shape::Member { .. }) {
        return Ok(quote!(shown.field(#text, &::core::format_args!(#HIDDEN));));
    }
    let Value::Enum(proto) = &field.value else {
        return Ok(quote!(shown.field(#text, &self.#name);));
    };
    let proto = names::path(&model.types.path(&package.name, &format!(".{}", proto.full_name())))?;
    Ok(match field.shape {
        // By its name, as in messages that show all.
        Shape::Plain { .. } => quote! {
            match <#proto as ::core::convert::TryFrom<i32>>::try_from(self.#name) {
                ::core::result::Result::Ok(value) => shown.field(#text, &value),
                ::core::result::Result::Err(_) => shown.field(#text, &self.#name),
            };
        },
        _ => quote!(shown.field(#text, &self.#name);),
    })
}

fn oneof(message: &Message, place: usize) -> TokenStream {
    let path = &message.oneofs[place].path;
    let arms = message.fields.iter().filter_map(|field| {
        let Shape::Member { oneof, variant, .. } = &field.shape else { return None };
        let text = names::bare(&variant.to_string()).to_owned();
        (*oneof == place).then(|| {
            if is_hidden(&field.descriptor) {
                quote! {
                    Self::#variant(_) => {
                        f.debug_tuple(#text).field(&::core::format_args!(#HIDDEN)).finish()
                    }
                }
            } else {
                quote!(Self::#variant(value) => f.debug_tuple(#text).field(value).finish(),)
            }
        })
    });
    quote! {
        impl ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms)* }
            }
        }
    }
}

fn last(path: &TokenStream) -> String {
    let path = path.to_string();
    let name = path.rsplit("::").next().unwrap_or_default().trim();
    names::bare(name).to_owned()
}
