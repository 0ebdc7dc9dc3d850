//! Which clients a `main.rs` makes, and what it calls things.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, Lit, PatIdent};

use super::Source;

/// What a `main.rs` has.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// Each client whose `new` is given a `channel("…")`: what it is called, and the channel's name.
    clients: Vec<(String, String)>,
    /// The clients whose `new` is given something that was made elsewhere.
    clients_apart: Vec<String>,
    /// The names of the channels that are handed to none of `clients` at once.
    channels: Vec<String>,
    names: Vec<String>,
}

impl Program {
    pub(crate) fn of(source: &Source) -> Self {
        let mut program = Self::default();
        program.visit_file(&source.syntax);
        program
    }

    /// Whether it makes a `client`, such as `UserServiceClient`, that calls `service`.
    pub(crate) fn has_client(&self, client: &str, service: &str) -> bool {
        self.clients.iter().any(|(name, channel)| name == client && channel == service)
            || self.clients_apart.iter().any(|it| it == client)
                && self.channels.iter().any(|it| it == service)
    }

    /// Whether a variable is called `name`.
    pub(crate) fn binds(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }
}

impl<'a> Visit<'a> for Program {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        let before = self.channels.len();
        visit::visit_expr_call(self, call);
        let Expr::Path(function) = &*call.func else { return };
        let names: Vec<String> =
            function.path.segments.iter().map(|it| it.ident.to_string()).collect();
        let [.., client, new] = names.as_slice() else { return };
        if new != "new" {
            return;
        }
        let channels = self.channels.split_off(before);
        if channels.is_empty() {
            self.clients_apart.push(client.clone());
        }
        self.clients.extend(channels.into_iter().map(|channel| (client.clone(), channel)));
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        if call.method == "channel"
            && let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = call.args.first()
        {
            self.channels.push(name.value());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat_ident(&mut self, name: &'a PatIdent) {
        self.names.push(name.ident.to_string());
        visit::visit_pat_ident(self, name);
    }
}
