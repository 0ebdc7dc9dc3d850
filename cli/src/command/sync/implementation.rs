//! The implementations of a service.

use syn::visit::{self, Visit};
use syn::{ImplItem, ItemImpl, ItemMod};

use bia_codegen::{Package, Service};

use crate::handler::Words;
use crate::splice::{Crate, Meaning, Path};

use super::Tree;

/// An `impl UserService for X`.
#[derive(Clone)]
pub(super) struct Implementation<'a> {
    /// The place of its file in the tree.
    pub(super) file: usize,
    /// Its place among the implementations in its file, of whichever trait.
    pub(super) index: usize,
    pub(super) module: Path,
    pub(super) item: &'a ItemImpl,
}

/// Every implementation of a trait in `tree`, in the order of the files.
pub(super) fn all(tree: &Tree) -> Vec<Implementation<'_>> {
    let mut found = Vec::new();
    for (index, file) in tree.files.iter().enumerate() {
        found.extend(in_file(&file.source.syntax, &file.module, index));
    }
    found
}

/// Those in one file, which is the module `module`.
pub(super) fn in_file<'a>(
    syntax: &'a syn::File,
    module: &[String],
    file: usize,
) -> Vec<Implementation<'a>> {
    let mut finder = Finder { file, module: module.to_vec(), found: Vec::new() };
    finder.visit_file(syntax);
    finder.found
}

struct Finder<'a> {
    file: usize,
    module: Path,
    found: Vec<Implementation<'a>>,
}

impl<'a> Visit<'a> for Finder<'a> {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if item.trait_.is_some() {
            let (file, index, module) = (self.file, self.found.len(), self.module.clone());
            self.found.push(Implementation { file, index, module, item });
        }
        visit::visit_item_impl(self, item);
    }
}

impl Implementation<'_> {
    /// Whether it is one of `service`. `is_alone` says that no other service's trait has the name.
    pub(super) fn is_of(
        &self,
        own: &Crate,
        package: &Package,
        service: &Service,
        is_alone: bool,
    ) -> bool {
        let Some((bang, path, _)) = &self.item.trait_ else { return false };
        if bang.is_some() {
            return false;
        }
        let names: Path = path.segments.iter().map(|it| it.ident.to_string()).collect();
        let name = service.name.to_string();
        let is_suffix = |path: &[String]| {
            let whole = [package.modules(), vec![name.clone()]].concat();
            path.ends_with(&whole) || is_alone && path.last() == Some(&name)
        };
        match own.meaning(&self.module, &names, true) {
            Meaning::Own(path) => match own.module_of(&package.name) {
                Some(module) if own.knows(&path) => path == [module, vec![name]].concat(),
                _ => is_suffix(&path),
            },
            // Of a crate of messages, or of something that is not seen here.
            Meaning::Other(path) => is_suffix(&path),
        }
    }

    /// The type that implements it, for telling.
    pub(super) fn name(&self) -> String {
        match &*self.item.self_ty {
            syn::Type::Path(path) => {
                path.path.segments.last().map(|it| it.ident.to_string()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// The items that are methods: the place of each, and its name.
    pub(super) fn methods(&self) -> impl Iterator<Item = (usize, &syn::ImplItemFn)> {
        self.item.items.iter().enumerate().filter_map(|(index, it)| match it {
            ImplItem::Fn(it) => Some((index, it)),
            _ => None,
        })
    }

    /// Behind which item methods go that no other method comes before: behind the constants and types
    /// that stand on top.
    pub(super) fn top(&self) -> Option<usize> {
        let items = &self.item.items;
        let first =
            items.iter().position(|it| matches!(it, ImplItem::Fn(_))).unwrap_or(items.len());
        first.checked_sub(1)
    }

    /// What things are called where it stands.
    pub(super) fn words(&self, own: &Crate, package: &Package) -> Words {
        let module = &self.module;
        let of_bia = |name: &str| own.name_of(module, &[&["bia", name]]);
        let stream = own.name_of(
            module,
            &[
                &["bia", "Stream"],
                &["futures_core", "Stream"],
                &["futures_util", "Stream"],
                &["futures", "Stream"],
                &["tokio_stream", "Stream"],
                &["futures_core", "stream", "Stream"],
                &["futures_util", "stream", "Stream"],
                &["futures", "stream", "Stream"],
            ],
        );
        let absolute = Words::absolute(&self.types(own, package));
        Words {
            root: own.root(),
            context: of_bia("Context").unwrap_or(absolute.context),
            result: of_bia("Result").unwrap_or(absolute.result),
            stream: stream.unwrap_or(absolute.stream),
            streaming: of_bia("Streaming").unwrap_or(absolute.streaming),
            types: absolute.types,
        }
    }

    /// The module of the package, as it is called here: best as the trait itself is named.
    fn types(&self, own: &Crate, package: &Package) -> String {
        let target = own.module_of(&package.name);
        let path = self.item.trait_.as_ref().map(|(_, path, _)| path);
        let names: Path =
            path.into_iter().flat_map(|it| &it.segments).map(|it| it.ident.to_string()).collect();
        let around = names.split_last().map(|(_, around)| around.to_vec()).unwrap_or_default();
        let Some(target) = target else {
            // Of another crate: its messages are beside the trait.
            let path = match own.meaning(&self.module, &names, true) {
                Meaning::Own(path) => ["crate".to_owned()].into_iter().chain(path).collect(),
                Meaning::Other(path) => path,
            };
            let around = if around.is_empty() {
                path.split_last().map(|it| it.1.to_vec()).unwrap_or_default()
            } else {
                around
            };
            return around.join("::");
        };
        if !around.is_empty()
            && own.meaning(&self.module, &around, true) == Meaning::Own(target.clone())
        {
            return around.join("::");
        }
        own.module_name(&self.module, &target).unwrap_or_else(|| {
            std::iter::once("crate".to_owned()).chain(target).collect::<Vec<_>>().join("::")
        })
    }
}
