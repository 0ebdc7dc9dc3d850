//! Reads off a `build.rs` which protos it compiles.

use std::path::PathBuf;

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, Lit};

/// The protos that a `build.rs` names, as they stand there: relative to the folder of the crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildScript {
    pub(crate) files: Vec<PathBuf>,
    /// Folders that imports are looked for in.
    pub(crate) includes: Vec<PathBuf>,
}

impl BuildScript {
    /// What a script of this text names; nothing if it is no Rust.
    pub(crate) fn of_text(text: &str) -> Self {
        syn::parse_file(text).map(|file| Self::read(&file)).unwrap_or_default()
    }

    /// Finds the literals in calls of `compile`, `file`, `files` and `include`.
    pub(super) fn read(file: &syn::File) -> Self {
        let mut script = Self::default();
        script.visit_file(file);
        script
    }

    fn take(&mut self, function: &str, arguments: &[&Expr]) {
        let mut literals = Literals::default();
        for argument in arguments {
            literals.visit_expr(argument);
        }
        let paths = literals.0.into_iter().map(PathBuf::from);
        match function {
            "compile" | "file" | "files" => self.files.extend(
                paths.filter(|path| path.extension().is_some_and(|ending| ending == "proto")),
            ),
            "include" => self.includes.extend(paths),
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for BuildScript {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(name) = function.path.segments.last()
        {
            self.take(&name.ident.to_string(), &call.args.iter().collect::<Vec<_>>());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        // What a chain begins with was written first.
        visit::visit_expr_method_call(self, call);
        self.take(&call.method.to_string(), &call.args.iter().collect::<Vec<_>>());
    }
}

/// The texts in an expression.
#[derive(Default)]
struct Literals(Vec<String>);

impl<'ast> Visit<'ast> for Literals {
    fn visit_expr_lit(&mut self, literal: &'ast ExprLit) {
        if let Lit::Str(text) = &literal.lit {
            self.0.push(text.value());
        }
    }
}
