//! What is to be done so that code and protos say the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bia_codegen::{Kind as MethodKind, Method, Model, Package, Service};

use crate::change::Changes;
use crate::error::{Error, Result};
use crate::handler::{self, Layout, Words};
use crate::project::{self, Member};
use crate::shell::Shell;
use crate::splice::{Insertions, Source, add_methods, spoken_of_by_macros};

use super::finding::{Finding, Kind};
use super::implementation::{self, Implementation};
use super::nearest::nearest;
use super::shape::{Expected, Heads};
use super::usage::Usage;
use super::{Tree, create, gone};

/// What was found, and what would be written.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) findings: Vec<Finding>,
    /// Files that are there: as they are, and as they would be.
    edits: Vec<(PathBuf, String, String)>,
    files: Vec<(PathBuf, String)>,
}

impl Plan {
    /// Looks at the code of `member`, whose protos say `model`. With `create`, services without an
    /// implementation are given one.
    ///
    /// # Errors
    ///
    /// A file that has to do with one of the services cannot be read, or is no Rust; text would not go
    /// in without changing what is there.
    pub(crate) fn add(
        &mut self,
        member: &Member,
        model: &Model,
        create: bool,
        shell: &Shell,
    ) -> Result<()> {
        let services: Vec<(&Package, &Service)> = all(model).collect();
        let needed: Vec<String> = services.iter().map(|(_, it)| it.name.to_string()).collect();
        let mut tree = Tree::read(member, &needed, shell)?;
        tree.own.bring(model);

        let mut gone = Vec::new();
        let mut implementations = implementation::all(&tree);
        implementations.retain(|it| match gone::path(it, &tree.own, member) {
            Some(path) => {
                gone.push((it.clone(), path));
                false
            }
            None => true,
        });
        let usage = Usage::of(&tree);
        let mut edits = Edits { tree: &tree, insertions: BTreeMap::new(), added: Vec::new() };
        let mut missing = Vec::new();
        for (package, service) in &services {
            let is_alone = needed.iter().filter(|name| service.name == name.as_str()).count() == 1;
            let of_service: Vec<&Implementation<'_>> = implementations
                .iter()
                .filter(|it| it.is_of(&tree.own, package, service, is_alone))
                .collect();
            for implementation in &of_service {
                let about = About { member, package, service, implementation, tree: &tree };
                about.look(&mut edits, &mut self.findings);
            }
            let of = (*package, *service);
            let is_served = usage.serves(&tree.own, of, is_alone);
            match of_service.first() {
                // Else it is compiled for its client only.
                None if is_served || !usage.calls(&tree.own, of, is_alone) => {
                    missing.push((of, is_served));
                }
                Some(first) if !is_served => {
                    self.findings.push(unserved(member, &tree, package, service, first));
                }
                _ => {}
            }
        }
        let unimplemented: Vec<String> =
            missing.iter().map(|((_, it), _)| it.full_name.clone()).collect();
        self.findings.extend(
            gone.iter().map(|(it, path)| gone::finding(it, path, &tree, member, &unimplemented)),
        );
        let Edits { mut insertions, added, .. } = edits;
        let mut about_services = Vec::new();
        for ((package, service), is_served) in missing {
            let mut finding = finding(Kind::Unimplemented, member, service);
            (finding.file, finding.line) = create::place(model, service);
            if is_served {
                // What is served there has a type, and only its author knows what became of it.
                finding.expected =
                    Some(format!("impl {} for", trait_path(&tree, package, service)));
            } else if create {
                let made = create::make(member, &tree, model, (package, service), &mut insertions)?;
                finding.kind = Kind::Created;
                (finding.file, finding.line) = (made.path.clone(), made.line);
                self.files.push((made.path, made.text));
                about_services.extend(made.serve.map(|serve| Finding {
                    kind: Kind::Unserved,
                    expected: Some(serve),
                    ..finding.clone()
                }));
            }
            about_services.push(finding);
        }
        let mut after = BTreeMap::new();
        for (file, insertions) in insertions {
            after.insert(file, tree.files[file].source.with(insertions, &member.edition)?);
        }
        self.locate(&tree, &after, added);
        self.findings.extend(about_services);
        for (file, text) in after {
            let source = &tree.files[file].source;
            self.edits.push((source.path.clone(), source.text.clone(), text));
        }
        Ok(())
    }

    /// Says what was found, as data.
    ///
    /// # Errors
    ///
    /// Nobody reads it.
    pub(crate) fn tell(&self, is_dry: bool, shell: &Shell) -> Result<()> {
        let here = project::here()?;
        for finding in &self.findings {
            shell.data(finding.line(is_dry, &here))?;
            if let Some(hint) = finding.hint() {
                shell.hint(hint);
            }
        }
        Ok(())
    }

    /// Adds what is to be written to `changes`, whose folder is around all of it.
    pub(crate) fn write(&self, changes: &mut Changes) {
        for (path, before, after) in &self.edits {
            changes.edit(path, before.as_str(), after.as_str());
        }
        for (path, text) in &self.files {
            changes.write(path, text.as_str());
        }
    }

    /// Notes what was added with the places where it stands then.
    fn locate(&mut self, tree: &Tree, after: &BTreeMap<usize, String>, added: Vec<Added>) {
        for Added { mut finding, file, index } in added {
            let path = &tree.files[file].source.path;
            let line = after.get(&file).and_then(|text| {
                let source = Source::parse(path, text.clone()).ok()?;
                let all = implementation::in_file(&source.syntax, &[], file);
                let name = finding.method.as_deref()?;
                let (_, method) = all.get(index)?.methods().find(|(_, it)| it.sig.ident == name)?;
                Some(source.line(method.sig.ident.span()))
            });
            finding.line = line.unwrap_or(finding.line);
            self.findings.push(finding);
        }
    }
}

/// The services that `member` itself is about: those that it implements; if there is none yet, those that
/// it does not call.
///
/// # Errors
///
/// There are none; files that are no Rust.
pub(crate) fn served<'a>(
    member: &Member,
    model: &'a Model,
    shell: &Shell,
) -> Result<Vec<&'a Service>> {
    let services: Vec<(&Package, &Service)> = all(model).collect();
    let names: Vec<String> = services.iter().map(|(_, it)| it.name.to_string()).collect();
    let mut tree = Tree::read(member, &names, shell)?;
    tree.own.bring(model);
    let implementations = implementation::all(&tree);
    let is_alone =
        |service: &Service| names.iter().filter(|name| service.name == name.as_str()).count() == 1;
    let is_implemented = |package: &Package, service: &Service| {
        implementations.iter().any(|it| it.is_of(&tree.own, package, service, is_alone(service)))
    };
    let implemented: Vec<&Service> =
        services.iter().filter(|(p, s)| is_implemented(p, s)).map(|(_, it)| *it).collect();
    if !implemented.is_empty() {
        return Ok(implemented);
    }
    let usage = Usage::of(&tree);
    let is_own = |&(package, service): &(&Package, &Service)| {
        services.len() == 1 || !usage.calls(&tree.own, (package, service), is_alone(service))
    };
    let uncalled: Vec<&Service> =
        services.iter().copied().filter(is_own).map(|(_, it)| it).collect();
    if uncalled.is_empty() {
        return Err(Error::new(format!(
            "the protos of {} have no service of its own",
            member.name
        )));
    }
    Ok(uncalled)
}

fn all(model: &Model) -> impl Iterator<Item = (&Package, &Service)> {
    model
        .packages
        .iter()
        .flat_map(|package| package.services.iter().map(move |service| (package, service)))
}

/// What goes into the files of a crate.
struct Edits<'a> {
    tree: &'a Tree,
    insertions: BTreeMap<usize, Insertions>,
    added: Vec<Added>,
}

struct Added {
    finding: Finding,
    file: usize,
    /// Which implementation of the file it goes into.
    index: usize,
}

fn finding(kind: Kind, member: &Member, service: &Service) -> Finding {
    Finding {
        kind,
        member: member.name.clone(),
        service: service.full_name.clone(),
        method: None,
        file: PathBuf::new(),
        line: 1,
        expected: None,
        renamed_to: None,
    }
}

/// `user::v1::UserService`, from the root of the crate.
fn trait_path(tree: &Tree, package: &Package, service: &Service) -> String {
    let module = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
    handler::join(&module.join("::"), &service.name.to_string())
}

fn unserved(
    member: &Member,
    tree: &Tree,
    package: &Package,
    service: &Service,
    implementation: &Implementation<'_>,
) -> Finding {
    let source = &tree.files[implementation.file].source;
    let module = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
    let path = handler::join(&module.join("::"), &service.function.to_string());
    Finding {
        file: source.path.clone(),
        line: source.line(implementation.item.impl_token.span),
        expected: Some(format!(".serve({path}({}))", implementation.name())),
        ..finding(Kind::Unserved, member, service)
    }
}

/// One implementation, held against its service.
struct About<'a> {
    member: &'a Member,
    package: &'a Package,
    service: &'a Service,
    implementation: &'a Implementation<'a>,
    tree: &'a Tree,
}

impl About<'_> {
    fn look(&self, edits: &mut Edits<'_>, findings: &mut Vec<Finding>) {
        let words = self.implementation.words(&self.tree.own, self.package);
        // The last of a name: there may be several, behind `cfg`.
        let present: BTreeMap<String, usize> = self
            .implementation
            .methods()
            .map(|(index, it)| (it.sig.ident.to_string(), index))
            .collect();
        let by_macros = spoken_of_by_macros(self.implementation.item);
        let (uncertain, missing): (Vec<&Method>, Vec<&Method>) = self
            .service
            .methods
            .iter()
            .filter(|it| !present.contains_key(&it.name.to_string()))
            .partition(|it| by_macros.contains(&it.name.to_string()));

        self.compare(&missing, &words, findings);
        for method in uncertain {
            let line = self.implementation.item.impl_token.span;
            findings.push(self.about(Kind::Uncertain, &method.name.to_string(), line));
        }
        self.add(&missing, &present, &words, edits);
    }

    /// What is there, against what should be.
    fn compare(&self, missing: &[&Method], words: &Words, findings: &mut Vec<Finding>) {
        let heads = Heads { own: &self.tree.own, module: &self.implementation.module };
        for (_, there) in self.implementation.methods() {
            let (name, span) = (there.sig.ident.to_string(), there.sig.ident.span());
            let Some(method) = self.service.methods.iter().find(|it| there.sig.ident == it.name)
            else {
                let names: Vec<String> = missing.iter().map(|it| it.name.to_string()).collect();
                findings.push(Finding {
                    renamed_to: nearest(&name, names.iter().map(String::as_str)).map(str::to_owned),
                    ..self.about(Kind::Removed, &name, span)
                });
                continue;
            };
            let (input, output) = self.expected(method);
            if heads.contradicts(&there.sig, &input, &output) {
                findings.push(Finding {
                    expected: Some(handler::head(method, words)),
                    ..self.about(Kind::Changed, &name, span)
                });
            }
        }
    }

    /// The messages of a method by their whole paths.
    fn expected(&self, method: &Method) -> (Expected, Expected) {
        let own = &self.tree.own;
        let module = own.module_of(&self.package.name).unwrap_or_else(|| self.package.modules());
        let types =
            std::iter::once("crate".to_owned()).chain(module).collect::<Vec<_>>().join("::");
        let words = Words { root: own.root(), ..Words::absolute(&types) };
        let is = |kinds: [MethodKind; 2]| kinds.contains(&method.kind);
        (
            Expected {
                message: words.message(method, &method.input),
                is_stream: is([MethodKind::ClientStream, MethodKind::Bidi]),
            },
            Expected {
                message: words.message(method, &method.output),
                is_stream: is([MethodKind::ServerStream, MethodKind::Bidi]),
            },
        )
    }

    /// Puts the methods that are missing where the proto has them.
    fn add(
        &self,
        missing: &[&Method],
        present: &BTreeMap<String, usize>,
        words: &Words,
        edits: &mut Edits<'_>,
    ) {
        let mut groups: Vec<(Option<usize>, Vec<&Method>)> = Vec::new();
        let mut behind = self.implementation.top();
        for method in &self.service.methods {
            if let Some(index) = present.get(&method.name.to_string()) {
                behind = Some(*index);
            } else if missing.iter().any(|it| it.name == method.name) {
                match groups.last_mut() {
                    Some((place, methods)) if *place == behind => methods.push(method),
                    _ => groups.push((behind, vec![method])),
                }
            }
        }
        let file = self.implementation.file;
        let source = &edits.tree.files[file].source;
        let insertions = edits.insertions.entry(file).or_default();
        for (behind, methods) in groups {
            let write = |indent: &str, step: &str| {
                let layout = Layout { indent, step };
                methods.iter().map(|method| handler::write(method, words, layout)).collect()
            };
            add_methods(source, self.implementation.item, behind, write, insertions);
            for method in &methods {
                let span = self.implementation.item.impl_token.span;
                let finding = self.about(Kind::Added, &method.name.to_string(), span);
                edits.added.push(Added { finding, file, index: self.implementation.index });
            }
        }
        if insertions.is_empty() {
            edits.insertions.remove(&file);
        }
    }

    fn about(&self, kind: Kind, method: &str, span: proc_macro2::Span) -> Finding {
        let source = &self.tree.files[self.implementation.file].source;
        Finding {
            method: Some(method.to_owned()),
            file: source.path.clone(),
            line: source.line(span),
            ..finding(kind, self.member, self.service)
        }
    }
}
