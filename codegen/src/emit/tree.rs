//! The file that brings all packages in, each in its module.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::Model;
use crate::output::{self, Output};

use super::{Emit, doc};

/// The name of the file.
pub(crate) const FILE: &str = "bia.rs";

#[derive(Debug)]
pub(crate) struct Tree;

/// A module: the package that it is, and what is below it.
#[derive(Default)]
struct Node<'a> {
    package: Option<&'a str>,
    stem: Option<&'a str>,
    below: BTreeMap<String, Self>,
}

impl Emit for Tree {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let mut root = Node::default();
        let mut files = Vec::new();
        for package in model.packages.iter().filter(|package| output.has_items(package)) {
            let mut node = &mut root;
            for module in package.modules() {
                node = node.below.entry(module).or_default();
            }
            node.package = Some(&package.name);
            node.stem = Some(package.file_stem());
            files.extend(package.files.iter().cloned());
        }
        let items = root.items(true)?;
        let file = syn::parse2(items)
            .map_err(|error| Error::new("the tree of modules is not Rust").with_source(error))?;
        output.add_file(FILE, output::header(&files) + &prettyplease::unparse(&file));
        Ok(())
    }
}

impl Node<'_> {
    fn items(&self, top: bool) -> Result<proc_macro2::TokenStream, Error> {
        let include = self.stem.map(|stem| {
            let file = format!("{stem}.rs");
            quote::quote!(include!(#file);)
        });
        let permission = quote::quote! {
            #[allow(
                warnings, unused, missing_docs, missing_debug_implementations, unreachable_pub,
                unnameable_types, rustdoc::all, clippy::all, clippy::pedantic,
                reason = "generated: edit the proto instead"
            )]
        };
        let permission = top.then_some(permission);
        let below = self.below.iter().map(|(name, node)| {
            let (name, items) = (crate::model::names::ident(name)?, node.items(false)?);
            let docs = node.package.map(|package| doc(&format!("The package `{package}`.")));
            let docs = docs.unwrap_or_else(|| doc("A part of a package's name."));
            Ok(quote::quote! { #docs #permission pub mod #name { #items } })
        });
        let below = below.collect::<Result<Vec<_>, Error>>()?;
        Ok(quote::quote! { #include #(#below)* })
    }
}
