//! The place of a `build.rs` where it names its protos.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprArray, ExprCall, ExprLit, ExprMethodCall, Lit};

use super::layout::{begins_line, indent_at};
use super::{Insertions, Source, with_newline};

/// Names the proto `file` behind the last that is named, as the others stand. Says whether there is one
/// such place: a list of `compile` or `files`, or else calls of `file`.
pub(crate) fn name_proto(source: &Source, file: &str, insertions: &mut Insertions) -> bool {
    let mut protos = Protos::default();
    protos.visit_file(&source.syntax);
    let text = &source.text;
    let literal = format!("{file:?}");
    match (protos.lists.as_slice(), protos.calls.last()) {
        ([last], _) => {
            let range = source.range(last.span());
            let gap = if begins_line(text, range.start) {
                format!("\n{}", indent_at(text, range.start))
            } else {
                " ".to_owned()
            };
            insertions.add(range.end, with_newline(&format!(",{gap}{literal}"), text));
            true
        }
        ([], Some(last)) => {
            let dot = source.range(last.dot_token.span()).start;
            let gap = if begins_line(text, dot) {
                format!("\n{}", indent_at(text, dot))
            } else {
                String::new()
            };
            let end = source.range(last.paren_token.span.close()).end;
            insertions.add(end, with_newline(&format!("{gap}.file({literal})"), text));
            true
        }
        _ => false,
    }
}

/// Where protos are named.
#[derive(Default)]
struct Protos<'a> {
    /// The last of each list that `compile` or `files` is given.
    lists: Vec<&'a ExprLit>,
    /// The calls of `file`.
    calls: Vec<&'a ExprMethodCall>,
}

impl<'a> Protos<'a> {
    fn list(&mut self, argument: &'a Expr) {
        match argument {
            Expr::Reference(it) => self.list(&it.expr),
            Expr::Array(ExprArray { elems, .. }) => {
                self.lists.extend(elems.last().and_then(proto_literal));
            }
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Protos<'a> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let (Expr::Path(function), Some(argument)) = (&*call.func, call.args.first())
            && function.path.segments.last().is_some_and(|it| it.ident == "compile")
        {
            self.list(argument);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        // What a chain begins with was written first.
        visit::visit_expr_method_call(self, call);
        if let Some(argument) = call.args.first() {
            if call.method == "files" {
                self.list(argument);
            } else if call.method == "file" && proto_literal(argument).is_some() {
                self.calls.push(call);
            }
        }
    }
}

fn proto_literal(expression: &Expr) -> Option<&ExprLit> {
    let Expr::Lit(literal) = expression else { return None };
    matches!(&literal.lit, Lit::Str(text) if text.value().ends_with(".proto")).then_some(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str) -> Option<String> {
        let source = Source::parse("build.rs", text.to_owned()).ok()?;
        let mut insertions = Insertions::default();
        name_proto(&source, "b.proto", &mut insertions).then(|| insertions.into_text(text).0)
    }

    #[test]
    fn a_proto_comes_behind_the_last_one_as_the_others_stand() {
        for (before, after) in [
            ("compile(&[\"a.proto\"])", Some("compile(&[\"a.proto\", \"b.proto\"])")),
            (
                "compile(&[\n        \"a.proto\", // why\n    ])",
                Some("compile(&[\n        \"a.proto\",\n        \"b.proto\", // why\n    ])"),
            ),
            (
                "C::new().files([\"a.proto\"]).mocks(true).compile()",
                Some("C::new().files([\"a.proto\", \"b.proto\"]).mocks(true).compile()"),
            ),
            (
                "C::new().file(\"a.proto\").compile()",
                Some("C::new().file(\"a.proto\").file(\"b.proto\").compile()"),
            ),
            ("compile(&list())", None),
            ("compile(&[])", None),
            // It could be either.
            ("compile(&[\"a.proto\"])?; compile(&[\"c.proto\"])", None),
        ] {
            let whole =
                |work: &str| format!("// é\nfn main() -> Result<(), E> {{\n    {work}\n}}\n");
            assert_eq!(add(&whole(before)), after.map(whole), "{before}");
        }
    }
}
