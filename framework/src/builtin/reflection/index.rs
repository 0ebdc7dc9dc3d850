use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// A `FileDescriptorSet` whose files stay as they were encoded: decoding them would lose the options
/// that are not known here, such as `google.api.http`.
#[derive(Clone, PartialEq, Message)]
#[prost(prost_path = "::prost")]
struct EncodedSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// The files that describe an app's services, found by all that they define.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: Vec<File>,
    by_name: HashMap<String, usize>,
    symbols: HashMap<String, usize>,
    messages: HashSet<String>,
    extensions: HashMap<String, BTreeMap<i32, usize>>,
    services: BTreeSet<String>,
}

#[derive(Debug)]
struct File {
    encoded: Vec<u8>,
    dependencies: Vec<String>,
}

impl Index {
    /// Adds a service and the files that describe it, if it brought any. A file that is there already
    /// is not added again.
    pub(super) fn add(&mut self, service: &str, descriptors: Option<&[u8]>) {
        self.services.insert(service.to_owned());
        if let Some(descriptors) = descriptors {
            self.add_files(service, descriptors);
        }
    }

    /// Adds the files of an encoded set, of which `owner` is told in the log if they cannot be read.
    pub(super) fn add_files(&mut self, owner: &str, descriptors: &[u8]) {
        let set = match EncodedSet::decode(descriptors) {
            Ok(set) => set,
            Err(error) => {
                return tracing::warn!(service = owner, %error, "its descriptors cannot be read: reflection does not tell them");
            }
        };
        for encoded in set.file {
            match FileDescriptorProto::decode(encoded.as_slice()) {
                Ok(file) if !self.by_name.contains_key(file.name()) => {
                    self.add_file(&file, encoded);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(service = owner, %error, "a file of its descriptors cannot be read");
                }
            }
        }
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    pub(super) fn file(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The file that defines a name: a service, a method, a message, a field, an enum, one of its
    /// values, an extension. A dot in front does no harm.
    pub(super) fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name.strip_prefix('.').unwrap_or(name)).copied()
    }

    pub(super) fn extension(&self, of: &str, number: i32) -> Option<usize> {
        self.extensions.get(of.strip_prefix('.').unwrap_or(of))?.get(&number).copied()
    }

    /// The numbers of the extensions of a message; `None` if there is no such message.
    pub(super) fn extensions(&self, of: &str) -> Option<Vec<i32>> {
        let of = of.strip_prefix('.').unwrap_or(of);
        match self.extensions.get(of) {
            Some(numbers) => Some(numbers.keys().copied().collect()),
            None => self.messages.contains(of).then(Vec::new),
        }
    }

    /// The file and all it imports, each as it was encoded; but of what it imports only what is not
    /// `sent` yet.
    pub(super) fn with_dependencies(&self, file: usize, sent: &mut HashSet<usize>) -> Vec<Vec<u8>> {
        sent.insert(file);
        let (mut encoded, mut waiting) = (Vec::new(), vec![file]);
        while let Some(file) = waiting.pop().and_then(|file| self.files.get(file)) {
            encoded.push(file.encoded.clone());
            let dependencies = file.dependencies.iter().filter_map(|name| self.file(name));
            waiting.extend(dependencies.filter(|file| sent.insert(*file)));
        }
        encoded
    }

    fn add_file(&mut self, file: &FileDescriptorProto, encoded: Vec<u8>) {
        let place = self.files.len();
        self.files.push(File { encoded, dependencies: file.dependency.clone() });
        self.by_name.insert(file.name().to_owned(), place);
        let package = file.package();
        for message in &file.message_type {
            self.add_message(package, message, place);
        }
        for definition in &file.enum_type {
            self.add_enum(package, definition, place);
        }
        for extension in &file.extension {
            self.add_extension(package, extension, place);
        }
        for service in &file.service {
            let name = join(package, service.name());
            for method in &service.method {
                self.symbols.insert(join(&name, method.name()), place);
            }
            self.symbols.insert(name, place);
        }
    }

    fn add_message(&mut self, scope: &str, message: &DescriptorProto, place: usize) {
        let name = join(scope, message.name());
        let fields = message.field.iter().map(FieldDescriptorProto::name);
        let oneofs = message.oneof_decl.iter().map(prost_types::OneofDescriptorProto::name);
        for member in fields.chain(oneofs) {
            self.symbols.insert(join(&name, member), place);
        }
        for nested in &message.nested_type {
            self.add_message(&name, nested, place);
        }
        for nested in &message.enum_type {
            self.add_enum(&name, nested, place);
        }
        for nested in &message.extension {
            self.add_extension(&name, nested, place);
        }
        self.symbols.insert(name.clone(), place);
        self.messages.insert(name);
    }

    fn add_enum(&mut self, scope: &str, definition: &EnumDescriptorProto, place: usize) {
        // A value stands beside its enum, as in C++.
        for value in &definition.value {
            self.symbols.insert(join(scope, value.name()), place);
        }
        self.symbols.insert(join(scope, definition.name()), place);
    }

    fn add_extension(&mut self, scope: &str, extension: &FieldDescriptorProto, place: usize) {
        self.symbols.insert(join(scope, extension.name()), place);
        let of = extension.extendee();
        let of = of.strip_prefix('.').unwrap_or(of).to_owned();
        self.extensions.entry(of).or_default().insert(extension.number(), place);
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}
