//! `bia add client`: a service calls another one.

use std::path::PathBuf;

use clap::Args;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprArray, ExprCall, ExprLit, ExprMethodCall, Lit};

use bia_codegen::Model;

use crate::change::Changes;
use crate::command::sync;
use crate::error::{About as _, Error, Result};
use crate::handler;
use crate::project::{Member, Project};
use crate::shell::Shell;
use crate::splice::{Insertions, Source, begins_line, behind_app, indent_at, with_newline};

use super::target::{Target, services};
use super::{Writing, rust};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
bia add client user-service --from order-service\n  \
bia add client billing --proto ../billing/proto/billing/v1/billing.proto")]
pub(super) struct Arguments {
    /// The service that is called, as the registry has it: `user-service`.
    #[arg(value_name = "SERVICE")]
    name: String,
    /// The service that calls; that of the current folder by default, or the only one.
    #[arg(long, value_name = "SERVICE")]
    from: Option<String>,
    /// The proto of the service that is called; by default that of the crate of its name.
    #[arg(long, value_name = "FILE")]
    proto: Option<PathBuf>,
    #[command(flatten)]
    writing: Writing,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let caller = project.service(arguments.from.as_deref())?;
    if caller.name == arguments.name {
        return Err(Error::usage(format!("{} would call itself", caller.name))
            .with_hint("say which service calls, with --from"));
    }
    let proto = proto(arguments, &project, shell)?;
    let mut script = caller.build_script()?;
    let is_there = script
        .files
        .iter()
        .any(|it| caller.folder.join(it).canonicalize().is_ok_and(|it| it == proto));
    let folder =
        caller.folder.canonicalize().about(|| format!("find {}", caller.folder.display()))?;
    let file = rust::relative(&folder, &proto);
    let mut changes = Changes::below(&project.root);
    if !is_there {
        build(caller, &file.display().to_string(), &mut changes)?;
        script.files.push(file);
    }
    let model = caller.model_of(&script)?;
    let clients = clients(arguments, caller, &model, &proto, shell)?;
    main(caller, &clients, &mut changes)?;
    if changes.is_empty() {
        shell.status("Unchanged", format_args!("{} calls {} already", caller.name, arguments.name));
        return Ok(());
    }
    changes.apply(arguments.writing.manner(), shell)?;
    for client in &clients {
        shell.hint(format_args!("hand `{}` to what calls it", client.variable));
    }
    shell.hint(format_args!(
        "settings of these calls, in configs/app.yaml:\n        clients:\n          {}:\n            timeout: 2s",
        arguments.name
    ));
    Ok(())
}

/// The whole path of the proto of the service that is called.
fn proto(arguments: &Arguments, project: &Project, shell: &Shell) -> Result<PathBuf> {
    if let Some(path) = &arguments.proto {
        return path.canonicalize().about(|| format!("find {}", path.display()));
    }
    let Some(member) = project.services().find(|it| it.name == arguments.name) else {
        let names: Vec<&str> = project.services().map(|it| it.name.as_str()).collect();
        return Err(Error::new(format!("there is no service `{}` here", arguments.name))
            .with_hint(format!(
                "say with --proto where its proto is; there are: {}",
                names.join(", ")
            )));
    };
    let model = member.model()?;
    let service = sync::served(member, &model, shell)?;
    let path = Target::read(member, model, &service)?.path;
    path.canonicalize().about(|| format!("find {}", path.display()))
}

/// Names the proto in `build.rs`.
fn build(caller: &Member, file: &str, changes: &mut Changes) -> Result<()> {
    let path = caller.folder.join("build.rs");
    let source = rust::read(&path)?;
    let mut protos = Protos::default();
    protos.visit_file(&source.syntax);
    let mut insertions = Insertions::default();
    let literal = format!("{file:?}");
    let text = &source.text;
    if let Some(last) = protos.listed.last() {
        let range = source.range(last.span());
        let gap = if begins_line(text, range.start) {
            format!("\n{}", indent_at(text, range.start))
        } else {
            " ".to_owned()
        };
        insertions.add(range.end, with_newline(&format!(",{gap}{literal}"), text));
    } else if let Some(last) = protos.called.last() {
        let dot = source.range(last.dot_token.span()).start;
        let gap = if begins_line(text, dot) {
            format!("\n{}", indent_at(text, dot))
        } else {
            String::new()
        };
        let end = source.range(last.paren_token.span.close()).end;
        insertions.add(end, with_newline(&format!("{gap}.file({literal})"), text));
    } else {
        return Err(Error::new(format!(
            "cannot tell where {} lists its protos; nothing was written",
            path.display()
        ))
        .with_hint(format!("add {literal} there, and try again")));
    }
    let text = source.with(insertions)?;
    changes.edit(path, source.text, text);
    Ok(())
}

/// Where a `build.rs` names protos.
#[derive(Default)]
struct Protos<'a> {
    /// In the lists of `compile` and `files`.
    listed: Vec<&'a ExprLit>,
    /// In calls of `file`.
    called: Vec<&'a ExprMethodCall>,
}

impl<'a> Protos<'a> {
    fn list(&mut self, argument: &'a Expr) {
        match argument {
            Expr::Reference(it) => self.list(&it.expr),
            Expr::Array(ExprArray { elems, .. }) => {
                self.listed.extend(elems.iter().filter_map(proto_literal));
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
        visit::visit_expr_method_call(self, call);
        if let Some(argument) = call.args.first() {
            if call.method == "files" {
                self.list(argument);
            } else if call.method == "file" && proto_literal(argument).is_some() {
                self.called.push(call);
            }
        }
    }
}

fn proto_literal(expression: &Expr) -> Option<&ExprLit> {
    let Expr::Lit(literal) = expression else { return None };
    matches!(&literal.lit, Lit::Str(text) if text.value().ends_with(".proto")).then_some(literal)
}

/// A client that `main.rs` makes.
#[derive(Debug)]
struct Client {
    variable: String,
    /// `user::v1::UserServiceClient`.
    path: String,
    name: String,
    service: String,
}

fn clients(
    arguments: &Arguments,
    caller: &Member,
    model: &Model,
    proto: &std::path::Path,
    shell: &Shell,
) -> Result<Vec<Client>> {
    let mut tree = sync::Tree::read(caller, &[], shell)?;
    tree.own.bring(model);
    let mut clients = Vec::new();
    for package in &model.packages {
        let module = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
        for service in &package.services {
            let file = PathBuf::from(model.place(service.descriptor.parent_file().name(), &[]));
            if file.canonicalize().is_ok_and(|it| it == proto) {
                clients.push(Client {
                    variable: service.function.to_string(),
                    path: handler::join(&module.join("::"), &service.client.to_string()),
                    name: service.client.to_string(),
                    service: arguments.name.clone(),
                });
            }
        }
    }
    if clients.is_empty() {
        let there: Vec<String> = services(model).map(|it| it.full_name.clone()).collect();
        return Err(Error::new(format!("{} has no service", proto.display()))
            .with_hint(format!("the services of the protos are: {}", there.join(", "))));
    }
    Ok(clients)
}

/// Has `main.rs` make the clients that it does not make yet.
fn main(caller: &Member, clients: &[Client], changes: &mut Changes) -> Result<()> {
    let source = rust::main(caller)?;
    let missing: Vec<&Client> =
        clients.iter().filter(|it| !source.text.contains(&it.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut insertions = Insertions::default();
    let statements = |app: &str| {
        let statement = |it: &&Client| {
            format!("let {} = {}::new({app}.channel({:?})?);", it.variable, it.path, it.service)
        };
        missing.iter().map(statement).collect::<Vec<_>>().join("\n")
    };
    if !behind_app(&source, statements, &mut insertions) {
        return Err(by_hand(&source, &statements("app")));
    }
    let text = source.with(insertions)?;
    changes.edit(source.path, source.text, text);
    Ok(())
}

fn by_hand(source: &Source, statements: &str) -> Error {
    Error::new(format!(
        "cannot tell where {} makes the app; nothing was written",
        source.path.display()
    ))
    .with_hint(format!("write it there, and try again:\n        {statements}"))
}
