//! One of the two states that are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FileDescriptor, MessageDescriptor, ServiceDescriptor,
};

use crate::error::Result;
use crate::protofile::{Group, Place, position_of};

/// The protos of one state.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) parts: Vec<Part>,
}

/// Files that were read together.
#[derive(Debug)]
pub(super) struct Part {
    /// What imports are relative to, where that is a folder of both states.
    pub(super) root: Option<PathBuf>,
    pub(super) pool: DescriptorPool,
    /// The files that are compared, by import name; the others are imported by them.
    pub(super) names: BTreeSet<String>,
    /// The files as a user can open them, by import name.
    pub(super) shown: BTreeMap<String, String>,
}

/// Protos that come with the generator, and not with a service.
const CARRIED: [&str; 6] = ["google/", "buf/validate/", "grpc/", "bia/", "errors/", "gogoproto/"];

impl Part {
    /// Reads the files of a group; `show` makes of a path what is shown.
    ///
    /// # Errors
    ///
    /// They are not right, with `file:line:col`.
    pub(super) fn read(group: &Group, show: impl Fn(&str) -> String) -> Result<Self> {
        let pool = group.compiler().descriptors()?;
        let names = group.names();
        let shown = pool.files().map(|file| {
            let path = group.path(file.name()).display().to_string();
            (file.name().to_owned(), show(&path))
        });
        let shown = shown.collect();
        Ok(Self { root: Some(group.root.clone()), pool, names, shown })
    }

    /// All that `pool` has and does not come with the generator; shown as of `whose`.
    pub(super) fn of_pool(pool: DescriptorPool, whose: &str) -> Self {
        let files = || pool.files().map(|file| file.name().to_owned());
        let names = files().filter(|name| !CARRIED.iter().any(|it| name.starts_with(it))).collect();
        let shown = files().map(|name| (name.clone(), format!("{whose}:{name}"))).collect();
        Self { root: None, pool, names, shown }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = FileDescriptor> + '_ {
        self.pool.files().filter(|file| self.names.contains(file.name()))
    }

    /// Where `path` leads in a file, or what it is in.
    pub(super) fn place(&self, file: &FileDescriptor, path: &[i32]) -> Place {
        let shown = self.shown.get(file.name());
        Place {
            file: shown.cloned().unwrap_or_else(|| file.name().to_owned()),
            position: position_of(file, path),
        }
    }
}

impl Side {
    /// Looks in the part of the same root first: two roots may have a package of one name.
    fn find<T>(&self, like: &Part, find: impl Fn(&Part) -> Option<T>) -> Option<(&Part, T)> {
        let same = |part: &&Part| part.root.is_some() && part.root == like.root;
        let first = self.parts.iter().filter(same);
        let others = self.parts.iter().filter(|part| !same(part));
        first.chain(others).find_map(|part| Some((part, find(part)?)))
    }

    pub(super) fn message(&self, like: &Part, name: &str) -> Option<(&Part, MessageDescriptor)> {
        self.find(like, |part| part.pool.get_message_by_name(name))
    }

    pub(super) fn enumeration(&self, like: &Part, name: &str) -> Option<(&Part, EnumDescriptor)> {
        self.find(like, |part| part.pool.get_enum_by_name(name))
    }

    pub(super) fn service(&self, like: &Part, name: &str) -> Option<(&Part, ServiceDescriptor)> {
        self.find(like, |part| part.pool.get_service_by_name(name))
    }

    pub(super) fn file(&self, like: &Part, name: &str) -> Option<(&Part, FileDescriptor)> {
        let named = self.find(like, |part| part.pool.get_file_by_name(name));
        // A file whose package changed may be imported by another name.
        named.or_else(|| {
            let is_it = |part: &Part, file: &FileDescriptor| {
                let shown = part.shown.get(file.name()).map_or("", String::as_str);
                shown.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
            };
            self.find(like, |part| part.files().find(|file| is_it(part, file)))
        })
    }

    /// The full names of the messages that requests, or answers, are made of.
    pub(super) fn reached(&self, is_request: bool) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut left: Vec<MessageDescriptor> = Vec::new();
        for service in self.parts.iter().flat_map(|part| part.pool.services()) {
            let side = |it: prost_reflect::MethodDescriptor| {
                if is_request { it.input() } else { it.output() }
            };
            left.extend(service.methods().map(side));
        }
        while let Some(message) = left.pop() {
            if seen.insert(message.full_name().to_owned()) {
                left.extend(
                    message.fields().filter_map(|field| field.kind().as_message().cloned()),
                );
            }
        }
        seen
    }
}
