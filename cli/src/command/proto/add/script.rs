//! Adds a file to what a `build.rs` compiles, and leaves everything else as it is.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprArray, ExprCall, ExprLit, ExprMethodCall, Lit};

/// What became of a build script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The file is named there already.
    Named,
    /// The whole text with the file in it.
    Added(String),
    /// There is no list of files, or there are several.
    Unclear,
}

pub(super) fn add(text: &str, file: &str) -> Outcome {
    let Ok(parsed) = syn::parse_file(text) else { return Outcome::Unclear };
    let mut lists = Lists::default();
    lists.visit_file(&parsed);
    if lists.names.iter().any(|name| name == file) {
        return Outcome::Named;
    }
    let [last] = lists.lasts.as_slice() else { return Outcome::Unclear };
    let range = last.byte_range();
    let Some(before) = text.get(..range.end) else { return Outcome::Unclear };
    let after = text.get(range.end..).unwrap_or_default();
    // One below the other, if that is how they stand.
    let line = text.get(..range.start).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default();
    let separator = if line.trim().is_empty() { format!(",\n{line}") } else { ", ".to_owned() };
    let added = format!("{before}{separator}{file:?}{after}");
    if syn::parse_file(&added).is_ok() { Outcome::Added(added) } else { Outcome::Unclear }
}

/// Lists of protos in calls of `compile` and `files`.
#[derive(Default)]
struct Lists {
    names: Vec<String>,
    /// The last element of each.
    lasts: Vec<Span>,
}

impl Lists {
    fn take(&mut self, function: &str, arguments: &[&Expr]) {
        for argument in arguments {
            let inner = match argument {
                Expr::Reference(reference) => &*reference.expr,
                other => other,
            };
            match (function, inner) {
                ("compile" | "files", Expr::Array(array)) => self.array(array),
                ("file", Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
                    self.names.push(text.value());
                }
                _ => {}
            }
        }
    }

    fn array(&mut self, array: &ExprArray) {
        let text = |element: &Expr| match element {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        };
        let Some(names) = array.elems.iter().map(text).collect::<Option<Vec<_>>>() else { return };
        if let Some(last) = array.elems.last() {
            self.names.extend(names);
            self.lasts.push(last.span());
        }
    }
}

impl<'ast> Visit<'ast> for Lists {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(name) = function.path.segments.last()
        {
            self.take(&name.ident.to_string(), &call.args.iter().collect::<Vec<_>>());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        self.take(&call.method.to_string(), &call.args.iter().collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_behind_the_last_one_as_the_others_stand() {
        let whole = |list: &str| {
            format!("// é\nfn main() -> Result<(), E> {{\n    bia_codegen::compile({list})\n}}\n")
        };
        let add = |list: &str| add(&whole(list), "b.proto");
        assert_eq!(add("&[\"a.proto\"]"), Outcome::Added(whole("&[\"a.proto\", \"b.proto\"]")));
        assert_eq!(
            add("&[\n        \"a.proto\", // why\n    ]"),
            Outcome::Added(whole("&[\n        \"a.proto\",\n        \"b.proto\", // why\n    ]"))
        );
        assert_eq!(add("&[\"b.proto\"]"), Outcome::Named);
        assert_eq!(add("&list()"), Outcome::Unclear);
        assert_eq!(super::add("fn main() {", "b.proto"), Outcome::Unclear);
    }

    #[test]
    fn the_files_of_a_compiler_are_a_list_too() {
        let text =
            "fn main() { Compiler::new().files([\"a.proto\"]).mocks(true).compile().unwrap() }";
        let expected = "fn main() { Compiler::new().files([\"a.proto\", \"b.proto\"]).mocks(true).compile().unwrap() }";
        assert_eq!(add(text, "b.proto"), Outcome::Added(expected.to_owned()));
        let text = "fn main() { Compiler::new().file(\"b.proto\").compile().unwrap() }";
        assert_eq!(add(text, "b.proto"), Outcome::Named);
    }
}
