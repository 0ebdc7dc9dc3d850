//! Defaults that name an alias of an enum's value get the name that has a variant in Rust.

use std::collections::BTreeMap;

use prost_types::{DescriptorProto, EnumDescriptorProto};

use crate::source::SourceFile;

/// The first name of each value that has others, by the enum's full name and the other name.
type Firsts = BTreeMap<(String, String), String>;

/// The messages' generator makes no variants of aliases, and so no default may name one.
pub(super) fn resolve(files: &mut [SourceFile]) {
    let mut firsts = Firsts::new();
    for file in files.iter() {
        let package = file.descriptor.package();
        let prefix = if package.is_empty() { String::new() } else { format!(".{package}") };
        add(&mut firsts, &prefix, &file.descriptor.enum_type, &file.descriptor.message_type);
    }
    for message in files.iter_mut().flat_map(|file| &mut file.descriptor.message_type) {
        replace(&firsts, message);
    }
}

fn add(
    firsts: &mut Firsts,
    prefix: &str,
    enums: &[EnumDescriptorProto],
    messages: &[DescriptorProto],
) {
    for proto in enums {
        let mut first = BTreeMap::new();
        for value in &proto.value {
            let name = first.entry(value.number()).or_insert_with(|| value.name());
            if *name != value.name() {
                let key = (format!("{prefix}.{}", proto.name()), value.name().to_owned());
                firsts.insert(key, (*name).to_owned());
            }
        }
    }
    for message in messages {
        let name = format!("{prefix}.{}", message.name());
        add(firsts, &name, &message.enum_type, &message.nested_type);
    }
}

fn replace(firsts: &Firsts, message: &mut DescriptorProto) {
    for field in &mut message.field {
        if let (Some(kind), Some(value)) = (&field.type_name, &field.default_value)
            && let Some(first) = firsts.get(&(kind.clone(), value.clone()))
        {
            field.default_value = Some(first.clone());
        }
    }
    for nested in &mut message.nested_type {
        replace(firsts, nested);
    }
}
