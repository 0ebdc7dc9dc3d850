//! Finds names that differ in the proto and are the same in Rust, before rustc or a generator trips over them.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

use crate::error::{Error, Place, Problem};
use crate::source::SourceFile;

use super::build::{ENUMS, MESSAGES, METHODS, SERVICES, index};
use super::{Model, Package, Service, accessors, names};

/// Field numbers within a message and an enum of descriptor.proto.
const FIELDS: i32 = 2;
const NESTED: i32 = 3;
const NESTED_ENUMS: i32 = 4;
const ONEOFS: i32 = 8;
const VALUES: i32 = 2;

/// All clashes at once.
pub(super) fn check(model: &Model, mocks: bool) -> Result<(), Error> {
    let mut problems = Vec::new();
    packages(model, &mut problems);
    for package in &model.packages {
        let mut scope = Scope::default();
        let files = model.files.iter().filter(|file| file.descriptor.package() == package.name);
        for file in files {
            let mut at = At { file, path: Vec::new(), problems: &mut problems };
            for (place, message) in file.descriptor.message_type.iter().enumerate() {
                at.within(&[MESSAGES, index(place)], |at| at.message(message, &mut scope));
            }
            for (place, proto) in file.descriptor.enum_type.iter().enumerate() {
                at.within(&[ENUMS, index(place)], |at| at.enumeration(proto, &mut scope));
            }
            for (place, proto) in file.descriptor.service.iter().enumerate() {
                if let Some(service) = find_service(package, file, proto.name()) {
                    at.within(&[SERVICES, index(place)], |at| {
                        at.service(service, mocks, &mut scope);
                    });
                }
            }
        }
        submodules(model, package, &mut scope, &mut problems);
    }
    Error::unless_empty(problems)
}

fn find_service<'a>(package: &'a Package, file: &SourceFile, name: &str) -> Option<&'a Service> {
    package.services.iter().find(|service| file.named && service.proto_name == name)
}

/// Two packages that are one module.
fn packages(model: &Model, problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for package in &model.packages {
        let modules = package.modules();
        if modules.iter().any(String::is_empty) {
            let message = format!("the package {} has a part without letters", package.name);
            problems.push(Problem::new(message).remedy("rename the package"));
        }
        if let Some(first) = seen.insert(modules.join("::"), &package.name) {
            let message =
                format!("the packages {first} and {} are the same module in Rust", package.name);
            problems.push(Problem::new(message).remedy("rename one of them"));
        }
    }
}

/// Packages below this one are modules in it, beside those of its messages.
fn submodules(model: &Model, package: &Package, scope: &mut Scope, problems: &mut Vec<Problem>) {
    let here = package.modules();
    let below: BTreeSet<_> = model
        .packages
        .iter()
        .filter_map(|other| {
            let modules = other.modules();
            let next = modules.strip_prefix(here.as_slice())?.first()?.clone();
            Some((next, other.name.clone()))
        })
        .collect();
    for (module, other) in below {
        if let Some(first) = scope.modules.get(&module) {
            let message =
                format!("the package {other} and {first} are both the module {module} in Rust");
            problems.push(Problem::new(message).remedy("rename one of them"));
        }
    }
}

/// What is in one module, by Rust name, and what it comes from.
#[derive(Default)]
struct Scope {
    types: BTreeMap<String, String>,
    modules: BTreeMap<String, String>,
    functions: BTreeMap<String, String>,
}

/// A place in a file, while its names are looked at.
struct At<'a> {
    file: &'a SourceFile,
    path: Vec<i32>,
    problems: &'a mut Vec<Problem>,
}

impl At<'_> {
    fn within(&mut self, path: &[i32], look: impl FnOnce(&mut At<'_>)) {
        let mut inner =
            At { file: self.file, path: self.path.clone(), problems: &mut *self.problems };
        inner.path.extend_from_slice(path);
        look(&mut inner);
    }

    fn place(&self, more: &[i32]) -> Place {
        self.file.place(&[&self.path[..], more].concat())
    }

    /// Notes a name, or the problem that it is taken.
    fn note(
        &mut self,
        more: &[i32],
        seen: &mut BTreeMap<String, String>,
        kind: &str,
        rust: String,
        from: String,
    ) {
        if names::bare(&rust).trim_matches('_').is_empty() {
            let message = format!("{from} has no letters to make a name in Rust of");
            let problem = Problem::new(message).at(self.place(more)).remedy("rename it");
            self.problems.push(problem);
        } else if let Some(first) = seen.get(&rust) {
            let message = format!("{from} and {first} are both the {kind} {rust} in Rust");
            let problem = Problem::new(message).at(self.place(more)).remedy("rename one of them");
            self.problems.push(problem);
        } else {
            seen.insert(rust, from);
        }
    }

    fn message(&mut self, message: &DescriptorProto, scope: &mut Scope) {
        if message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry) {
            return;
        }
        let name = message.name();
        self.note(&[1], &mut scope.types, "type", names::camel(name), format!("message {name}"));
        let is_oneof =
            |field: &&FieldDescriptorProto| field.oneof_index.is_some() && !field.proto3_optional();
        let oneofs = message.oneof_decl.iter().enumerate().filter(|(place, _)| {
            message.field.iter().filter(is_oneof).any(|field| field.oneof_index() == index(*place))
        });
        let mut inner = Scope::default();
        let mut fields = BTreeMap::new();
        for (place, field) in message.field.iter().enumerate().filter(|(_, field)| !is_oneof(field))
        {
            let rust = names::snake(field.name());
            self.note(
                &[FIELDS, index(place), 1],
                &mut fields,
                "field",
                rust,
                format!("field {}", field.name()),
            );
        }
        let own = message.field.iter().enumerate().filter(|(_, field)| !is_oneof(field));
        self.accessors(message, own);
        let nested = message.nested_type.iter().map(DescriptorProto::name);
        let nested_names: BTreeSet<_> = nested
            .chain(message.enum_type.iter().map(EnumDescriptorProto::name))
            .map(names::camel)
            .collect();
        for (place, oneof) in oneofs {
            let at = [ONEOFS, index(place), 1];
            let from = format!("oneof {}", oneof.name());
            self.note(&at, &mut fields, "field", names::snake(oneof.name()), from.clone());
            let mut rust = names::camel(oneof.name());
            if nested_names.contains(&rust) {
                rust.push_str("OneOf");
            }
            self.note(&at, &mut inner.types, "type", rust, from);
            let mut variants = BTreeMap::new();
            let in_it = |(_, field): &(usize, &FieldDescriptorProto)| {
                is_oneof(field) && field.oneof_index() == index(place)
            };
            for (place, field) in message.field.iter().enumerate().filter(in_it) {
                let rust = names::camel(field.name());
                self.note(
                    &[FIELDS, index(place), 1],
                    &mut variants,
                    "variant",
                    rust,
                    format!("field {}", field.name()),
                );
            }
        }
        for (place, nested) in message.nested_type.iter().enumerate() {
            self.within(&[NESTED, index(place)], |at| at.message(nested, &mut inner));
        }
        for (place, nested) in message.enum_type.iter().enumerate() {
            self.within(&[NESTED_ENUMS, index(place)], |at| at.enumeration(nested, &mut inner));
        }
        if !inner.types.is_empty() {
            let from = format!("message {name}");
            self.note(&[1], &mut scope.modules, "module", names::snake(name), from);
        }
    }

    /// Methods that fields bring with them.
    fn accessors<'a>(
        &mut self,
        message: &DescriptorProto,
        fields: impl Iterator<Item = (usize, &'a FieldDescriptorProto)>,
    ) {
        let is_proto2 = self.file.descriptor.syntax() != "proto3";
        let mut methods = BTreeMap::new();
        for (place, field) in fields {
            let at = [FIELDS, index(place), 1];
            let name = field.name();
            let is_keyword = names::snake(name).starts_with("r#");
            if is_keyword && accessors::is_map_of_enums(message, field) {
                let message = format!("a map of enums cannot be called {name}, a keyword of Rust");
                let remedy = format!("rename it; [json_name = \"{name}\"] keeps its name in JSON");
                self.problems.push(Problem::new(message).at(self.place(&at)).remedy(remedy));
            }
            for method in accessors::of(message, field, is_proto2) {
                self.note(&at, &mut methods, "method", method, format!("field {name}"));
            }
        }
    }

    fn enumeration(&mut self, proto: &EnumDescriptorProto, scope: &mut Scope) {
        let name = proto.name();
        self.note(&[1], &mut scope.types, "type", names::camel(name), format!("enum {name}"));
        let (mut variants, mut numbers) = (BTreeMap::new(), BTreeSet::new());
        for (place, value) in proto.value.iter().enumerate() {
            // Aliases of a number get no variant.
            if numbers.insert(value.number()) {
                let rust = names::variant(name, value.name());
                self.note(
                    &[VALUES, index(place), 1],
                    &mut variants,
                    "variant",
                    rust,
                    format!("value {}", value.name()),
                );
            }
        }
    }

    fn service(&mut self, service: &Service, mocks: bool, scope: &mut Scope) {
        let from = |what: &str| format!("{what}service {}", service.proto_name);
        let name = service.name.to_string();
        let is_twice = scope.types.get(&name).is_some_and(|first| first.starts_with("service "));
        self.note(&[1], &mut scope.types, "type", name, from(""));
        // Of two services with one name, all other names are the same too; once is enough.
        if !is_twice {
            let client = service.client.to_string();
            self.note(&[1], &mut scope.types, "type", client, from("the client of "));
            if mocks {
                let mock = service.mock.to_string();
                self.note(&[1], &mut scope.types, "type", mock, from("the mock of "));
            }
            let operations = service.operations.to_string();
            let modules = &mut scope.modules;
            self.note(&[1], modules, "module", operations, from("the operations of "));
            let function = service.function.to_string();
            self.note(&[1], &mut scope.functions, "function", function, from(""));
        }
        let mut methods = BTreeMap::new();
        for (place, method) in service.methods.iter().enumerate() {
            let at = [METHODS, index(place), 1];
            let from = format!("method {}", method.proto_name);
            self.note(&at, &mut methods, "method", method.name.to_string(), from);
        }
    }
}
