//! How messages are written and read as JSON.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use prost_reflect::{Cardinality, Kind, Syntax};
use quote::quote;

use crate::error::Error;
use crate::model::{Enum, Field, Message, Model, Package, Shape, Value, names};
use crate::output::Output;

use super::{Emit, doc};

/// The implementations of the framework's traits, and with `serde` those of serde's.
#[derive(Debug)]
pub(crate) struct Json {
    pub(crate) serde: bool,
}

const ANY: &str = "google.protobuf.Any";

impl Emit for Json {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let bia = &model.runtime;
        for package in &model.packages {
            for proto in &package.enums {
                output.add_items(package, enumeration(bia, proto));
            }
            let types = all_types(model, package)?;
            for message in &package.messages {
                output.add_items(package, fields(model, package, message)?);
                if self.serde {
                    output.add_items(package, plain_serde(bia, message, &types));
                }
            }
            output.add_items(package, types_of(bia, package));
        }
        Ok(())
    }
}

/// What a service's messages may hold in an `Any`, as the facts of the service say it; nothing if
/// they have none.
pub(super) fn facts(model: &Model, package: &Package) -> Result<Option<TokenStream>, Error> {
    if !has_any(model) {
        return Ok(None);
    }
    let types = all_types(model, package)?;
    Ok(Some(quote!(.with_types(#types))))
}

/// The types of a package and of those that it uses, as seen from its module. Others are not named:
/// users may bring packages in one at a time.
fn all_types(model: &Model, package: &Package) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let used = if has_any(model) { used(model, package) } else { BTreeSet::new() };
    let lists = model.packages.iter().filter(|other| used.contains(&other.name));
    let lists = lists.map(|other| {
        let neighbour = model.types.path(&package.name, &format!("{}.X", dotted(&other.name)));
        let module = neighbour.strip_suffix('X').unwrap_or_default();
        names::path(&format!("{module}TYPES"))
    });
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    Ok(quote!(const { #bia::__codegen::Types::new(&[#(#lists),*]) }))
}

/// The packages with messages that the code of `package` names, itself too, and those that they name.
fn used(model: &Model, package: &Package) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut left = vec![package.name.clone()];
    while let Some(name) = left.pop() {
        let Some(package) = model.packages.iter().find(|package| package.name == name) else {
            continue;
        };
        if !used.insert(name) {
            continue;
        }
        let fields = package.messages.iter().flat_map(|message| message.descriptor.fields());
        left.extend(
            fields.filter_map(|field| Some(field.kind().as_message()?.package_name().to_owned())),
        );
        let methods = package.services.iter().flat_map(|service| &service.methods);
        let ends =
            methods.flat_map(|method| [method.descriptor.input(), method.descriptor.output()]);
        left.extend(ends.map(|proto| proto.package_name().to_owned()));
    }
    used.retain(|name| model.packages.iter().any(|p| p.name == *name && !p.messages.is_empty()));
    used
}

fn dotted(package: &str) -> String {
    if package.is_empty() { String::new() } else { format!(".{package}") }
}

/// Whether a message or a method names `Any`.
fn has_any(model: &Model) -> bool {
    let is_any = |kind: Kind| kind.as_message().is_some_and(|proto| proto.full_name() == ANY);
    let mut services = model.packages.iter().flat_map(|package| &package.services);
    model.pool.all_messages().flat_map(|proto| proto.fields().collect::<Vec<_>>()).any(|field| {
        !field.parent_message().full_name().starts_with("google.protobuf.") && is_any(field.kind())
    }) || services.any(|service| {
        service.methods.iter().any(|method| {
            [method.descriptor.input(), method.descriptor.output()]
                .iter()
                .any(|proto| proto.full_name() == ANY)
        })
    })
}

fn types_of(bia: &TokenStream, package: &Package) -> TokenStream {
    if package.messages.is_empty() {
        return TokenStream::new();
    }
    let sorted: BTreeMap<_, _> =
        package.messages.iter().map(|message| (&message.full_name, &message.path)).collect();
    let types =
        sorted.iter().map(|(name, path)| quote!(#bia::__codegen::AnyType::of::<#path>(#name)));
    let docs = doc("The messages of this package, for what an `Any` may hold.");
    quote! {
        #docs
        pub const TYPES: &[#bia::__codegen::AnyType] = &[#(#types),*];
    }
}

fn enumeration(bia: &TokenStream, proto: &Enum) -> TokenStream {
    let Enum { full_name, path, values, .. } = proto;
    let names = values.iter().filter(|value| value.variant.is_some()).map(|value| {
        let (number, name) = (value.number, &value.proto_name);
        quote!(#number => ::core::option::Option::Some(#name),)
    });
    let numbers = values.iter().map(|value| {
        let (number, name) = (value.number, &value.proto_name);
        quote!(#name => ::core::option::Option::Some(#number),)
    });
    quote! {
        impl #bia::__codegen::Enum for #path {
            const NAME: &'static str = #full_name;
            fn name(number: i32) -> ::core::option::Option<&'static str> {
                match number {
                    #(#names)*
                    _ => ::core::option::Option::None,
                }
            }
            fn number(name: &str) -> ::core::option::Option<i32> {
                match name {
                    #(#numbers)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

/// `serde::Serialize` and `Deserialize`, by the default options.
fn plain_serde(bia: &TokenStream, message: &Message, types: &TokenStream) -> TokenStream {
    let path = &message.path;
    quote! {
        impl #bia::__codegen::serde::Serialize for #path {
            fn serialize<S: #bia::__codegen::serde::Serializer>(
                &self,
                out: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                #bia::__codegen::json::serialize(self, #types, out)
            }
        }
        impl<'de> #bia::__codegen::serde::Deserialize<'de> for #path {
            fn deserialize<D: #bia::__codegen::serde::Deserializer<'de>>(
                from: D,
            ) -> ::core::result::Result<Self, D::Error> {
                #bia::__codegen::json::deserialize(#types, from)
            }
        }
    }
}

fn fields(model: &Model, package: &Package, message: &Message) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let json = quote!(#bia::__codegen::json);
    let Message { path, full_name, .. } = message;
    let mut parts = Vec::new();
    for field in &message.fields {
        parts.push((field, codec(model, package, &field.value)?));
    }
    let table = message.fields.iter().map(|field| entry(&json, field));
    let find = find(message);
    let mut writes = Vec::new();
    for (place, (field, codec)) in parts.iter().enumerate() {
        writes.push(match &field.shape {
            Shape::Member { oneof, .. } => {
                let is_first = !parts[..place].iter().any(|(other, _)| {
                    matches!(&other.shape, Shape::Member { oneof: known, .. } if known == oneof)
                });
                let all = || write_oneof(&json, message, *oneof, &parts);
                if is_first { all() } else { TokenStream::new() }
            }
            shape => write(model, package, &json, (place, field, codec), shape)?,
        });
    }
    let mut reads = Vec::new();
    for (place, (field, codec)) in parts.iter().enumerate() {
        let read = read(model, package, &json, message, field, codec)?;
        reads.push(quote!(#place => #read,));
    }
    Ok(quote! {
        impl #json::Message for #path {
            const NAME: &'static str = #full_name;
            const FIELDS: &'static [#json::Field] = &[#(#table),*];
            fn find(name: &str) -> ::core::option::Option<usize> {
                #find
            }
            fn write<'o, W: #json::Sink<'o>>(
                &self,
                out: &mut W,
            ) -> ::core::result::Result<(), W::Error> {
                #(#writes)*
                ::core::result::Result::Ok(())
            }
            fn read<'de, D: #bia::__codegen::serde::Deserializer<'de>>(
                &mut self,
                place: usize,
                options: &#json::Options,
                from: D,
            ) -> ::core::result::Result<bool, D::Error> {
                match place {
                    #(#reads)*
                    _ => #json::skip(from),
                }
            }
        }
    })
}

/// A field in the table of its message.
fn entry(json: &TokenStream, field: &Field) -> TokenStream {
    let proto = &field.descriptor;
    let (number, json_name, proto_name) = (proto.number(), proto.json_name(), proto.name());
    let oneof = match &field.shape {
        // A message has fewer fields than that, and so fewer oneofs.
        Shape::Member { oneof, .. } => u16::try_from(oneof + 1).unwrap_or(u16::MAX),
        _ => 0,
    };
    // Of what is not set, null would make a value where it is one.
    let takes_null = match proto.kind() {
        Kind::Message(kind) => kind.full_name() == "google.protobuf.Value",
        Kind::Enum(kind) => kind.full_name() == "google.protobuf.NullValue",
        _ => false,
    };
    let is_null = || {
        let is_message = matches!(proto.kind(), Kind::Message(_));
        matches!(field.shape, Shape::Optional { .. })
            && !takes_null
            && proto.containing_oneof().is_none()
            && (is_message || proto.parent_file().syntax() == Syntax::Proto2)
    };
    let presence = match proto.cardinality() {
        Cardinality::Required => Some(quote!(.required())),
        Cardinality::Optional => is_null().then(|| quote!(.null())),
        Cardinality::Repeated => None,
    };
    // Messages of google.protobuf are as plain as scalars here.
    let is_leaf = match &field.value {
        Value::Message { descriptor, .. } => descriptor.package_name() == "google.protobuf",
        _ => true,
    };
    let inner = (!is_leaf).then(|| quote!(.inner()));
    let member = (oneof > 0).then(|| quote!(.member(#oneof)));
    quote!(#json::Field::new(#number, #json_name, #proto_name) #presence #inner #member)
}

/// The place of a field by its name: by its length first, which tells most names apart.
fn find(message: &Message) -> TokenStream {
    let mut known = BTreeMap::new();
    let names = |of: fn(&Field) -> &str| message.fields.iter().map(of).enumerate();
    // Where the name of one field is the JSON name of another, the latter is meant.
    for (place, name) in
        names(|field| field.descriptor.json_name()).chain(names(|field| field.descriptor.name()))
    {
        known.entry(name).or_insert(place);
    }
    let mut lengths = BTreeMap::<usize, Vec<_>>::new();
    for (name, place) in known {
        lengths
            .entry(name.len())
            .or_default()
            .push(quote!(#name => ::core::option::Option::Some(#place),));
    }
    let arms = lengths.into_iter().map(|(length, arms)| {
        quote!(#length => match name { #(#arms)* _ => ::core::option::Option::None },)
    });
    quote! {
        match name.len() {
            #(#arms)*
            _ => ::core::option::Option::None,
        }
    }
}

/// How the values of a field are written and read.
fn codec(model: &Model, package: &Package, value: &Value) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let json = quote!(#bia::__codegen::json);
    Ok(match value {
        Value::Bool => quote!(#json::Bool),
        Value::Int32 => quote!(#json::Int32),
        Value::Int64 => quote!(#json::Int64),
        Value::Uint32 => quote!(#json::Uint32),
        Value::Uint64 => quote!(#json::Uint64),
        Value::Float => quote!(#json::Float),
        Value::Double => quote!(#json::Double),
        Value::String => quote!(#json::Text),
        Value::Bytes => quote!(#json::Bytes),
        Value::Enum(proto) if proto.full_name() == "google.protobuf.NullValue" => {
            quote!(#json::Null)
        }
        Value::Enum(proto) => {
            let path = model.types.path(&package.name, &format!(".{}", proto.full_name()));
            let path = names::path(&path)?;
            quote!(#json::EnumOf<#path>)
        }
        Value::Message { descriptor, .. } if descriptor.full_name() == "google.protobuf.Value" => {
            quote!(#json::Dynamic)
        }
        Value::Message { path, .. } => quote!(#json::Msg<#path>),
    })
}

fn write(
    model: &Model,
    package: &Package,
    json: &TokenStream,
    (place, field, codec): (usize, &Field, &TokenStream),
    shape: &Shape,
) -> Result<TokenStream, Error> {
    let name = &field.name;
    let entry = quote!(&<Self as #json::Message>::FIELDS[#place]);
    Ok(match shape {
        Shape::Plain { .. } if field.descriptor.cardinality() == Cardinality::Required => {
            quote!(#json::write_required::<#codec, W>(out, #entry, &self.#name)?;)
        }
        Shape::Plain { .. } => {
            quote!(#json::write_plain::<#codec, W>(out, #entry, &self.#name)?;)
        }
        Shape::Optional { boxed } => {
            let inner = if *boxed { quote!(as_deref) } else { quote!(as_ref) };
            quote!(#json::write_optional::<#codec, W>(out, #entry, self.#name.#inner())?;)
        }
        Shape::Repeated => {
            quote!(#json::write_repeated::<#codec, W>(out, #entry, &self.#name)?;)
        }
        Shape::Map { key } => {
            let key = self::codec(model, package, key)?;
            quote!(#json::map_write::<#key, #codec, W>(out, #entry, &self.#name)?;)
        }
        // Written with its oneof.
        Shape::Member { .. } => TokenStream::new(),
    })
}

/// Writes whichever member of a oneof is set.
fn write_oneof(
    json: &TokenStream,
    message: &Message,
    oneof: usize,
    parts: &[(&Field, TokenStream)],
) -> TokenStream {
    let path = &message.oneofs[oneof].path;
    let name = &message.oneofs[oneof].name;
    let arms = parts.iter().enumerate().filter_map(|(place, (field, codec))| {
        let Shape::Member { oneof: of, variant, .. } = &field.shape else { return None };
        let entry = quote!(&<Self as #json::Message>::FIELDS[#place]);
        (*of == oneof).then(|| {
            quote! {
                ::core::option::Option::Some(#path::#variant(value)) => {
                    #json::write_member::<#codec, W>(out, #entry, value)?
                }
            }
        })
    });
    quote! {
        match &self.#name {
            #(#arms)*
            ::core::option::Option::None => {}
        }
    }
}

fn read(
    model: &Model,
    package: &Package,
    json: &TokenStream,
    message: &Message,
    field: &Field,
    codec: &TokenStream,
) -> Result<TokenStream, Error> {
    let name = &field.name;
    let arguments = quote!((&mut self.#name, options, from));
    Ok(match &field.shape {
        Shape::Plain { boxed: false } => quote!(#json::plain::<#codec, D> #arguments),
        Shape::Plain { boxed: true } => quote!(#json::boxed::<#codec, D> #arguments),
        Shape::Optional { boxed: false } => quote!(#json::optional::<#codec, D> #arguments),
        Shape::Optional { boxed: true } => quote!(#json::optional_boxed::<#codec, D> #arguments),
        Shape::Repeated => quote!(#json::repeated::<#codec, D> #arguments),
        Shape::Map { key } => {
            let key = self::codec(model, package, key)?;
            quote!(#json::map_read::<#key, #codec, D> #arguments)
        }
        Shape::Member { oneof, variant, boxed } => {
            let path = &message.oneofs[*oneof].path;
            let value = if *boxed { quote!(::std::boxed::Box::new(value)) } else { quote!(value) };
            quote! {{
                let value = #json::member::<#codec, D>(options, from)?;
                ::core::result::Result::Ok(match value {
                    ::core::option::Option::Some(value) => {
                        self.#name = ::core::option::Option::Some(#path::#variant(#value));
                        true
                    }
                    ::core::option::Option::None => false,
                })
            }}
        }
    })
}
