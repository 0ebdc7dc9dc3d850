//! From descriptors to the model.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::method_options::IdempotencyLevel;
use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::error::{Error, Topic};
use crate::source::SourceFile;

use super::{
    Described, Docs, Idempotency, Kind, Message, Method, Model, Package, Service, Types, aliases,
    clashes, http, messages, names, options,
};

/// Field numbers of descriptor.proto, of which the paths of places are made.
pub(super) const MESSAGES: i32 = 4;
pub(super) const ENUMS: i32 = 5;
pub(super) const SERVICES: i32 = 6;
pub(super) const METHODS: i32 = 2;

/// Names that generated code has on a client beside its methods.
const TAKEN: &[&str] = &["new"];

/// What the model is to say beside what the protos do.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) runtime: String,
    pub(crate) types: Types,
    pub(crate) services: bool,
    pub(crate) mocks: bool,
    pub(crate) documented: bool,
    pub(crate) unknown_fields: bool,
}

impl Model {
    /// Makes the model of `files`, which stand behind what they import.
    pub(crate) fn build(
        mut files: Vec<SourceFile>,
        pool: DescriptorPool,
        wanted: &Wanted,
    ) -> Result<Self, Error> {
        let places =
            files.iter().map(|file| (file.descriptor.name().to_owned(), file.clone())).collect();
        let described = files.iter().map(described).collect();
        keep_used(&mut files);
        aliases::resolve(&mut files);
        for file in &mut files {
            clean_comments(&mut file.descriptor);
        }
        let mut packages = BTreeMap::<String, Package>::new();
        for file in &files {
            let name = file.descriptor.package();
            let package = packages.entry(name.to_owned()).or_insert_with(|| Package {
                name: name.to_owned(),
                files: Vec::new(),
                services: Vec::new(),
                messages: Vec::new(),
                enums: Vec::new(),
            });
            package.files.push(file.descriptor.name().to_owned());
            // It is one of the pool's.
            let Some(reflected) = pool.get_file_by_name(file.descriptor.name()) else { continue };
            if file.named && wanted.services {
                for (place, proto) in reflected.services().enumerate() {
                    package.services.push(service(file, place, &proto, &wanted.types)?);
                }
            }
        }
        let packages = packages.into_values().collect();
        let (runtime, types) = (names::path(&wanted.runtime)?, wanted.types.clone());
        let documented = wanted.services && wanted.documented;
        let mut model =
            Self { packages, runtime, pool, documented, files, described, types, places };
        clashes::check(&model, wanted.mocks).map_err(|error| error.about(Topic::Names))?;
        // Behind the check, which knows better words for names that cannot be.
        model.add_messages()?;
        if wanted.unknown_fields {
            let messages = model.packages.iter_mut().flat_map(|package| &mut package.messages);
            messages.for_each(Message::keep_unknown_fields);
        }
        http::resolve(&mut model).map_err(|error| error.about(Topic::Http))?;
        options::add(&mut model).map_err(|error| error.about(Topic::Options))?;
        Ok(model)
    }

    fn add_messages(&mut self) -> Result<(), Error> {
        let errors = options::ErrorReader::new(&self.pool);
        for package in &mut self.packages {
            for file in package.files.iter().filter_map(|file| self.pool.get_file_by_name(file)) {
                let (messages, enums) = messages::of_file(&file, &self.types, &errors)?;
                let here = |name: &str| self.types.outside_path(&format!(".{name}")).is_none();
                package.messages.extend(messages.into_iter().filter(|m| here(&m.full_name)));
                package.enums.extend(enums.into_iter().filter(|e| here(&e.full_name)));
            }
        }
        Ok(())
    }
}

fn described(file: &SourceFile) -> Described {
    Described {
        name: file.descriptor.name().to_owned(),
        imports: file.descriptor.dependency.clone(),
        encoded: file.encoded.clone(),
    }
}

/// Leaves out files that others import for options or not at all: no code is made of them.
fn keep_used(files: &mut Vec<SourceFile>) {
    let mut home = BTreeMap::<String, usize>::new();
    for (place, file) in files.iter().enumerate() {
        add_file(&mut home, place, &file.descriptor);
    }
    let mut used: BTreeSet<usize> =
        files.iter().enumerate().filter(|(_, file)| file.named).map(|(place, _)| place).collect();
    let mut left: Vec<usize> = used.iter().copied().collect();
    while let Some(place) = left.pop() {
        let mut types = BTreeSet::new();
        let file = &files[place].descriptor;
        file.message_type.iter().for_each(|message| add_types(&mut types, message));
        // Methods of files that are imported only are not generated.
        if files[place].named {
            for method in file.service.iter().flat_map(|service| &service.method) {
                types.extend([method.input_type(), method.output_type()]);
            }
        }
        for at in types.into_iter().filter_map(|name| home.get(name)) {
            if used.insert(*at) {
                left.push(*at);
            }
        }
    }
    let mut place = 0..;
    files.retain(|_| place.next().is_some_and(|place| used.contains(&place)));
}

/// Notes under its full name, with a dot in front, that each type of `file` is at `place`.
fn add_file(home: &mut BTreeMap<String, usize>, place: usize, file: &FileDescriptorProto) {
    let package = file.package();
    let prefix = if package.is_empty() { String::new() } else { format!(".{package}") };
    for message in &file.message_type {
        add_names(home, place, &prefix, message);
    }
    for proto in &file.enum_type {
        home.insert(format!("{prefix}.{}", proto.name()), place);
    }
}

fn add_names(
    home: &mut BTreeMap<String, usize>,
    place: usize,
    prefix: &str,
    proto: &DescriptorProto,
) {
    let name = format!("{prefix}.{}", proto.name());
    for nested in &proto.nested_type {
        add_names(home, place, &name, nested);
    }
    for nested in &proto.enum_type {
        home.insert(format!("{name}.{}", nested.name()), place);
    }
    home.insert(name, place);
}

fn add_types<'a>(types: &mut BTreeSet<&'a str>, message: &'a DescriptorProto) {
    types.extend(message.field.iter().filter_map(|field| field.type_name.as_deref()));
    message.nested_type.iter().for_each(|nested| add_types(types, nested));
}

/// Makes comments fit for rustdoc before anything is generated from them.
fn clean_comments(file: &mut FileDescriptorProto) {
    let clean = |comment: &mut Option<String>| {
        *comment =
            comment.take().map(|text| Docs::of(&text).to_comment()).filter(|text| !text.is_empty());
    };
    for location in file.source_code_info.iter_mut().flat_map(|info| &mut info.location) {
        clean(&mut location.leading_comments);
        clean(&mut location.trailing_comments);
        location.leading_detached_comments.clear();
    }
}

fn service(
    file: &SourceFile,
    place: usize,
    reflected: &ServiceDescriptor,
    types: &Types,
) -> Result<Service, Error> {
    let proto = reflected.service_descriptor_proto();
    let package = file.descriptor.package();
    let proto_name = proto.name().to_owned();
    let full_name =
        if package.is_empty() { proto_name.clone() } else { format!("{package}.{proto_name}") };
    let (name, function) = (names::camel(&proto_name), names::snake(&proto_name));
    let (bare_name, bare_function) = (names::bare(&name), names::bare(&function));
    let at = vec![SERVICES, index(place)];
    let mut methods = Vec::new();
    for (place, reflected) in reflected.methods().enumerate() {
        let docs = docs(file, &[&at[..], &[METHODS, index(place)]].concat());
        methods.push(method(package, &full_name, reflected, docs, types)?);
    }
    Ok(Service {
        name: names::ident(&name)?,
        function: names::ident(&function)?,
        client: names::ident(&format!("{bare_name}Client"))?,
        mock: names::ident(&format!("Mock{bare_name}"))?,
        operations: names::ident(&format!("{bare_function}_operations"))?,
        docs: docs(file, &at),
        deprecated: proto.options.as_ref().is_some_and(prost_types::ServiceOptions::deprecated),
        proto_name,
        full_name,
        methods,
        descriptor: reflected.clone(),
    })
}

fn method(
    package: &str,
    service: &str,
    descriptor: MethodDescriptor,
    docs: Docs,
    types: &Types,
) -> Result<Method, Error> {
    let proto = descriptor.method_descriptor_proto().clone();
    let proto_name = proto.name().to_owned();
    let options = proto.options.clone().unwrap_or_default();
    let free = |name: String, taken: &[&str]| {
        if taken.contains(&name.as_str()) { format!("{name}_") } else { name }
    };
    Ok(Method {
        operation: format!("/{service}/{proto_name}"),
        name: names::ident(&free(names::snake(&proto_name), TAKEN))?,
        constant: names::ident(&free(names::shouty(&proto_name), &["ALL", "HTTP", "OPENAPI"]))?,
        input: names::path(&types.path(package, proto.input_type()))?,
        output: names::path(&types.path(package, proto.output_type()))?,
        kind: match (proto.client_streaming(), proto.server_streaming()) {
            (false, false) => Kind::Unary,
            (true, false) => Kind::ClientStream,
            (false, true) => Kind::ServerStream,
            (true, true) => Kind::Bidi,
        },
        idempotency: match options.idempotency_level() {
            IdempotencyLevel::IdempotencyUnknown => Idempotency::Unknown,
            IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
            IdempotencyLevel::Idempotent => Idempotency::Idempotent,
        },
        docs,
        deprecated: options.deprecated(),
        http: Vec::new(),
        rules: options::MethodRules::default(),
        proto_name,
        descriptor,
    })
}

/// The comments at a place, which [`clean_comments`] has been over.
fn docs(file: &SourceFile, path: &[i32]) -> Docs {
    let locations = file.descriptor.source_code_info.iter().flat_map(|info| &info.location);
    let Some(location) = locations.into_iter().find(|location| location.path == path) else {
        return Docs::default();
    };
    let Location { leading_comments, trailing_comments, .. } = location;
    let lines = |comment: &Option<String>| -> Vec<String> {
        let lines = comment.as_deref().unwrap_or_default().lines();
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect()
    };
    let (mut leading, trailing) = (lines(leading_comments), lines(trailing_comments));
    if !leading.is_empty() && !trailing.is_empty() {
        leading.push(String::new());
    }
    leading.extend(trailing);
    Docs(leading).with_links()
}

/// A place in a repeated field, as descriptors count: a file holds fewer than `i32::MAX` of anything.
pub(super) fn index(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

impl Model {
    /// The types that take part and are not made here, by full name, and their paths.
    pub(crate) fn types_elsewhere(&self) -> BTreeMap<String, String> {
        let mut home = BTreeMap::new();
        self.files.iter().for_each(|file| add_file(&mut home, 0, &file.descriptor));
        let elsewhere = home.into_keys().filter_map(|name| {
            let path = self.types.outside_path(&name)?;
            Some((name, path))
        });
        elsewhere.collect()
    }
}
