//! How messages are filled from text.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Error;
use crate::model::{Field, Message, Model, Package, Shape, Value, names};
use crate::output::Output;

use super::Emit;

#[derive(Debug)]
pub(crate) struct Bind;

impl Emit for Bind {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        for package in &model.packages {
            for message in &package.messages {
                output.add_items(package, bind(model, package, message)?);
            }
        }
        Ok(())
    }
}

fn bind(model: &Model, package: &Package, message: &Message) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let bind = quote!(#bia::__codegen::bind);
    let path = &message.path;
    let mut taken: BTreeSet<_> =
        message.fields.iter().map(|field| field.descriptor.name().to_owned()).collect();
    let mut arms = Vec::new();
    for field in &message.fields {
        let name = field.descriptor.name();
        let json = field.descriptor.json_name();
        // Where a name of JSON is another field's name in the proto, that one has it.
        let json = taken.insert(json.to_owned()).then(|| quote!(| #json));
        let set = set(model, package, message, field)?;
        arms.push(quote!(#name #json => #set,));
    }
    let unknown = quote!(::core::result::Result::Err(#bind::BindError::Unknown));
    let body = if arms.is_empty() {
        unknown
    } else {
        quote! {
            let (name, rest) = #bind::split(path);
            match name {
                #(#arms)*
                _ => #unknown,
            }
        }
    };
    Ok(quote! {
        impl #bia::__codegen::Bind for #path {
            fn bind(
                &mut self,
                path: &str,
                values: &[::std::borrow::Cow<'_, str>],
            ) -> ::core::result::Result<(), #bind::BindError> {
                #body
            }
        }
    })
}

/// How a field is set.
fn set(
    model: &Model,
    package: &Package,
    message: &Message,
    field: &Field,
) -> Result<TokenStream, Error> {
    let bind = {
        let bia = &model.runtime;
        quote!(#bia::__codegen::bind)
    };
    let codec = codec(model, package, &field.value)?;
    let name = &field.name;
    Ok(match &field.shape {
        Shape::Plain { boxed: false } => {
            quote!(#bind::plain::<#codec>(&mut self.#name, rest, values))
        }
        Shape::Plain { boxed: true } => {
            quote!(#bind::plain::<#codec>(&mut *self.#name, rest, values))
        }
        Shape::Optional { boxed: false } => {
            quote!(#bind::optional::<#codec>(&mut self.#name, rest, values))
        }
        Shape::Optional { boxed: true } => {
            quote!(#bind::boxed::<#codec>(&mut self.#name, rest, values))
        }
        Shape::Repeated => quote!(#bind::repeated::<#codec>(&mut self.#name, rest, values)),
        Shape::Map { key } => {
            let key = self::codec(model, package, key)?;
            quote!(#bind::map::<#key, #codec>(&mut self.#name, rest, values))
        }
        Shape::Member { oneof, variant, boxed } => {
            let path = &message.oneofs[*oneof].path;
            let run = if *boxed { quote!(boxed) } else { quote!(optional) };
            quote! {{
                let mut value = match ::core::option::Option::take(&mut self.#name) {
                    ::core::option::Option::None => ::core::option::Option::None,
                    ::core::option::Option::Some(#path::#variant(value)) => {
                        ::core::option::Option::Some(value)
                    }
                    #[allow(unreachable_patterns, reason = "a oneof may have one member")]
                    other => {
                        self.#name = other;
                        return ::core::result::Result::Err(#bind::BindError::Taken);
                    }
                };
                let outcome = #bind::#run::<#codec>(&mut value, rest, values);
                self.#name = ::core::option::Option::map(value, #path::#variant);
                outcome
            }}
        }
    })
}

/// How one value is read.
fn codec(model: &Model, package: &Package, value: &Value) -> Result<TokenStream, Error> {
    let bia = &model.runtime;
    let bind = quote!(#bia::__codegen::bind);
    Ok(match value {
        Value::Bool => quote!(#bind::Bool),
        Value::Int32 => quote!(#bind::Int32),
        Value::Int64 => quote!(#bind::Int64),
        Value::Uint32 => quote!(#bind::Uint32),
        Value::Uint64 => quote!(#bind::Uint64),
        Value::Float => quote!(#bind::Float),
        Value::Double => quote!(#bind::Double),
        Value::String => quote!(#bind::Text),
        Value::Bytes => quote!(#bind::Bytes),
        Value::Enum(proto) if proto.full_name() == "google.protobuf.NullValue" => {
            quote!(#bind::Null)
        }
        Value::Enum(proto) => {
            let path = model.types.path(&package.name, &format!(".{}", proto.full_name()));
            let path = names::path(&path)?;
            quote!(#bind::EnumOf<#path>)
        }
        Value::Message { descriptor, path } => match descriptor.full_name() {
            "google.protobuf.BoolValue" => quote!(#bind::Bool),
            "google.protobuf.Int32Value" => quote!(#bind::Int32),
            "google.protobuf.Int64Value" => quote!(#bind::Int64),
            "google.protobuf.UInt32Value" => quote!(#bind::Uint32),
            "google.protobuf.UInt64Value" => quote!(#bind::Uint64),
            "google.protobuf.FloatValue" => quote!(#bind::Float),
            "google.protobuf.DoubleValue" => quote!(#bind::Double),
            "google.protobuf.StringValue" => quote!(#bind::Text),
            "google.protobuf.BytesValue" => quote!(#bind::Bytes),
            "google.protobuf.Timestamp" => quote!(#bind::Timestamp),
            "google.protobuf.Duration" => quote!(#bind::Duration),
            "google.protobuf.FieldMask" => quote!(#bind::FieldMask),
            "google.protobuf.Struct" => quote!(#bind::Struct),
            "google.protobuf.ListValue" => quote!(#bind::List),
            "google.protobuf.Value" => quote!(#bind::Dynamic),
            _ => quote!(#bind::Message<#path>),
        },
    })
}
