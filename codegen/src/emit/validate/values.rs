//! Rules of one value, by its type.

use proc_macro2::TokenStream;
use prost_reflect::{EnumDescriptor, Kind};
use quote::quote;

use super::literal;
use super::options::Options;
use super::{At, Rules, check};

impl Rules<'_> {
    /// The rules of the value `x`, which is of `kind`.
    pub(super) fn value(
        &mut self,
        options: Option<&Options>,
        kind: &Kind,
        at: &At,
        path: &str,
    ) -> TokenStream {
        let wanted = rules_of(kind);
        let what = match kind {
            Kind::Message(message) => message.full_name().to_owned(),
            Kind::Enum(_) => "enum".to_owned(),
            _ => wanted.to_owned(),
        };
        let Some(rules) = self.typed(options, wanted, &what, at) else { return TokenStream::new() };
        let at = at.within(&[options.map_or(0, |options| options.number(wanted))]);
        match wanted {
            "string" => self.string(&rules, path, &at),
            "bytes" => self.bytes(&rules, path, &at),
            "bool" => boolean(&rules, path),
            "enum" => self.enumeration(&rules, kind, path, &at),
            "any" => any(&rules, path),
            "duration" => self.duration(&rules, path, &at),
            "timestamp" => self.timestamp(&rules, path, &at),
            "field_mask" => self.field_mask(&rules, path),
            _ => self.number(wanted, &rules, path, &at),
        }
    }

    fn enumeration(&mut self, rules: &Options, kind: &Kind, path: &str, at: &At) -> TokenStream {
        let mut code = self.number("enum", rules, path, at);
        if rules.is("defined_only")
            && let Kind::Enum(proto) = kind
        {
            let numbers = numbers(proto);
            let broken = quote!(!::core::matches!(x, #(#numbers)|*));
            let message = "value must be one of the defined enum values";
            code.extend(check(&broken, path, "enum.defined_only", message));
        }
        code
    }

    fn field_mask(&self, rules: &Options, path: &str) -> TokenStream {
        let bia = &self.model.runtime;
        let mut code = TokenStream::new();
        if let Some(mask) = rules.message("const") {
            let paths = mask.texts("paths");
            let message = format!("must equal paths {}", literal::list(paths.clone()));
            let broken = quote!(!x.paths.iter().eq([#(#paths),*] as [&str; _]));
            code.extend(check(&broken, path, "field_mask.const", &message));
        }
        for (rule, method, words) in [
            ("in", quote!(all), "must only contain paths in"),
            ("not_in", quote!(any), "must not contain any paths in"),
        ] {
            let paths = rules.texts(rule);
            if !paths.is_empty() {
                let not = (rule == "in").then(|| quote!(!));
                let broken = quote!(#not x.paths.iter().#method(|path| {
                    #bia::__codegen::rules::is_path_in(path, &[#(#paths),*])
                }));
                let message = format!("{words} {}", literal::list(paths));
                code.extend(check(&broken, path, &format!("field_mask.{rule}"), &message));
            }
        }
        code
    }
}

fn boolean(rules: &Options, path: &str) -> TokenStream {
    let Some(value) = rules.get("const").and_then(|value| value.as_bool()) else {
        return TokenStream::new();
    };
    check(&quote!(x != #value), path, "bool.const", &format!("must equal {value}"))
}

fn any(rules: &Options, path: &str) -> TokenStream {
    let (allowed, refused) = (rules.texts("in"), rules.texts("not_in"));
    let mut code = TokenStream::new();
    if !allowed.is_empty() {
        let broken = quote!(!::core::matches!(x.type_url.as_str(), #(#allowed)|*));
        code.extend(check(&broken, path, "any.in", "type URL must be in the allow list"));
    }
    if !refused.is_empty() {
        let broken = quote!(::core::matches!(x.type_url.as_str(), #(#refused)|*));
        code.extend(check(&broken, path, "any.not_in", "type URL must not be in the block list"));
    }
    code
}

fn numbers(proto: &EnumDescriptor) -> Vec<i32> {
    let mut numbers: Vec<_> = proto.values().map(|value| value.number()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// What the rules of a kind are called; nothing for messages that have none.
fn rules_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "enum",
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Any" => "any",
            "google.protobuf.Duration" => "duration",
            "google.protobuf.Timestamp" => "timestamp",
            "google.protobuf.FieldMask" => "field_mask",
            "google.protobuf.BoolValue" => "bool",
            "google.protobuf.BytesValue" => "bytes",
            "google.protobuf.DoubleValue" => "double",
            "google.protobuf.FloatValue" => "float",
            "google.protobuf.Int32Value" => "int32",
            "google.protobuf.Int64Value" => "int64",
            "google.protobuf.StringValue" => "string",
            "google.protobuf.UInt32Value" => "uint32",
            "google.protobuf.UInt64Value" => "uint64",
            _ => "",
        },
    }
}
