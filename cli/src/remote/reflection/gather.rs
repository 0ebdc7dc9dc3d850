//! Asks for files until all that is imported is there.

use std::collections::{BTreeMap, BTreeSet};

use bia::prost_types::FileDescriptorProto;
use prost::Message as _;
use prost_reflect::DescriptorPool;

use crate::error::{Error, Result};

use super::Reflection;
use super::talk::Talk;
use super::wire::{Answer, FileSet, Question};

/// No service has more descriptors than this, in bytes: a peer is not to fill the memory.
const LARGEST: usize = 64 << 20;

/// What the services of reflection are called, which nobody asks for.
const OWN: &str = "grpc.reflection.";

/// What a service has told so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    services: Vec<String>,
    untold: Vec<String>,
    /// Encoded, by their names.
    files: BTreeMap<String, Vec<u8>>,
    /// The full names of services that the files define.
    defined: BTreeSet<String>,
    /// Imported, and not there yet.
    wanted: BTreeSet<String>,
    /// Imported, and not to be had.
    absent: BTreeSet<String>,
    bytes: usize,
}

impl Gathered {
    /// All that the service on the other side tells.
    pub(super) async fn by(mut talk: Talk) -> bia::Result<Self> {
        let mut gathered = Self::default();
        if let Some(Answer::Services(all)) = talk.ask(Question::Services(String::new())).await? {
            gathered.services = all.services.into_iter().map(|service| service.name).collect();
        }
        gathered.services.retain(|name| !name.starts_with(OWN));
        for name in gathered.services.clone() {
            if !gathered.defined.contains(&name) {
                let answer = talk.ask(Question::Symbol(name.clone())).await?;
                gathered.take(answer)?;
            }
            if !gathered.defined.contains(&name) {
                gathered.untold.push(name);
            }
        }
        // A file is asked for once, whatever circles imports make.
        while let Some(name) = gathered.wanted.pop_first() {
            let answer = talk.ask(Question::File(name.clone())).await?;
            gathered.take(answer)?;
            if !gathered.files.contains_key(&name) {
                gathered.absent.insert(name);
            }
        }
        Ok(gathered)
    }

    fn take(&mut self, answer: Option<Answer>) -> bia::Result<()> {
        let Some(Answer::Files(files)) = answer else { return Ok(()) };
        for encoded in files.files {
            self.bytes += encoded.len();
            if self.bytes > LARGEST {
                return Err(nonsense("more than 64 MiB of descriptors"));
            }
            let file = FileDescriptorProto::decode(encoded.as_slice()).map_err(|error| {
                nonsense(&format!("a descriptor that cannot be read ({error})"))
            })?;
            let name = file.name().to_owned();
            let package = file.package().to_owned();
            let of_package = |service: &str| match package.as_str() {
                "" => service.to_owned(),
                package => format!("{package}.{service}"),
            };
            self.defined.extend(file.service.iter().map(|service| of_package(service.name())));
            self.wanted.remove(&name);
            let missing = file.dependency.iter().filter(|it| {
                !self.files.contains_key(*it) && **it != name && !self.absent.contains(*it)
            });
            self.wanted.extend(missing.cloned());
            self.files.entry(name).or_insert(encoded);
        }
        Ok(())
    }

    /// Makes a pool of it. What `target` imports and does not have is taken from the well-known files,
    /// and is empty if it is none of them: often it only has options.
    pub(super) fn into_reflection(self, target: &str) -> Result<Reflection> {
        let Self { services, untold, mut files, absent, .. } = self;
        let known = DescriptorPool::global();
        let mut empty = Vec::new();
        for name in absent {
            let file = known.get_file_by_name(&name);
            if file.is_none() {
                empty.push(name.clone());
            }
            let encoded = file.map_or_else(
                || {
                    FileDescriptorProto { name: Some(name.clone()), ..Default::default() }
                        .encode_to_vec()
                },
                |file| file.encode_to_vec(),
            );
            files.insert(name, encoded);
        }
        let set = FileSet { files: files.into_values().collect() };
        let pool = DescriptorPool::decode(set.encode_to_vec().as_slice()).map_err(|error| {
            let error = Error::new(format!("what {target} tells of itself makes no sense: {error}"));
            match empty.is_empty() {
                true => error.with_hint("name its protos with --proto FILE"),
                false => error.with_hint(format!(
                    "it does not have {}, which its files import: name its protos with --proto FILE",
                    empty.join(", ")
                )),
            }
        })?;
        Ok(Reflection { pool, services, untold })
    }
}

fn nonsense(what: &str) -> bia::Error {
    bia::Error::internal("REFLECTION_MAKES_NO_SENSE", format!("it sends {what}"))
}

#[cfg(test)]
mod tests {
    use bia::prost_types::{
        DescriptorProto, FieldDescriptorProto, ServiceDescriptorProto, field_descriptor_proto,
    };

    use super::super::wire::Files;
    use super::*;

    fn file(name: &str, imports: &[&str], message: &str, field: &str) -> Vec<u8> {
        FileDescriptorProto {
            name: Some(name.to_owned()),
            syntax: Some("proto3".to_owned()),
            dependency: imports.iter().map(|it| (*it).to_owned()).collect(),
            message_type: vec![DescriptorProto {
                name: Some(message.to_owned()),
                field: vec![FieldDescriptorProto {
                    name: Some("of".to_owned()),
                    number: Some(1),
                    label: Some(field_descriptor_proto::Label::Optional.into()),
                    r#type: Some(field_descriptor_proto::Type::Message.into()),
                    type_name: Some(field.to_owned()),
                    ..FieldDescriptorProto::default()
                }],
                ..DescriptorProto::default()
            }],
            service: vec![ServiceDescriptorProto {
                name: Some(format!("{message}Service")),
                ..ServiceDescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        }
        .encode_to_vec()
    }

    fn gathered(files: Vec<Vec<u8>>) -> Gathered {
        let mut gathered = Gathered::default();
        gathered.take(Some(Answer::Files(Files { files }))).expect("they can be read");
        // Nobody has more.
        gathered.absent = std::mem::take(&mut gathered.wanted);
        gathered
    }

    #[test]
    fn what_is_well_known_or_has_only_options_need_not_be_told() {
        let imports = ["google/protobuf/timestamp.proto", "google/api/annotations.proto"];
        let told = gathered(vec![file("a.proto", &imports, "A", ".google.protobuf.Timestamp")]);
        assert_eq!(told.absent.len(), 2);
        let told = told.into_reflection("there").expect("it makes sense");
        assert!(told.pool.get_message_by_name("A").is_some());
    }

    #[test]
    fn a_type_that_is_nowhere_is_told_with_the_file_that_is_missing() {
        let told = gathered(vec![file("a.proto", &["b.proto"], "A", ".B")]);
        let error = told.into_reflection("there").expect_err("there is no B");
        assert!(error.hint().is_some_and(|hint| hint.contains("b.proto")), "{error:?}");
    }

    #[test]
    fn a_circle_of_imports_comes_to_an_end() {
        let a = file("a.proto", &["b.proto"], "A", ".B");
        let b = file("b.proto", &["a.proto", "b.proto"], "B", ".A");
        let told = gathered(vec![a, b]);
        assert!(told.absent.is_empty() && told.defined.len() == 2);
        // What becomes of it is up to the pool: it is an answer.
        drop(told.into_reflection("there"));
    }

    #[test]
    fn bytes_that_are_no_descriptor_are_refused() {
        let mut gathered = Gathered::default();
        let files = Files { files: vec![vec![0xff; 16]] };
        let error = gathered.take(Some(Answer::Files(files))).expect_err("it is none");
        assert!(error.message().contains("cannot be read"), "{error}");
    }
}
