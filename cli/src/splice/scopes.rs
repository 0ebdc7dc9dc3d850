//! What names mean in a crate, as far as its own text and its protos tell.

use std::collections::{BTreeMap, BTreeSet};

use bia_codegen::{Model, Package};
use syn::visit::{self, Visit};
use syn::{Block, File, Item, ItemMacro, ItemMod, ItemUse, UseTree};

/// The parts of a path, `["crate's", "module", "Name"]` without the `crate`.
pub(crate) type Path = Vec<String>;

/// Uses that lead to uses, at most: more go in a circle.
const FUEL: usize = 32;

/// The modules of a crate.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// What the crate is called from its programs.
    name: String,
    modules: BTreeMap<Path, Scope>,
    /// Where the protos are brought in.
    protos: Vec<Protos>,
    /// The modules of packages, and what is in them.
    generated: BTreeMap<Path, BTreeSet<String>>,
}

/// What is brought in where.
#[derive(Debug, PartialEq, Eq)]
enum Protos {
    All(Path),
    One(String, Path),
}

/// What a module says of names.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// What is imported, by the name that it has here.
    uses: BTreeMap<String, Path>,
    /// What is imported in the body of a function: it holds there only.
    inner: BTreeMap<String, Path>,
    globs: Vec<Path>,
    /// The modules and types that are defined here.
    defined: BTreeSet<String>,
    /// Whether a macro may define more, or a file that is included.
    is_open: bool,
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Something of this crate.
    Own(Path),
    /// Something of another crate, or something that is not known.
    Other(Path),
}

impl Crate {
    /// A crate called `name`, of which no file has been read.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.replace('-', "_"), ..Self::default() }
    }

    /// Reads a file, which is the module `module`.
    pub(crate) fn add(&mut self, module: &[String], file: &File) {
        let mut reader = Reader { own: self, module: module.to_vec(), depth: 0 };
        reader.visit_file(file);
    }

    /// Says what the protos bring, once all files have been read.
    pub(crate) fn bring(&mut self, model: &Model) {
        for package in &model.packages {
            let at = self.module_of(&package.name).unwrap_or_else(|| package.modules());
            let messages = package.messages.iter().map(|it| it.path.to_string());
            let services = package.services.iter().flat_map(|it| {
                [&it.name, &it.function, &it.client, &it.mock].map(ToString::to_string)
            });
            let names = messages.filter(|it| !it.contains(':')).chain(services).collect();
            for length in 0..at.len() {
                let below = at[length].clone();
                self.modules.entry(at[..length].to_vec()).or_default().defined.insert(below);
            }
            self.generated.insert(at, names);
        }
    }

    /// The module of a package; none if nothing says where the protos are brought in.
    pub(crate) fn module_of(&self, package: &str) -> Option<Path> {
        self.protos.iter().find_map(|it| match it {
            Protos::All(at) => Some([at.clone(), Package::modules_of(package)].concat()),
            Protos::One(name, at) => (name == package).then(|| at.clone()),
        })
    }

    /// Whether it brings in protos, and each package in one place only.
    pub(crate) fn places_protos(&self) -> bool {
        let mut places = self.protos.iter();
        places.next().is_some_and(|first| match first {
            // A library and a program may say the same.
            Protos::All(_) => places.all(|it| it == first),
            Protos::One(..) => self.protos.iter().enumerate().all(|(index, it)| match it {
                Protos::All(_) => false,
                Protos::One(name, _) => {
                    let is_same =
                        |it: &Protos| matches!(it, Protos::One(other, _) if other == name);
                    !self.protos[..index].iter().any(is_same)
                }
            }),
        })
    }

    /// What `path`, from the root of the crate, is called in protos: `user.v1.UserService`.
    pub(crate) fn in_protos(&self, path: &[String]) -> String {
        let below = self.protos.iter().find_map(|it| match it {
            Protos::All(at) => path.strip_prefix(at.as_slice()).map(<[String]>::to_vec),
            Protos::One(name, at) => {
                let rest = path.strip_prefix(at.as_slice())?;
                Some([std::slice::from_ref(name), rest].concat())
            }
        });
        below.unwrap_or_else(|| path.to_vec()).join(".")
    }

    /// Whether there is certainly nothing at `path`, from the root: all modules on its way are seen,
    /// or are generated, and one has no such name.
    pub(crate) fn lacks(&self, path: &[String]) -> bool {
        for length in 0..path.len() {
            let (module, name) = (&path[..length], &path[length]);
            let generated = self.generated.get(module);
            if generated.is_some_and(|names| names.contains(name)) {
                return false;
            }
            match self.modules.get(module) {
                Some(scope) if scope.defined.contains(name) => {}
                Some(scope) => {
                    let is_used = scope.uses.contains_key(name) || !scope.globs.is_empty();
                    return !is_used && !scope.is_open;
                }
                // One that is not read may have anything.
                None => return generated.is_some(),
            }
        }
        false
    }

    /// What all packages are below: `crate`, or a module of it.
    pub(crate) fn root(&self) -> String {
        let at = self.protos.iter().find_map(|it| match it {
            Protos::All(at) => Some(at.clone()),
            Protos::One(..) => None,
        });
        std::iter::once("crate".to_owned())
            .chain(at.unwrap_or_default())
            .collect::<Vec<_>>()
            .join("::")
    }

    /// Whether the module that `path` is in has been read, or is generated.
    pub(crate) fn knows(&self, path: &[String]) -> bool {
        let around = &path[..path.len().saturating_sub(1)];
        self.modules.contains_key(around) || self.generated.contains_key(around)
    }

    /// Whether `path`, of this crate, is something that is generated.
    pub(crate) fn is_generated(&self, path: &[String]) -> bool {
        self.generated.keys().any(|module| !module.is_empty() && path.starts_with(module))
    }

    /// What `path` means in `module`; `inner` where the uses in bodies of functions count as well.
    pub(crate) fn meaning(&self, module: &[String], path: &[String], inner: bool) -> Meaning {
        self.resolve(module, path, inner, FUEL)
    }

    /// What `target`, the whole path of something, is called in `module` without being imported there
    /// anew; one of several such paths if they mean the same.
    pub(crate) fn name_of(&self, module: &[String], targets: &[&[&str]]) -> Option<String> {
        let scope = self.modules.get(module)?;
        let is_one = |path: &[String]| targets.iter().any(|target| path == *target);
        let named = scope.uses.iter().find(|(name, path)| {
            *name != "_" && (is_one(path) || matches!(self.meaning(module, path, false), Meaning::Other(path) if is_one(&path)))
        });
        if let Some((name, _)) = named {
            return Some(name.clone());
        }
        targets.iter().find_map(|target| {
            let (name, around) = target.split_last()?;
            let hidden = scope.uses.contains_key(*name) || scope.defined.contains(*name);
            (!hidden && scope.globs.iter().any(|glob| glob == around)).then(|| (*name).to_owned())
        })
    }

    /// What a module of this crate is called in `module` where it is imported there; empty if all
    /// that is in it is.
    pub(crate) fn module_name(&self, module: &[String], target: &[String]) -> Option<String> {
        let scope = self.modules.get(module)?;
        let own =
            |path: &[String]| self.meaning(module, path, false) == Meaning::Own(target.to_vec());
        if module == target || scope.globs.iter().any(|glob| own(glob)) {
            return Some(String::new());
        }
        scope.uses.iter().find(|(_, path)| own(path)).map(|(name, _)| name.clone())
    }

    fn resolve(&self, module: &[String], path: &[String], inner: bool, fuel: usize) -> Meaning {
        let (Some(first), Some(fuel)) = (path.first(), fuel.checked_sub(1)) else {
            return Meaning::Other(path.to_vec());
        };
        let rest = &path[1..];
        match first.as_str() {
            "crate" | "$crate" => return self.walk(rest, fuel),
            "self" => return self.walk(&[module, rest].concat(), fuel),
            "super" => {
                let around = &module[..module.len().saturating_sub(1)];
                if rest.first().is_some_and(|it| it == "super") {
                    return self.resolve(around, rest, false, fuel);
                }
                return self.walk(&[around, rest].concat(), fuel);
            }
            _ => {}
        }
        let scope = self.modules.get(module);
        let used = scope.and_then(|scope| {
            let inner = inner.then(|| scope.inner.get(first)).flatten();
            inner.or_else(|| scope.uses.get(first))
        });
        // `use bia;` and `use user::v1 as user;` speak of a crate or of a module beside it.
        if let Some(target) = used.filter(|target| target.first() != Some(first)) {
            return self.resolve(module, &[target, rest].concat(), inner, fuel);
        }
        if scope.is_some_and(|scope| scope.defined.contains(first))
            || self.generated.get(module).is_some_and(|names| names.contains(first))
        {
            return self.walk(&[module, path].concat(), fuel);
        }
        for glob in scope.iter().flat_map(|scope| &scope.globs) {
            if let Meaning::Own(at) = self.resolve(module, glob, inner, fuel)
                && at != module
                && self.has(&at, first)
            {
                return self.walk(&[&at[..], path].concat(), fuel);
            }
        }
        if *first == self.name && !self.name.is_empty() {
            return self.walk(rest, fuel);
        }
        Meaning::Other(path.to_vec())
    }

    /// Whether a module has a name: its own, an imported, or a generated one.
    fn has(&self, module: &[String], name: &str) -> bool {
        self.generated.get(module).is_some_and(|names| names.contains(name))
            || self.modules.get(module).is_some_and(|scope| {
                scope.defined.contains(name)
                    || scope.uses.contains_key(name)
                    || !scope.globs.is_empty()
            })
    }

    /// What a path from the root of the crate means: names on its way may be imported ones.
    fn walk(&self, path: &[String], fuel: usize) -> Meaning {
        for length in 0..path.len() {
            let (module, name) = (&path[..length], &path[length]);
            let Some(scope) = self.modules.get(module) else { break };
            if scope.defined.contains(name) {
                continue;
            }
            if scope.uses.contains_key(name) || !scope.globs.is_empty() {
                return match self.resolve(module, &path[length..], false, fuel) {
                    Meaning::Own(path) => Meaning::Own(path),
                    Meaning::Other(_) if !scope.uses.contains_key(name) => {
                        Meaning::Own(path.to_vec())
                    }
                    other @ Meaning::Other(_) => other,
                };
            }
        }
        Meaning::Own(path.to_vec())
    }
}

/// Fills a crate from a file.
struct Reader<'a> {
    own: &'a mut Crate,
    module: Path,
    /// How many bodies of functions are around.
    depth: usize,
}

impl Reader<'_> {
    fn scope(&mut self) -> &mut Scope {
        self.own.modules.entry(self.module.clone()).or_default()
    }

    fn take(&mut self, tree: &UseTree, path: &mut Path) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.take(&tree.tree, path);
                path.pop();
            }
            UseTree::Name(tree) if tree.ident == "self" => {
                let name = path.last().cloned().unwrap_or_default();
                self.note(name, path.clone());
            }
            UseTree::Name(tree) => {
                let name = tree.ident.to_string();
                self.note(name.clone(), [&path[..], &[name]].concat());
            }
            UseTree::Rename(tree) => {
                let mut target = path.clone();
                if tree.ident != "self" {
                    target.push(tree.ident.to_string());
                }
                self.note(tree.rename.to_string(), target);
            }
            UseTree::Glob(_) if self.depth == 0 => {
                let path = path.clone();
                self.scope().globs.push(path);
            }
            UseTree::Glob(_) => {}
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.take(tree, path);
                }
            }
        }
    }

    fn note(&mut self, name: String, target: Path) {
        let depth = self.depth;
        let scope = self.scope();
        if depth == 0 {
            scope.uses.insert(name, target)
        } else {
            scope.inner.insert(name, target)
        };
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let name = match item {
            Item::Struct(it) => Some(&it.ident),
            Item::Enum(it) => Some(&it.ident),
            Item::Union(it) => Some(&it.ident),
            Item::Trait(it) => Some(&it.ident),
            Item::TraitAlias(it) => Some(&it.ident),
            Item::Type(it) => Some(&it.ident),
            Item::Mod(it) => Some(&it.ident),
            _ => None,
        };
        if let Some(name) = name.filter(|_| self.depth == 0) {
            let name = name.to_string();
            self.scope().defined.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let depth = std::mem::take(&mut self.depth);
        self.module.push(item.ident.to_string());
        if item.content.is_some() {
            self.scope();
        }
        visit::visit_item_mod(self, item);
        self.module.pop();
        self.depth = depth;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.take(&item.tree, &mut Vec::new());
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        let name = item.mac.path.segments.last().map(|it| it.ident.to_string());
        match name.as_deref() {
            Some("include_protos") => self.own.protos.push(Protos::All(self.module.clone())),
            Some("include_proto") => {
                if let Ok(package) = item.mac.parse_body::<syn::LitStr>() {
                    self.own.protos.push(Protos::One(package.value(), self.module.clone()));
                }
            }
            Some("macro_rules" | "thread_local") => {}
            _ if self.depth == 0 => self.scope().is_open = true,
            _ => {}
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.depth += 1;
        visit::visit_block(self, block);
        self.depth -= 1;
    }
}
