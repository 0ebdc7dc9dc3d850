//! `bia add client`: a service calls another one.

use std::path::PathBuf;

use clap::Args;

use bia_codegen::Model;

use crate::change::Changes;
use crate::command::sync;
use crate::error::{About as _, Error, Result};
use crate::handler;
use crate::paths::{proto_file, shown};
use crate::project::{Member, Project};
use crate::shell::Shell;
use crate::splice::{Insertions, Program, Source, behind_app, name_proto};

use super::target::{member, place, services};
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
    check_name(&arguments.name)?;
    let project = Project::here()?;
    let caller = member(&project, arguments.from.as_deref(), "--from")?;
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
        caller.folder.canonicalize().about(|| format!("find {}", shown(&caller.folder)))?;
    let file = rust::relative(&folder, &proto);
    let mut changes = Changes::below(&project.root);
    if !is_there {
        build(caller, &file.display().to_string(), &mut changes)?;
        script.files.push(file);
    }
    let model = caller.model_of(&script)?;
    let clients = clients(arguments, caller, &model, &proto, shell)?;
    let clients = main(caller, clients, &mut changes)?;
    if changes.is_empty() {
        shell.status("Unchanged", format_args!("{} calls {} already", caller.name, arguments.name));
        return Ok(());
    }
    changes.apply(arguments.writing.manner(), shell)?;
    for client in &clients {
        shell.hint(format_args!(
            "hand `{}` to what calls it, and take away the `#[expect]` above it",
            client.variable
        ));
    }
    shell.hint(format_args!(
        "settings of these calls, in configs/app.yaml:\n        clients:\n          {}:\n            timeout: 2s",
        arguments.name
    ));
    Ok(())
}

/// As the framework has it: a service whose `channel(…)` has another name ends when it is started.
fn check_name(name: &str) -> Result<()> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if is_name {
        return Ok(());
    }
    Err(Error::usage(format!("`{name}` cannot be the name of a service"))
        .with_hint("write it as the registry has it: user-service"))
}

/// The whole path of the proto of the service that is called.
fn proto(arguments: &Arguments, project: &Project, shell: &Shell) -> Result<PathBuf> {
    if let Some(path) = &arguments.proto {
        return proto_file(path, "--proto");
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
    let mut paths = Vec::new();
    for service in sync::served(member, &model, shell)? {
        let path = place(&model, service)?;
        let path = path.canonicalize().about(|| format!("find {}", shown(&path)))?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    match paths.as_slice() {
        [path] => Ok(path.clone()),
        several => {
            let names: Vec<String> = several.iter().map(|it| shown(it)).collect();
            Err(Error::usage(format!("{} has services in several protos", member.name))
                .with_hint(format!("say --proto with one of: {}", names.join(", "))))
        }
    }
}

/// Names the proto in `build.rs`.
fn build(caller: &Member, file: &str, changes: &mut Changes) -> Result<()> {
    let path = caller.folder.join("build.rs");
    let source = rust::read(&path)?;
    let mut insertions = Insertions::default();
    if !name_proto(&source, file, &mut insertions) {
        return Err(Error::new(format!(
            "cannot tell where {} lists its protos; nothing was written",
            shown(&path)
        ))
        .with_hint(format!("add {file:?} there, and try again")));
    }
    let text = source.with(insertions, &caller.edition)?;
    changes.edit(path, source.text, text);
    Ok(())
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
        return Err(Error::new(format!("{} has no service", shown(proto)))
            .with_hint(format!("the services of the protos are: {}", there.join(", "))));
    }
    Ok(clients)
}

/// Has `main.rs` make the clients that it does not make yet, and says which.
fn main(caller: &Member, clients: Vec<Client>, changes: &mut Changes) -> Result<Vec<Client>> {
    let source = rust::main(caller)?;
    let program = Program::of(&source);
    let mut missing = clients;
    missing.retain(|it| !program.has_client(&it.name, &it.service));
    if missing.is_empty() {
        return Ok(missing);
    }
    for client in &mut missing {
        // Another service may have the same API.
        let own = format!("{}_{}", client.service.replace(['-', '.'], "_"), client.variable);
        if program.binds(&client.variable) {
            client.variable = own.to_lowercase();
        }
    }
    let mut insertions = Insertions::default();
    let statements = |app: &str| {
        let statement = |it: &Client| {
            // The lints of the project hold before anything uses it, and say when this has to go.
            format!(
                "#[expect(unused_variables, reason = \"until {service} is called\")]\n\
                 let {} = {}::new({app}.channel({service:?})?);",
                it.variable,
                it.path,
                service = it.service,
            )
        };
        missing.iter().map(statement).collect::<Vec<_>>().join("\n")
    };
    if !behind_app(&source, statements, &mut insertions) {
        return Err(by_hand(&source, &statements("app")));
    }
    let text = source.with(insertions, &caller.edition)?;
    changes.edit(source.path, source.text, text);
    Ok(missing)
}

fn by_hand(source: &Source, statements: &str) -> Error {
    Error::new(format!(
        "cannot tell where {} makes the app; nothing was written",
        shown(&source.path)
    ))
    .with_hint(format!(
        "write it there, and try again:\n        {}",
        statements.replace('\n', "\n        ")
    ))
}
