//! Rules that are written in CEL, which the framework runs; whether they can be read is seen here.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use prost_reflect::Kind;
use quote::quote;

use crate::model::{Field, Message, Model, Shape, Value};

use super::options::Options;
use super::{At, Rules, fields};

/// Values that rules in CEL are asked of, which are made for each check.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeSet<String>);

impl Rules<'_> {
    /// The rules of `options` that are in CEL, asked of `this`, which is of `value` if it is one.
    pub(super) fn cel(
        &mut self,
        options: &Options,
        this: &TokenStream,
        value: Option<&Value>,
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
            if let Err(refused) = read(&expression) {
                self.refuse(&at, refused.reason, refused.remedy);
                continue;
            }
            if let Some(Value::Message { descriptor, .. }) = value {
                self.asked.0.insert(descriptor.full_name().to_owned());
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

/// Why an expression is not taken, and what to do about it.
struct Refused {
    reason: String,
    remedy: &'static str,
}

/// Reads an expression to see that it can be.
#[cfg(feature = "cel")]
fn read(expression: &str) -> Result<(), Refused> {
    let refused = |reason: String| Refused {
        reason: format!("the expression `{expression}` cannot be compiled: {reason}"),
        remedy: "expressions are of CEL, and may speak of this, rules, rule and now",
    };
    let parsed = ::cel::parser::Parser::new().parse(expression).map_err(|errors| {
        let told = errors.to_string();
        // The first line says what; pictures of the place follow.
        refused(told.lines().next().unwrap_or_default().trim_start_matches("ERROR: ").to_owned())
    })?;
    let mut bound = Vec::new();
    bind(&parsed.expr, &mut bound);
    let references = parsed.references();
    let mut unknown: Vec<_> = references
        .variables()
        .into_iter()
        .filter(|name| !KNOWN.contains(name) && !bound.iter().any(|known| known == name))
        .map(str::to_owned)
        .collect();
    unknown.sort();
    match unknown.first() {
        None => Ok(()),
        Some(name) => Err(refused(format!("'{name}' is not known"))),
    }
}

/// Adds the names that an expression gives itself, as in `this.all(item, item > 0)`.
#[cfg(feature = "cel")]
fn bind(expr: &::cel::common::ast::Expr, bound: &mut Vec<String>) {
    use ::cel::common::ast::{EntryExpr, Expr};
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Select(select) => bind(&select.operand.expr, bound),
        Expr::Call(call) => {
            let parts = call.target.iter().map(|target| &**target).chain(&call.args);
            parts.for_each(|part| bind(&part.expr, bound));
        }
        Expr::List(list) => list.elements.iter().for_each(|element| bind(&element.expr, bound)),
        Expr::Map(::cel::common::ast::MapExpr { entries })
        | Expr::Struct(::cel::common::ast::StructExpr { entries, .. }) => {
            for entry in entries {
                match &entry.expr {
                    EntryExpr::StructField(field) => bind(&field.value.expr, bound),
                    EntryExpr::MapEntry(entry) => {
                        bind(&entry.key.expr, bound);
                        bind(&entry.value.expr, bound);
                    }
                }
            }
        }
        Expr::Comprehension(inner) => {
            bound.extend([inner.iter_var.clone(), inner.accu_var.clone()]);
            bound.extend(inner.iter_var2.clone());
            for part in [
                &inner.iter_range,
                &inner.accu_init,
                &inner.loop_cond,
                &inner.loop_step,
                &inner.result,
            ] {
                bind(&part.expr, bound);
            }
        }
    }
}

/// What expressions may speak of: values, types, and where functions are.
#[cfg(feature = "cel")]
const KNOWN: [&str; 18] = [
    "this",
    "now",
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "type",
    "null_type",
    "duration",
    "timestamp",
    "google",
    "strings",
    "math",
    "optional",
];

/// Refuses every expression: what reads them is not there.
#[cfg(not(feature = "cel"))]
fn read(_: &str) -> Result<(), Refused> {
    Err(Refused {
        reason: "rules in CEL are turned off".to_owned(),
        remedy: "turn on the feature cel of both bia and bia-codegen, or write standard rules",
    })
}
