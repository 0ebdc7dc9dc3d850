//! The descriptors of each package with services, as a file beside its code, for reflection.

use std::collections::{BTreeMap, BTreeSet};

use quote::quote;

use crate::error::Error;
use crate::model::Model;
use crate::output::Output;

use super::{Emit, doc};

#[derive(Debug)]
pub(crate) struct Descriptors;

impl Emit for Descriptors {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in model.packages.iter().filter(|package| !package.services.is_empty()) {
            let file = format!("{}.bin", package.file_stem());
            let docs = doc(
                "The files of this package and all that they import, as an encoded `google.protobuf.FileDescriptorSet`.",
            );
            output.add_items(
                package,
                quote! {
                    #docs
                    pub const FILE_DESCRIPTOR_SET: &[u8] = ::core::include_bytes!(#file);
                },
            );
            output.add_file(file, model.descriptor_set(&package.files));
        }
        Ok(())
    }
}

impl Model {
    /// An encoded `FileDescriptorSet` of `files` and what they import, each behind what it imports;
    /// with all options, also those that are extensions, and without places and comments.
    fn descriptor_set(&self, files: &[String]) -> Vec<u8> {
        let by_name: BTreeMap<_, _> =
            self.described.iter().map(|file| (file.name.as_str(), file)).collect();
        let mut wanted = BTreeSet::new();
        let mut left: Vec<&str> = files.iter().map(String::as_str).collect();
        while let Some(name) = left.pop() {
            if let Some(file) = by_name.get(name)
                && wanted.insert(name)
            {
                left.extend(file.imports.iter().map(String::as_str));
            }
        }
        let mut set = Vec::new();
        for file in self.described.iter().filter(|file| wanted.contains(file.name.as_str())) {
            // FileDescriptorSet.file
            prost::encoding::bytes::encode(1, &file.encoded, &mut set);
        }
        set
    }
}
