//! The places of a `main.rs` where an app is made and run.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, Item, ItemMod, Local, Pat};

use super::layout::{begins_line, indent_at, line_end};
use super::{Insertions, Source, with_newline};

/// Declares the module `name` among those that are declared, in the order of names if they are, unless
/// it is declared already.
pub(crate) fn declare_module(
    source: &Source,
    declaration: &str,
    name: &str,
    insertions: &mut Insertions,
) {
    let modules: Vec<&ItemMod> = source
        .syntax
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Mod(item) => Some(item),
            _ => None,
        })
        .collect();
    if modules.iter().any(|item| item.ident == name) {
        return;
    }
    let text = &source.text;
    // Those with a body are tests, which stand last.
    let files: Vec<&&ItemMod> = modules.iter().filter(|item| item.content.is_none()).collect();
    let is_sorted = files.is_sorted_by_key(|item| item.ident.to_string());
    let before = files.iter().rfind(|item| !is_sorted || item.ident.to_string().as_str() < name);
    let (at, piece) = if let (None, Some(first)) = (before, files.first()) {
        let start = source.range(first.span()).start;
        (start, format!("{declaration}\n{}", indent_at(text, start)))
    } else if let Some(last) = before {
        let end = source.range(last.span()).end;
        (line_end(text, end).unwrap_or(end), format!("\n{declaration}"))
    } else if let Some(first) = source.syntax.items.first() {
        (source.range(first.span()).start, format!("{declaration}\n\n"))
    } else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        (text.len(), format!("{gap}{declaration}\n"))
    };
    insertions.add(at, with_newline(&piece, text));
}

/// Puts `call`, such as `.server(jobs::Clean::new())`, into the chain of the app: behind the last
/// `.serve(…)`, or before `.run()`. Says whether there is one such place.
pub(crate) fn into_app(source: &Source, call: &str, insertions: &mut Insertions) -> bool {
    let mut finder = Chains::default();
    finder.visit_file(&source.syntax);
    let text = &source.text;
    let dot = |call: &ExprMethodCall| source.range(call.dot_token.span()).start;
    if let Some(serve) = finder.serves.iter().max_by_key(|it| dot(it)) {
        let begins = begins_line(text, dot(serve));
        let gap = if begins { format!("\n{}", indent_at(text, dot(serve))) } else { String::new() };
        let end = source.range(serve.paren_token.span.close()).end;
        insertions.add(end, with_newline(&format!("{gap}{call}"), text));
        return true;
    }
    let [run] = finder.runs.as_slice() else { return false };
    let at = source.range(run.dot_token.span()).start;
    let piece = if begins_line(text, at) {
        format!("{call}\n{}", indent_at(text, at))
    } else {
        call.to_owned()
    };
    insertions.add(at, with_newline(&piece, text));
    true
}

/// Puts a statement behind the one that makes the app; `statement` is given what the app is called.
/// Says whether there is one such place.
pub(crate) fn behind_app(
    source: &Source,
    statement: impl FnOnce(&str) -> String,
    insertions: &mut Insertions,
) -> bool {
    let mut finder = Apps(Vec::new());
    finder.visit_file(&source.syntax);
    let [(name, local)] = finder.0.as_slice() else { return false };
    let text = &source.text;
    let range = source.range(local.span());
    let indent = indent_at(text, range.start);
    let piece = statement(name).replace('\n', &format!("\n{indent}"));
    let end = line_end(text, range.end).unwrap_or(range.end);
    insertions.add(end, with_newline(&format!("\n{indent}{piece}"), text));
    true
}

/// The calls of `serve` and of `run` on an app.
#[derive(Default)]
struct Chains<'a> {
    serves: Vec<&'a ExprMethodCall>,
    runs: Vec<&'a ExprMethodCall>,
}

impl<'a> Visit<'a> for Chains<'a> {
    // What only tests make is no part of the service.
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        let is_of_tests = item.attrs.iter().any(|it| {
            it.path().is_ident("cfg") && it.parse_args::<syn::Ident>().is_ok_and(|it| it == "test")
        });
        if !is_of_tests {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let is_run = call.method == "run" && call.args.is_empty()
            || call.method == "run_until" && call.args.len() == 1;
        if is_run && is_app(&call.receiver) {
            self.runs.push(call);
        } else if call.method == "serve" && call.args.len() == 1 && is_app(&call.receiver) {
            self.serves.push(call);
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether a chain begins with an app: with a name, or with the call that makes one.
fn is_app(receiver: &Expr) -> bool {
    match receiver {
        Expr::MethodCall(call) => is_app(&call.receiver),
        Expr::Try(it) => is_app(&it.expr),
        Expr::Await(it) => is_app(&it.base),
        Expr::Paren(it) => is_app(&it.expr),
        Expr::Call(call) => makes_app(call),
        Expr::Path(path) => path.path.get_ident().is_some_and(|name| name != "self"),
        _ => false,
    }
}

/// `bia::App::new(…)`.
fn makes_app(call: &ExprCall) -> bool {
    let Expr::Path(function) = &*call.func else { return false };
    let names: Vec<String> = function.path.segments.iter().map(|it| it.ident.to_string()).collect();
    names.ends_with(&["App".to_owned(), "new".to_owned()])
}

/// The statements that make an app, and what it is called.
struct Apps<'a>(Vec<(String, &'a Local)>);

impl<'a> Visit<'a> for Apps<'a> {
    fn visit_local(&mut self, local: &'a Local) {
        struct Makes(bool);
        impl<'ast> Visit<'ast> for Makes {
            fn visit_expr_call(&mut self, call: &'ast ExprCall) {
                self.0 |= makes_app(call);
                visit::visit_expr_call(self, call);
            }
        }
        let mut pattern = &local.pat;
        if let Pat::Type(typed) = pattern {
            pattern = &typed.pat;
        }
        if let (Pat::Ident(name), Some(init)) = (pattern, &local.init) {
            let mut makes = Makes(false);
            makes.visit_expr(&init.expr);
            if makes.0 {
                self.0.push((name.ident.to_string(), local));
            }
        }
        visit::visit_local(self, local);
    }
}
