//! What the code of a service says of itself: its name in the registry, and whom it calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, ItemMod, Lit};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// Whether there is an `App::new(…)`.
    pub(super) is_app: bool,
    /// The literal in `App::new("…", …)`.
    pub(super) name: Option<String>,
    /// The literals in `….channel("…")`.
    pub(super) calls: BTreeSet<String>,
}

impl Code {
    /// Reads every Rust file below `folder`; one that is not Rust at the moment says nothing.
    pub(super) fn below(folder: &Path) -> Self {
        let mut code = Self::default();
        for file in rust_files(folder) {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            if let Ok(file) = syn::parse_file(&text) {
                code.visit_file(&file);
            }
        }
        code
    }
}

impl Visit<'_> for Code {
    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let mut names = path.path.segments.iter().rev().map(|it| it.ident.to_string());
            let is_app =
                names.next().as_deref() == Some("new") && names.next().as_deref() == Some("App");
            if is_app {
                self.is_app = true;
                self.name = self.name.take().or_else(|| call.args.first().and_then(literal));
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        if let (true, Some(name)) = (call.method == "channel", call.args.first().and_then(literal))
            && !name.contains("://")
        {
            self.calls.insert(name);
        }
        visit::visit_expr_method_call(self, call);
    }

    /// Tests call whom they like.
    fn visit_item_mod(&mut self, module: &ItemMod) {
        let is_test = module.attrs.iter().any(|it| {
            it.path().is_ident("cfg")
                && it.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
        });
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && path.file_stem().is_some_and(|name| name != "tests")
        {
            files.push(path);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_the_callees_are_read_off_the_code() {
        let mut code = Code::default();
        let text = r#"
            async fn main() {
                let app = bia::App::new("order-service", env!("CARGO_PKG_VERSION"), &config)?;
                let users = UserServiceClient::new(app.channel("user-service")?);
                let fixed = app.channel("direct:///127.0.0.1:1")?;
                let open = app.channel(name)?;
            }
            #[cfg(test)]
            mod tests { fn a() { App::new("other", "1", &c); app.channel("nobody"); } }
        "#;
        code.visit_file(&syn::parse_file(text).expect("it is Rust"));
        assert_eq!(code.name.as_deref(), Some("order-service"));
        assert_eq!(code.calls.into_iter().collect::<Vec<_>>(), ["user-service"]);
    }
}
