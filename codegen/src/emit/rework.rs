//! What becomes of the items that prost makes: variants of errors get their short names and say what
//! their errors are, messages with fields that are not to be shown leave `Debug` to us, and those that keep
//! unknown fields get a field for them.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use crate::error::Error;
use crate::model::{Enum, Model, Package, names};

use super::errors::{is_of_errors, told};
use super::{doc, redact, unknown};

/// The items that prost made of a package, with these changes.
pub(super) fn items(
    items: TokenStream,
    model: &Model,
    package: &Package,
) -> Result<TokenStream, Error> {
    let enums: Vec<_> = package.enums.iter().filter(|proto| is_of_errors(proto)).collect();
    let hidden: Vec<_> = package.messages.iter().flat_map(redact::types).collect();
    let keeping = package.messages.iter();
    let keeping: Vec<_> =
        keeping.filter_map(|message| Some((message, message.unknown_fields.as_ref()?))).collect();
    if enums.is_empty() && hidden.is_empty() && keeping.is_empty() {
        return Ok(items);
    }
    let mut file: syn::File = syn::parse2(items)
        .map_err(|error| Error::new("what prost made is not Rust").with_source(error))?;
    for proto in enums {
        visit(&mut file.items, &parts(&proto.path), &mut |item| rename(item, proto));
    }
    for path in hidden {
        visit(&mut file.items, &parts(path), &mut skip_debug);
    }
    for (message, name) in keeping {
        visit(&mut file.items, &parts(&message.path), &mut |item| {
            unknown::add_field(item, &model.runtime, name);
        });
        for oneof in unknown::oneofs(message) {
            visit(&mut file.items, &parts(oneof), &mut unknown::oneof_not_copy);
        }
    }
    Ok(file.into_token_stream())
}

/// `["user", "Status"]` of `user::Status`.
fn parts(path: &TokenStream) -> Vec<String> {
    path.to_string().split("::").map(|part| part.trim().to_owned()).collect()
}

/// Shows each item of the type at `path` to `change`: its definition and what is implemented for it.
fn visit(items: &mut [syn::Item], path: &[String], change: &mut impl FnMut(&mut syn::Item)) {
    let Some((first, below)) = path.split_first() else { return };
    for item in items {
        let is_it = match item {
            syn::Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content
                    && !below.is_empty()
                    && module.ident == first
                {
                    visit(items, below, change);
                }
                false
            }
            syn::Item::Enum(item) => item.ident == first,
            syn::Item::Struct(item) => item.ident == first,
            syn::Item::Impl(item) => item.self_ty.to_token_stream().to_string() == *first,
            _ => false,
        };
        if is_it && below.is_empty() {
            change(item);
        }
    }
}

fn skip_debug(item: &mut syn::Item) {
    let attribute = syn::parse_quote!(#[prost(skip_debug)]);
    match item {
        syn::Item::Enum(item) => item.attrs.push(attribute),
        syn::Item::Struct(item) => item.attrs.push(attribute),
        _ => {}
    }
}

fn rename(item: &mut syn::Item, proto: &Enum) {
    match item {
        syn::Item::Enum(item) => enumeration(item, proto),
        syn::Item::Impl(item) => {
            // Names alone change: it is an implementation still.
            if let Ok(renamed) = syn::parse2(idents(item.to_token_stream(), &short_names(proto))) {
                *item = renamed;
            }
        }
        _ => {}
    }
}

/// By the name that prost gives a variant, its short one.
fn short_names(proto: &Enum) -> BTreeMap<String, Ident> {
    let values = proto.values.iter().filter_map(|value| {
        let long = names::variant(proto.descriptor.name(), &value.proto_name);
        let short = value.variant.clone()?;
        (short != long).then_some((long, short))
    });
    values.collect()
}

fn enumeration(item: &mut syn::ItemEnum, proto: &Enum) {
    let short = short_names(proto);
    for variant in &mut item.variants {
        if let Some(short) = short.get(&variant.ident.to_string()) {
            variant.ident = short.clone();
        }
        let value = proto
            .values
            .iter()
            .find(|value| value.variant.as_ref().is_some_and(|name| *name == variant.ident));
        let rule = value.and_then(|value| value.error.as_ref());
        for line in rule.map(told).unwrap_or_default() {
            // A paragraph of its own, behind what the proto says.
            if variant.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
                variant.attrs.push(syn::parse_quote!(#[doc = ""]));
            }
            let line = syn::parse::Parser::parse2(syn::Attribute::parse_outer, doc(&line));
            variant.attrs.extend(line.unwrap_or_default());
        }
    }
}

fn idents(tokens: TokenStream, names: &BTreeMap<String, Ident>) -> TokenStream {
    let renamed = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) => {
            TokenTree::Ident(names.get(&ident.to_string()).cloned().unwrap_or(ident))
        }
        TokenTree::Group(group) => {
            let mut renamed = Group::new(group.delimiter(), idents(group.stream(), names));
            renamed.set_span(group.span());
            TokenTree::Group(renamed)
        }
        token => token,
    });
    renamed.collect()
}
