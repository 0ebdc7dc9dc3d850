//! Rules that are written in CEL, which the framework runs; whether they can be read is seen here.

#[cfg(feature = "cel")]
mod read;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use prost_reflect::{Kind, MessageDescriptor};
use quote::quote;

use crate::model::{Field, Message, Model, Shape, Value};

use super::options::Options;
use super::{At, Rules, fields};

#[cfg(feature = "cel")]
use read::read;

/// Values that rules in CEL are asked of, which are made for each check.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeSet<String>);

impl Rules<'_> {
    /// The rules of `options` that are in CEL, asked of `this`, which is of type `of`.
    pub(super) fn cel(
        &mut self,
        options: &Options,
        this: &TokenStream,
        of: &Type,
        (path, at): (&str, &At),
    ) -> TokenStream {
        let mut rules = Vec::new();
        for (place, expression) in options.texts("cel_expression").into_iter().enumerate() {
            rules.push(("cel_expression", place, expression.clone(), String::new(), expression));
        }
        for (place, rule) in options.messages("cel").iter().enumerate() {
            let text = |name: &str| rule.text(name).unwrap_or_default();
            rules.push(("cel", place, text("id"), text("message"), text("expression")));
        }
        let bia = &self.model.runtime;
        let mut code = TokenStream::new();
        for (option, place, id, message, expression) in rules {
            let at = at.within(&[options.number(option), u32::try_from(place).unwrap_or(0)]);
            if let Err(refused) = read(&expression, of) {
                self.refuse(&at, refused.reason, refused.remedy);
                continue;
            }
            if let Some(message) = of.message() {
                self.asked.0.insert(message.full_name().to_owned());
            }
            code.extend(quote!({
                static RULE: #bia::__codegen::cel::Rule = #bia::__codegen::cel::Rule::new(#id, #message, #expression);
                RULE.check(#this, ::core::option::Option::None, #path, violations);
            }));
        }
        code
    }

    /// Notes that rules are asked of a whole message.
    pub(super) fn ask(&mut self, message: &Message) {
        self.asked.0.insert(message.full_name.clone());
    }

    /// Whether values are made of `message`.
    pub(super) fn is_asked(&mut self, message: &Message) -> bool {
        self.asked.0.contains(&message.full_name)
    }

    /// Adds what the messages hold that are asked already.
    pub(super) fn ask_held(&mut self) {
        let mut left: Vec<_> = self.asked.0.iter().cloned().collect();
        while let Some(name) = left.pop() {
            let Some(proto) = self.model.pool.get_message_by_name(&name) else { continue };
            for field in proto.fields() {
                let kind = match field.kind() {
                    Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
                    kind => kind,
                };
                if let Kind::Message(held) = kind
                    && self.asked.0.insert(held.full_name().to_owned())
                {
                    left.push(held.full_name().to_owned());
                }
            }
        }
    }
}

/// What makes a value of CEL of a message.
pub(super) fn conversion(model: &Model, message: &Message) -> TokenStream {
    let bia = &model.runtime;
    let (path, name) = (&message.path, &message.full_name);
    let fields = message.fields.iter().map(|field| conversion_of(model, message, field));
    quote! {
        impl #bia::__codegen::cel::ToCel for #path {
            fn to_cel(&self, unset: u8) -> #bia::__codegen::cel::Value {
                let mut message = #bia::__codegen::cel::Message::new(#name);
                #(#fields)*
                message.done()
            }
        }
    }
}

fn conversion_of(model: &Model, message: &Message, field: &Field) -> TokenStream {
    let bia = &model.runtime;
    let cel = quote!(#bia::__codegen::cel);
    let (name, proto) = (&field.name, field.descriptor.name());
    let is_set = fields::is_set(message, field);
    let optional = |value: TokenStream| match fields::scalar(&field.value) {
        Value::Message { .. } => quote!(message.optional(#proto, #value, unset);),
        // A wrapper that is not set is null.
        _ if matches!(field.value, Value::Message { .. }) => {
            quote!(message.wrapper(#proto, #value);)
        }
        _ => quote!(message.optional(#proto, #value, unset);),
    };
    match &field.shape {
        Shape::Plain { boxed } => {
            let value = if *boxed { quote!(&*self.#name) } else { quote!(&self.#name) };
            quote!(message.field(#proto, #is_set, #cel::ToCel::to_cel(#value, unset));)
        }
        Shape::Optional { boxed: true } => optional(quote!(self.#name.as_deref())),
        Shape::Optional { boxed: false } => optional(quote!(self.#name.as_ref())),
        Shape::Member { oneof, variant, boxed } => {
            let path = &message.oneofs[*oneof].path;
            let held = if *boxed { quote!(&**x) } else { quote!(x) };
            optional(quote!(match &self.#name {
                ::core::option::Option::Some(#path::#variant(x)) => ::core::option::Option::Some(#held),
                _ => ::core::option::Option::None,
            }))
        }
        Shape::Repeated => {
            quote!(message.field(#proto, #is_set, #cel::list(self.#name.iter(), unset));)
        }
        Shape::Map { .. } => quote!(message.field(#proto, #is_set, #cel::map(&self.#name, unset));),
    }
}

/// What an expression is asked of, as far as its fields are concerned.
#[derive(Clone, Debug)]
pub(super) enum Type {
    Message(MessageDescriptor),
    List(Box<Self>),
    /// By the type of its values.
    Map(Box<Self>),
    /// What has no fields that are known here.
    Other,
}

impl Type {
    /// That of a value, or of an item.
    pub(super) fn one(value: &Value) -> Self {
        match value {
            Value::Message { descriptor, .. } => Self::of_message(descriptor.clone()),
            _ => Self::Other,
        }
    }

    /// That of a message. To CEL, those of `google.protobuf` are values of other types.
    pub(super) fn of_message(message: MessageDescriptor) -> Self {
        if message.full_name().starts_with("google.protobuf.") {
            Self::Other
        } else {
            Self::Message(message)
        }
    }

    /// The message that it is, or that it holds.
    fn message(&self) -> Option<&MessageDescriptor> {
        match self {
            Self::Message(message) => Some(message),
            Self::List(held) | Self::Map(held) => held.message(),
            Self::Other => None,
        }
    }
}

/// Why an expression is not taken, and what to do about it.
struct Refused {
    reason: String,
    remedy: &'static str,
}

/// Refuses every expression: what reads them is not there.
#[cfg(not(feature = "cel"))]
fn read(_: &str, _: &Type) -> Result<(), Refused> {
    Err(Refused {
        reason: "rules in CEL are turned off".to_owned(),
        remedy: "turn on the feature cel of both bia and bia-codegen, or write standard rules",
    })
}
