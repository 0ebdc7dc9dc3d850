//! What the head of a method says of its messages, as far as that can be told without compiling.

use syn::{
    FnArg, GenericArgument, PathArguments, ReturnType, Signature, Type, TypeParamBound, TypePath,
};

use crate::splice::{Crate, Meaning, Path};

/// One direction of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Flow {
    One(Message),
    Many(Message),
    /// A type that was given a name of its own, or one that nobody knows here.
    Unknown,
}

/// A message: its path from the root of the crate, or a type of the language; none if that is unknown.
type Message = Option<String>;

/// Where the names of a head mean what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads<'a> {
    pub(super) own: &'a Crate,
    pub(super) module: &'a Path,
}

/// What the proto says of one direction.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) message: String,
    pub(super) is_stream: bool,
}

impl Heads<'_> {
    /// Whether `head` cannot be that of a method that takes and answers what is expected. What cannot
    /// be told is taken for right.
    pub(super) fn contradicts(
        &self,
        head: &Signature,
        input: &Expected,
        output: &Expected,
    ) -> bool {
        let mut arguments = head.inputs.iter().filter_map(|it| match it {
            FnArg::Typed(it) => Some(&*it.ty),
            FnArg::Receiver(_) => None,
        });
        let (Some(_context), Some(request), None) =
            (arguments.next(), arguments.next(), arguments.next())
        else {
            return true;
        };
        contradicts(&self.request(request), input) || contradicts(&self.reply(head), output)
    }

    fn request(&self, ty: &Type) -> Flow {
        match ty {
            Type::Path(path) if self.is_streaming(path) => {
                Flow::Many(argument(path).and_then(|it| self.message(it)))
            }
            _ => self.one(ty),
        }
    }

    fn reply(&self, head: &Signature) -> Flow {
        let ReturnType::Type(_, ty) = &head.output else { return Flow::Unknown };
        let outcome =
            if head.asyncness.is_some() { Some(&**ty) } else { associated(ty, "Future", "Output") };
        // `Result<T>`, whatever it is called.
        let Some(Type::Path(outcome)) = outcome else { return Flow::Unknown };
        let Some(reply) = argument(outcome) else { return Flow::Unknown };
        if let Some(item) = associated(reply, "Stream", "Item") {
            let Type::Path(item) = item else { return Flow::Many(None) };
            return Flow::Many(argument(item).and_then(|it| self.message(it)));
        }
        match reply {
            Type::Path(path) if self.is_streaming(path) => {
                Flow::Many(argument(path).and_then(|it| self.message(it)))
            }
            _ => self.one(reply),
        }
    }

    fn one(&self, ty: &Type) -> Flow {
        self.message(ty).map_or(Flow::Unknown, |message| Flow::One(Some(message)))
    }

    fn is_streaming(&self, path: &TypePath) -> bool {
        let names = names(path);
        let meaning = self.own.meaning(self.module, &names, true);
        names.last().is_some_and(|it| it == "Streaming")
            || matches!(meaning, Meaning::Other(path) if path == ["bia", "Streaming"])
    }

    fn message(&self, ty: &Type) -> Message {
        match ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Some("()".to_owned()),
            Type::Paren(inner) => self.message(&inner.elem),
            Type::Path(path) if path.qself.is_none() => {
                let names = names(path);
                match self.own.meaning(self.module, &names, true) {
                    Meaning::Own(path) if self.own.is_generated(&path) => {
                        Some(format!("crate::{}", path.join("::")))
                    }
                    Meaning::Other(path) => match path.as_slice() {
                        [name] if is_of_language(name) => Some(name.clone()),
                        _ => None,
                    },
                    Meaning::Own(_) => None,
                }
            }
            _ => None,
        }
    }
}

fn contradicts(flow: &Flow, expected: &Expected) -> bool {
    match flow {
        Flow::Unknown => false,
        Flow::One(_) if expected.is_stream => true,
        Flow::Many(_) if !expected.is_stream => true,
        Flow::One(message) | Flow::Many(message) => {
            message.as_ref().is_some_and(|message| *message != expected.message)
        }
    }
}

fn is_of_language(name: &str) -> bool {
    matches!(name, "bool" | "f32" | "f64" | "i32" | "i64" | "u32" | "u64" | "String")
}

fn names(path: &TypePath) -> Vec<String> {
    path.path.segments.iter().map(|it| it.ident.to_string()).collect()
}

/// The `T` of `Name<T, …>`.
fn argument(path: &TypePath) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|it| match it {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The `T` of `impl Bound<Name = T> + …`.
fn associated<'a>(ty: &'a Type, bound: &str, name: &str) -> Option<&'a Type> {
    let Type::ImplTrait(ty) = ty else { return None };
    ty.bounds.iter().find_map(|it| {
        let TypeParamBound::Trait(it) = it else { return None };
        let last = it.path.segments.last().filter(|it| it.ident == bound)?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|it| match it {
            GenericArgument::AssocType(it) if it.ident == name => Some(&it.ty),
            _ => None,
        })
    })
}
