//! Rules of a message as a whole: its oneofs, and fields of which one may be set.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Field, Message};

use super::cel::Type;
use super::options::{EXTENSION, Options};
use super::{At, Rules, check, fields};

/// Of descriptor.proto: the options of a message.
const MESSAGE_OPTIONS: u32 = 7;

impl Rules<'_> {
    pub(super) fn message(&mut self, message: &Message) -> TokenStream {
        let mut code = TokenStream::new();
        let proto = &message.descriptor;
        let file = proto.parent_file();
        if let Some(options) = Options::of(self.model, &proto.options(), "buf.validate.message") {
            let at = At::new(file.name(), proto.path(), &[MESSAGE_OPTIONS, EXTENSION]);
            let bia = &self.model.runtime;
            let this = quote!(#bia::__codegen::cel::ToCel::to_cel(self, 0));
            let of = Type::of_message(proto.clone());
            let rules = self.cel(&options, &this, &of, ("", &at));
            if !rules.is_empty() {
                self.ask(message);
            }
            code.extend(rules);
            for (place, rule) in options.messages("oneof").iter().enumerate() {
                let at = at.within(&[options.number("oneof"), u32::try_from(place).unwrap_or(0)]);
                code.extend(self.one_of(message, rule, &at));
            }
        }
        for oneof in proto.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let options = Options::of(self.model, &oneof.options(), "buf.validate.oneof");
            if options.is_some_and(|options| options.is("required"))
                && let Some(known) = message.oneofs.iter().find(|o| o.proto_name == oneof.name())
            {
                let name = &known.name;
                let broken = quote!(self.#name.is_none());
                code.extend(check(
                    &broken,
                    oneof.name(),
                    "required",
                    "exactly one field is required in oneof",
                ));
            }
        }
        code
    }

    /// `option (buf.validate.message).oneof`: at most one of the fields is set.
    fn one_of(&mut self, message: &Message, rule: &Options, at: &At) -> TokenStream {
        let names = rule.texts("fields");
        if names.is_empty() {
            self.refuse(at, "this rule names no fields", "name two or more in fields");
        }
        let mut set = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let found = message.fields.iter().find(|field| field.descriptor.name() == name);
            match found {
                None => self.refuse(
                    at,
                    format!("{} has no field '{name}'", message.full_name),
                    "name fields of this message as the proto does",
                ),
                Some(_) if names[..place].contains(name) => {
                    self.refuse(at, format!("'{name}' is named twice"), "name each field once");
                }
                Some(field) => set.push(fields::is_set(message, field)),
            }
        }
        let list = names.join(", ");
        let (many, none) =
            (format!("only one of {list} can be set"), format!("one of {list} must be set"));
        let (id, none) = ("message.oneof", check(&quote!(set == 0), "", "message.oneof", &none));
        let many = check(&quote!(set > 1), "", id, &many);
        let none = rule.is("required").then_some(none);
        quote!({
            let set = 0 #(+ usize::from(#set))*;
            #many
            #none
        })
    }

    /// Whether a rule of the message counts `field` among those of which one is set; its own rules
    /// then hold only if it is.
    pub(super) fn is_one_of(&self, message: &Message, field: &Field) -> bool {
        let options = message.descriptor.options();
        Options::of(self.model, &options, "buf.validate.message").is_some_and(|options| {
            let rules = options.messages("oneof");
            let mut names = rules.iter().flat_map(|rule| rule.texts("fields"));
            names.any(|name| name == field.descriptor.name())
        })
    }
}
