//! Rules of fields: whether they must be there, when they are left alone, and what they hold.

use proc_macro2::{Ident, TokenStream};
use prost_reflect::Kind;
use quote::quote;

use crate::model::{Field, Message, Shape, Value};

use super::cel::Type;
use super::options::{EXTENSION, Ignore, Options, of_field};
use super::{At, Rules, check};

/// Of descriptor.proto: the options of a field.
const FIELD_OPTIONS: u32 = 8;

impl Rules<'_> {
    pub(super) fn field(&mut self, message: &Message, field: &Field) -> TokenStream {
        let proto = &field.descriptor;
        let options = of_field(self.model, proto);
        let at = At::new(proto.parent_file().name(), proto.path(), &[FIELD_OPTIONS, EXTENSION]);
        let ignore = match options.as_ref().map_or(Ignore::Unspecified, Options::ignore) {
            Ignore::Always => {
                // What can never hold is wrong all the same.
                self.held(field, options.as_ref(), &at);
                return TokenStream::new();
            }
            Ignore::Unspecified if self.is_one_of(message, field) => Ignore::IfZero,
            ignore => ignore,
        };
        let held = self.held(field, options.as_ref(), &at);
        let missing = options.as_ref().is_some_and(|options| options.is("required")).then(|| {
            let name = proto.name();
            quote!(else { violations.add(#name, "required", "value is required"); })
        });
        if held.is_empty() && missing.is_none() {
            return TokenStream::new();
        }
        let name = &field.name;
        match &field.shape {
            Shape::Plain { boxed } => {
                let bind = bind(&field.value, &Home::Field(name), *boxed);
                match zero(&field.value) {
                    Some(zero) if missing.is_some() || ignore == Ignore::IfZero => {
                        quote!({ #bind if !(#zero) { #held } #missing })
                    }
                    _ => quote!({ #bind #held }),
                }
            }
            Shape::Optional { boxed } => {
                let bind = bind(&field.value, &Home::Reference, *boxed);
                quote!(if let ::core::option::Option::Some(x) = &self.#name { #bind #held } #missing)
            }
            Shape::Member { oneof, variant, boxed } => {
                let path = &message.oneofs[*oneof].path;
                let bind = bind(&field.value, &Home::Reference, *boxed);
                quote! {
                    if let ::core::option::Option::Some(#path::#variant(x)) = &self.#name {
                        #bind #held
                    } #missing
                }
            }
            Shape::Repeated | Shape::Map { .. } => {
                let held = quote!(let x = &self.#name; #held);
                if missing.is_some() || ignore == Ignore::IfZero {
                    quote!(if !self.#name.is_empty() { #held } #missing)
                } else {
                    quote!({ #held })
                }
            }
        }
    }

    /// The rules of what a field holds, which is `x`.
    fn held(&mut self, field: &Field, options: Option<&Options>, at: &At) -> TokenStream {
        let proto = &field.descriptor;
        match &field.shape {
            Shape::Repeated => self.list(field, options, at),
            Shape::Map { key } => self.map(field, key, options, at),
            _ => {
                let name = proto.name();
                let own = self.value(options, &proto.kind(), at, name);
                let asked = self.asked_of(options, &field.value, (name, at));
                let nested = self.nested(&field.value, name);
                quote!(#asked #own #nested)
            }
        }
    }

    /// The rules in CEL of the value that `x` is.
    fn asked_of(
        &mut self,
        options: Option<&Options>,
        value: &Value,
        place: (&str, &At),
    ) -> TokenStream {
        let Some(options) = options else { return TokenStream::new() };
        let bia = &self.model.runtime;
        let this = match scalar(value) {
            Value::String | Value::Bytes | Value::Message { .. } => quote!(x),
            _ => quote!(&x),
        };
        let this = quote!(#bia::__codegen::cel::ToCel::to_cel(#this, 0));
        self.cel(options, &this, &Type::one(value), place)
    }

    fn list(&mut self, field: &Field, options: Option<&Options>, at: &At) -> TokenStream {
        let proto = &field.descriptor;
        let name = proto.name();
        let bia = &self.model.runtime;
        let this = quote!(#bia::__codegen::cel::list(x.iter(), 0));
        let of = Type::List(Box::new(Type::one(&field.value)));
        let mut code = options
            .map_or_else(TokenStream::new, |options| self.cel(options, &this, &of, (name, at)));
        let Some(rules) = self.typed(options, "repeated", "repeated", at) else {
            code.extend(self.items(field, None, at));
            return code;
        };
        let at = at.within(&[options.map_or(0, |options| options.number("repeated"))]);
        code.extend(self.sizes(&rules, name, "repeated", &at));
        if rules.is("unique") {
            match unique(&field.value) {
                Some(keys) => {
                    let bia = &self.model.runtime;
                    let broken = quote!(!#bia::__codegen::rules::unique(x.iter() #keys));
                    let message = "repeated value must contain unique items";
                    code.extend(check(&broken, name, "repeated.unique", message));
                }
                None => self.refuse(
                    &at.within(&[rules.number("unique")]),
                    "messages cannot be told to be unique",
                    "unique is for scalars and enums",
                ),
            }
        }
        let items = rules.message("items");
        code.extend(self.items(field, items.as_ref(), &at.within(&[rules.number("items")])));
        code
    }

    fn items(&mut self, field: &Field, items: Option<&Options>, at: &At) -> TokenStream {
        let name = field.descriptor.name();
        let inner = self.element(items, &field.value, &field.descriptor.kind(), at);
        if inner.is_empty() {
            return inner;
        }
        let bind = bind(&field.value, &Home::Reference, false);
        let shown = format!("{name}[{{}}]");
        quote! {
            for (place, x) in x.iter().enumerate() {
                if violations.is_full() { break; }
                let from = violations.len();
                #bind
                #inner
                if violations.len() > from { violations.within(from, ::core::format_args!(#shown, place)); }
            }
        }
    }

    fn map(
        &mut self,
        field: &Field,
        key: &Value,
        options: Option<&Options>,
        at: &At,
    ) -> TokenStream {
        let proto = &field.descriptor;
        let name = proto.name();
        let Kind::Message(entry) = proto.kind() else { return TokenStream::new() };
        let bia = &self.model.runtime;
        let this = quote!(#bia::__codegen::cel::map(x, 0));
        let of = Type::Map(Box::new(Type::one(&field.value)));
        let mut code = options
            .map_or_else(TokenStream::new, |options| self.cel(options, &this, &of, (name, at)));
        let rules = self.typed(options, "map", "map", at);
        let at = at.within(&[options.map_or(0, |options| options.number("map"))]);
        let (mut keys, mut values) = (None, None);
        if let Some(rules) = &rules {
            code.extend(self.sizes(rules, name, "map", &at));
            keys = rules.message("keys").map(|keys| (keys, at.within(&[rules.number("keys")])));
            values = rules
                .message("values")
                .map(|values| (values, at.within(&[rules.number("values")])));
        }
        let kind = entry.map_entry_key_field().kind();
        let (options, place) = keys.as_ref().map_or((None, &at), |(keys, at)| (Some(keys), at));
        let keys = self.element(options, key, &kind, place);
        let kind = entry.map_entry_value_field().kind();
        let (options, place) =
            values.as_ref().map_or((None, &at), |(values, at)| (Some(values), at));
        let values = self.element(options, &field.value, &kind, place);
        if keys.is_empty() && values.is_empty() {
            return code;
        }
        let (bind_key, bind_value) =
            (bind(key, &Home::Reference, false), bind(&field.value, &Home::Reference, false));
        let in_block = |name: TokenStream, bind: TokenStream, rules: TokenStream| {
            (!rules.is_empty()).then(|| quote!({ let x = #name; #bind #rules }))
        };
        let keys = in_block(quote!(key), bind_key, keys);
        let values = in_block(quote!(value), bind_value, values);
        let bia = &self.model.runtime;
        let shown = format!("{name}[{{}}]");
        let key = match key {
            Value::String => quote!(#bia::__codegen::rules::Key(key)),
            _ => quote!(key),
        };
        code.extend(quote! {
            let first = violations.len();
            for (key, value) in x {
                if violations.is_full() { break; }
                let from = violations.len();
                #keys
                #values
                if violations.len() > from { violations.within(from, ::core::format_args!(#shown, #key)); }
            }
            violations.sort(first);
        });
        code
    }

    /// The rules of an element of a list or a map, which is `x`.
    fn element(
        &mut self,
        options: Option<&Options>,
        value: &Value,
        kind: &Kind,
        at: &At,
    ) -> TokenStream {
        let ignore = options.map_or(Ignore::Unspecified, Options::ignore);
        let own = self.value(options, kind, at, "");
        let asked = self.asked_of(options, value, ("", at));
        let own = quote!(#asked #own);
        let nested = self.nested(value, "");
        match ignore {
            Ignore::Always => TokenStream::new(),
            _ if own.is_empty() && nested.is_empty() => TokenStream::new(),
            Ignore::Unspecified => quote!(#own #nested),
            Ignore::IfZero => {
                let zero = match scalar(value) {
                    Value::Message { .. } => quote!(*x == ::core::default::Default::default()),
                    // In a list the two zeros are one: nothing is told by which it is.
                    Value::Float | Value::Double => quote!(x == 0.0),
                    _ => zero(value).unwrap_or_default(),
                };
                quote!(if !(#zero) { #own #nested })
            }
        }
    }

    /// The rules of the message that `x` is, if it has any. `path` is what stands before its own.
    fn nested(&mut self, value: &Value, path: &str) -> TokenStream {
        let Value::Message { descriptor, .. } = value else { return TokenStream::new() };
        if !self.ruled.is(self.model, descriptor) {
            return TokenStream::new();
        }
        let bia = &self.model.runtime;
        let run = quote!(#bia::__codegen::Validate::validate(x, violations););
        if path.is_empty() {
            return run;
        }
        quote! {
            let from = violations.len();
            #run
            if violations.len() > from { violations.within(from, ::core::format_args!(#path)); }
        }
    }

    /// Rules of how many there are in `x`.
    fn sizes(&mut self, rules: &Options, path: &str, kind: &str, at: &At) -> TokenStream {
        let is_map = kind == "map";
        let [min, max] =
            if is_map { ["min_pairs", "max_pairs"] } else { ["min_items", "max_items"] };
        let mut code = TokenStream::new();
        let (least, most) = (rules.u64(min), rules.u64(max));
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            self.refuse(
                &at.within(&[rules.number(min)]),
                format!("nothing has {least} or more and {most} or less"),
                format!("make {min} at most {max}"),
            );
        }
        if let Some(least) = least {
            let message = if is_map {
                format!("map must be at least {least} entries")
            } else {
                format!("must contain at least {least} item(s)")
            };
            let broken = quote!((x.len() as u64) < #least);
            code.extend(check(&broken, path, &format!("{kind}.{min}"), &message));
        }
        if let Some(most) = most {
            let message = if is_map {
                format!("map must be at most {most} entries")
            } else {
                format!("must contain no more than {most} item(s)")
            };
            let broken = quote!((x.len() as u64) > #most);
            code.extend(check(&broken, path, &format!("{kind}.{max}"), &message));
        }
        code
    }

    /// The rules under `wanted`, refusing those of another type.
    pub(super) fn typed(
        &mut self,
        options: Option<&Options>,
        wanted: &str,
        what: &str,
        at: &At,
    ) -> Option<Options> {
        let options = options?;
        let (name, rules) = options.typed()?;
        if name == wanted {
            if rules.0.extensions().next().is_some() {
                self.refuse(
                    &at.within(&[options.number(&name)]),
                    "predefined rules are not known",
                    "write the rule out in cel",
                );
            }
            return Some(rules);
        }
        let remedy = match wanted {
            "" => "a message keeps the rules of its own fields; required and cel are for any"
                .to_owned(),
            _ => format!("write {wanted} in place of {name}"),
        };
        self.refuse(
            &at.within(&[options.number(&name)]),
            format!("rules of {name} on what is {what}"),
            remedy,
        );
        None
    }
}

/// Whether a field is there: not zero, where proto3 cannot tell otherwise.
pub(super) fn is_set(message: &Message, field: &Field) -> TokenStream {
    let name = &field.name;
    match &field.shape {
        Shape::Plain { boxed } => match zero(&field.value) {
            None => quote!(true),
            Some(zero) => {
                let bind = bind(&field.value, &Home::Field(name), *boxed);
                quote!({ #bind !(#zero) })
            }
        },
        Shape::Optional { .. } => quote!(self.#name.is_some()),
        Shape::Repeated | Shape::Map { .. } => quote!(!self.#name.is_empty()),
        Shape::Member { oneof, variant, .. } => {
            let path = &message.oneofs[*oneof].path;
            quote!(::core::matches!(&self.#name, ::core::option::Option::Some(#path::#variant(_))))
        }
    }
}

/// Where a value is.
enum Home<'a> {
    /// In this field of the struct.
    Field(&'a Ident),
    /// Where the reference `x` leads to.
    Reference,
}

/// Makes `x` the value as rules read it: scalars themselves, slices of texts and bytes, a reference
/// to a message.
fn bind(value: &Value, home: &Home<'_>, boxed: bool) -> TokenStream {
    let place = match home {
        Home::Field(name) => quote!(self.#name),
        Home::Reference => quote!(x),
    };
    match (scalar(value), home) {
        (Value::String, _) => quote!(let x = #place.as_str();),
        (Value::Bytes, _) => quote!(let x: &[u8] = &#place[..];),
        (Value::Message { .. }, Home::Field(_)) if boxed => quote!(let x = &*#place;),
        (Value::Message { .. }, Home::Field(_)) => quote!(let x = &#place;),
        (Value::Message { .. }, Home::Reference) if boxed => quote!(let x = &**x;),
        (Value::Message { .. }, Home::Reference) => TokenStream::new(),
        (_, Home::Field(_)) => quote!(let x = #place;),
        (_, Home::Reference) => quote!(let x = *x;),
    }
}

/// Whether `x` is what an unset field reads as; none for messages, which are there or not.
fn zero(value: &Value) -> Option<TokenStream> {
    Some(match scalar(value) {
        Value::Message { .. } => return None,
        Value::Bool => quote!(!x),
        Value::String | Value::Bytes => quote!(x.is_empty()),
        // A negative zero is a value.
        Value::Float | Value::Double => quote!(x.to_bits() == 0),
        _ => quote!(x == 0),
    })
}

/// A wrapper is in Rust what it wraps.
pub(super) fn scalar(value: &Value) -> Value {
    let Value::Message { descriptor, .. } = value else { return value.clone() };
    match descriptor.full_name() {
        "google.protobuf.BoolValue" => Value::Bool,
        "google.protobuf.Int32Value" => Value::Int32,
        "google.protobuf.Int64Value" => Value::Int64,
        "google.protobuf.UInt32Value" => Value::Uint32,
        "google.protobuf.UInt64Value" => Value::Uint64,
        "google.protobuf.FloatValue" => Value::Float,
        "google.protobuf.DoubleValue" => Value::Double,
        "google.protobuf.StringValue" => Value::String,
        "google.protobuf.BytesValue" => Value::Bytes,
        _ => value.clone(),
    }
}

/// What makes items comparable; none for messages.
fn unique(value: &Value) -> Option<TokenStream> {
    match scalar(value) {
        Value::Message { .. } => None,
        // Nothing is equal to what is not a number; the two zeros are equal.
        Value::Float | Value::Double => {
            Some(quote!(.filter(|x| !x.is_nan()).map(|x| (*x + 0.0).to_bits())))
        }
        _ => Some(TokenStream::new()),
    }
}
