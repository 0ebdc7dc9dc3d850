//! What the code of a crate does with a service: serve it, call it.

use std::collections::BTreeSet;

use bia_codegen::{Package, Service};
use syn::visit::{self, Visit};
use syn::{Attribute, ExprCall, Item, ItemMod, ItemUse, Macro, UseTree};

use crate::splice::{Crate, Meaning, Path};

use super::Tree;

/// The paths that the files of a crate name.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// What is called outside of tests: in which module, and by which path.
    calls: Vec<(Path, Path)>,
    /// What is named at all.
    names: Vec<(Path, Path)>,
    /// The words that macros are given: what they make of them is not seen.
    words: BTreeSet<String>,
}

impl Usage {
    pub(super) fn of(tree: &Tree) -> Self {
        let tests: Vec<Path> = tree.files.iter().flat_map(test_modules).collect();
        let mut usage = Self::default();
        for file in &tree.files {
            let is_test = tests.iter().any(|test| file.module.starts_with(test));
            let module = file.module.clone();
            Reader { usage: &mut usage, module, is_test }.visit_file(&file.source.syntax);
        }
        usage
    }

    /// Whether an app is made to serve it. `is_alone` says that no other service has the name.
    pub(super) fn serves(&self, own: &Crate, of: (&Package, &Service), is_alone: bool) -> bool {
        let function = of.1.function.to_string();
        self.calls.iter().any(|it| is_item(own, it, of.0, &function, is_alone))
    }

    /// Whether it is one that is called: its client, or what stands in for it, is named.
    pub(super) fn calls(&self, own: &Crate, of: (&Package, &Service), is_alone: bool) -> bool {
        [of.1.client.to_string(), of.1.mock.to_string()].iter().any(|name| {
            is_alone && self.words.contains(name)
                || self.names.iter().any(|it| is_item(own, it, of.0, name, is_alone))
        })
    }
}

/// Whether a path, in its module, leads to or through `name` of the module of `package`.
fn is_item(
    own: &Crate,
    (module, path): &(Path, Path),
    package: &Package,
    name: &str,
    is_alone: bool,
) -> bool {
    // A function under another name is one that is imported so: what it means counts.
    (1..=path.len()).any(|length| {
        let part = &path[..length];
        let is_suffix = |path: &[String]| {
            let whole = [package.modules(), vec![name.to_owned()]].concat();
            path.ends_with(&whole) || is_alone && path.last().is_some_and(|last| last == name)
        };
        match own.meaning(module, part, true) {
            Meaning::Own(path) => match own.module_of(&package.name) {
                Some(module) if own.knows(&path) => {
                    path == [module, vec![name.to_owned()]].concat()
                }
                _ => is_suffix(&path),
            },
            Meaning::Other(path) => is_suffix(&path),
        }
    })
}

/// The modules that a file declares, and has elsewhere, for tests.
fn test_modules(file: &super::tree::File) -> Vec<Path> {
    let items = file.source.syntax.items.iter();
    let modules = items.filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() && item.attrs.iter().any(is_of_tests) => {
            Some([&file.module[..], &[item.ident.to_string()]].concat())
        }
        _ => None,
    });
    modules.collect()
}

fn is_of_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Ident>().is_ok_and(|it| it == "test")
}

struct Reader<'a> {
    usage: &'a mut Usage,
    module: Path,
    is_test: bool,
}

impl Reader<'_> {
    fn import(&mut self, tree: &UseTree, path: &mut Path) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path);
                path.pop();
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path));
            }
            UseTree::Name(syn::UseName { ident })
            | UseTree::Rename(syn::UseRename { ident, .. }) => {
                let whole = [&path[..], &[ident.to_string()]].concat();
                self.usage.names.push((self.module.clone(), whole));
            }
            UseTree::Glob(_) => {}
        }
    }

    fn words(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(word) => {
                    self.usage.words.insert(word.to_string());
                }
                proc_macro2::TokenTree::Group(group) => self.words(group.stream()),
                _ => {}
            }
        }
    }
}

fn parts(path: &syn::Path) -> Path {
    path.segments.iter().map(|it| it.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let is_test = self.is_test;
        self.is_test |= item.attrs.iter().any(is_of_tests);
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
        self.is_test = is_test;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &mut Vec::new());
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let syn::Expr::Path(function) = &*call.func
            // What only tests do is no service.
            && !self.is_test
        {
            self.usage.calls.push((self.module.clone(), parts(&function.path)));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.usage.names.push((self.module.clone(), parts(path)));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.words(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}
