//! The rules that messages keep, as straight code.
//!
//! What a rule says is settled here: its id, its words, and the comparison. At run time nothing is
//! looked up, and nothing is built unless a rule is broken. The semantics and the words are those
//! of protovalidate, whose `validate.proto` defines each standard rule.

mod cel;
mod fields;
mod literal;
mod messages;
mod numbers;
mod options;
mod re2;
mod texts;
mod values;

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::{Error, Problem};
use crate::model::{Message, Model};
use crate::output::Output;

use super::Emit;

use cel::Asked;
use options::Ruled;

#[derive(Debug)]
pub(crate) struct Validate;

impl Emit for Validate {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let mut rules =
            Rules { model, ruled: Ruled::default(), asked: Asked::default(), problems: Vec::new() };
        let bia = &model.runtime;
        for package in &model.packages {
            for message in &package.messages {
                let path = &message.path;
                let body = rules.body(message);
                let violations = if body.is_empty() { quote!(_) } else { quote!(violations) };
                let item = quote! {
                    impl #bia::__codegen::Validate for #path {
                        fn validate(&self, #violations: &mut #bia::__codegen::Violations) { #body }
                    }
                };
                output.add_items(package, item);
            }
        }
        rules.ask_held();
        for package in &model.packages {
            for message in package.messages.iter().filter(|message| rules.is_asked(message)) {
                output.add_items(package, cel::conversion(model, message));
            }
        }
        Error::unless_empty(rules.problems)
    }
}

/// What turns rules into code, and gathers all that is wrong with them.
struct Rules<'a> {
    model: &'a Model,
    ruled: Ruled,
    asked: Asked,
    problems: Vec<Problem>,
}

/// Where a rule is written, by the paths of descriptors.
#[derive(Clone, Debug)]
struct At {
    file: String,
    path: Vec<i32>,
}

impl At {
    fn new(file: &str, path: &[i32], more: &[u32]) -> Self {
        Self { file: file.to_owned(), path: path.to_vec() }.within(more)
    }

    fn within(&self, more: &[u32]) -> Self {
        let more = more.iter().filter_map(|number| i32::try_from(*number).ok());
        Self { file: self.file.clone(), path: self.path.iter().copied().chain(more).collect() }
    }
}

impl Rules<'_> {
    fn body(&mut self, message: &Message) -> TokenStream {
        let whole = self.message(message);
        let fields = message.fields.iter().map(|field| self.field(message, field));
        let fields: TokenStream = fields.collect();
        quote!(#whole #fields)
    }

    fn refuse(&mut self, at: &At, message: impl Into<String>, remedy: impl Into<String>) {
        let place = self.model.place_of(&at.file, &at.path);
        self.problems.push(Problem::new(message).at(place).remedy(remedy));
    }
}

/// Code that adds a violation if `broken`.
fn check(broken: &TokenStream, path: &str, id: &str, message: &str) -> TokenStream {
    quote!(if #broken { violations.add(#path, #id, #message); })
}
