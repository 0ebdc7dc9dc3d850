//! `bia add error`: a reason that the service fails with.

use clap::Args;

use bia_codegen::{Enum, Model};

use crate::change::Changes;
use crate::command::sync;
use crate::error::{Error, Result};
use crate::paths::shown;
use crate::project::{Member, Project};
use crate::shell::Shell;
use crate::splice::{Insertions, ProtoText};

use super::Writing;
use super::target::{Target, member};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
bia add error USER_BLOCKED --code 403 --message \"the user {id} is blocked\"")]
pub(super) struct Arguments {
    /// The reason, which is unique in the package: `USER_BLOCKED`.
    #[arg(value_name = "REASON")]
    name: String,
    /// The HTTP status, 400 to 599; gRPC's is the one that stands for it.
    #[arg(long, value_parser = clap::value_parser!(u16).range(400..=599))]
    code: u16,
    /// What a person is told; `{id}` is filled in from the metadata. By default nothing.
    #[arg(long)]
    message: Option<String>,
    /// The enum of errors; needed if there are several.
    #[arg(long = "enum", value_name = "ENUM")]
    of: Option<String>,
    /// The service whose error it is, as the proto has it; needed if there are several.
    #[arg(long)]
    service: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    check_name(&arguments.name)?;
    let project = Project::here()?;
    let target = if let Some(name) = &arguments.service {
        Target::of_service(&project, name)?
    } else {
        let member = member(&project, None, "--service").map_err(|error| {
            if error.is_usage() { several(&project, error, shell) } else { error }
        })?;
        let model = member.model()?;
        let of = match sync::served(member, &model, shell)?.as_slice() {
            [one] => one.full_name.clone(),
            several => {
                let names: Vec<&str> = several.iter().map(|it| it.full_name.as_str()).collect();
                return Err(Error::usage(format!(
                    "{} has several services, and it is not said which",
                    member.name
                ))
                .with_hint(format!("say --service with one of: {}", names.join(", "))));
            }
        };
        Target::read(member, model, &of)?
    };
    let mut insertions = Insertions::default();
    add(arguments, &target, &mut insertions)?;
    let (text, model) = target.change(insertions)?;
    let mut changes = Changes::below(&project.root);
    changes.edit(&target.path, target.text.as_str(), text);
    changes.apply(arguments.writing.manner(), shell)?;

    if let Some(variant) = variant(arguments, target.member, &target.import, &model, shell)? {
        shell.hint(format_args!("in Rust: return Err({variant})"));
    }
    Ok(())
}

/// Of several crates it is not said whose: what `--service` takes is a service of their protos.
fn several(project: &Project, error: Error, shell: &Shell) -> Error {
    let mut names = Vec::new();
    for member in project.services() {
        // What is wrong with one is told where it is meant.
        let Ok(model) = member.model() else { continue };
        let Ok(served) = sync::served(member, &model, shell) else { continue };
        names.extend(served.iter().map(|it| it.full_name.clone()));
    }
    names.sort_unstable();
    names.dedup();
    match names.is_empty() {
        true => error,
        false => error.with_hint(format!("say --service with one of: {}", names.join(", "))),
    }
}

/// How the error is made, from anywhere in the crate. Another package may have one of the same name.
fn variant(
    arguments: &Arguments,
    member: &Member,
    import: &str,
    model: &Model,
    shell: &Shell,
) -> Result<Option<String>> {
    let mut tree = sync::Tree::read(member, &[], shell)?;
    tree.own.bring(model);
    for package in &model.packages {
        for of in package.enums.iter().filter(|it| it.descriptor.parent_file().name() == import) {
            let value = of.values.iter().find(|it| it.proto_name == arguments.name);
            let Some((value, error)) = value.and_then(|it| Some((it, it.error.as_ref()?))) else {
                continue;
            };
            let module = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
            let variant = value.variant.as_ref().map(ToString::to_string).unwrap_or_default();
            let path = [vec!["crate".to_owned()], module, vec![of.path.to_string(), variant]]
                .concat()
                .join("::");
            let with: String = error
                .parameters()
                .iter()
                .map(|name| format!(".with(\"{name}\", {name})"))
                .collect();
            return Ok(Some(format!("{path}{}", if with.is_empty() { ".into()" } else { &with })));
        }
    }
    Ok(None)
}

fn check_name(name: &str) -> Result<()> {
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if is_name {
        return Ok(());
    }
    Err(Error::usage(format!("`{name}` cannot be a reason"))
        .with_hint("write it as USER_BLOCKED: capitals, digits and _"))
}

/// Puts the value into an enum of errors, and makes that if there is none.
fn add(arguments: &Arguments, target: &Target<'_>, insertions: &mut Insertions) -> Result<()> {
    let file = target.model.pool.get_file_by_name(&target.import);
    let is_here = |it: &&Enum| {
        it.values.iter().any(|value| value.error.is_some())
            && it.descriptor.parent_message().is_none()
            && file.as_ref().is_some_and(|file| it.descriptor.parent_file() == *file)
    };
    let enums: Vec<&Enum> =
        target.model.packages.iter().flat_map(|it| &it.enums).filter(is_here).collect();
    let name = |it: &Enum| it.descriptor.name().to_owned();
    let wanted =
        |it: &&&Enum| arguments.of.as_deref().is_none_or(|of| of == name(it) || of == it.full_name);
    let of: Vec<&&Enum> = enums.iter().filter(wanted).collect();
    let proto = ProtoText::read(&target.text);
    let step = proto.step();
    proto.import(&["bia/options.proto".to_owned()], insertions);
    match of.as_slice() {
        [of] => {
            if of.values.iter().any(|it| it.proto_name == arguments.name) {
                return Err(Error::new(format!("{} has {} already", of.full_name, arguments.name)));
            }
            let value = value(arguments, next_number(of), &step);
            if proto.add_to(["enum", &name(of)], &value, insertions) {
                return Ok(());
            }
            Err(Error::new(format!(
                "cannot find where {} begins in {}; nothing was written",
                of.full_name,
                shown(&target.path)
            ))
            .with_hint(format!("write there: {value}")))
        }
        [] => {
            let of = arguments.of.clone().unwrap_or_else(|| enum_name(&target.service));
            let value = value(arguments, 1, &step).replace('\n', &format!("\n{step}"));
            let zero = format!("{}_UNSPECIFIED", shouty(&of));
            proto.append(
                &format!(
                    "// Why the service refuses.\nenum {of} {{\n\
                     {step}{zero} = 0 [(bia.error) = {{code: 500}}];\n\n{step}{value}\n}}"
                ),
                insertions,
            );
            Ok(())
        }
        several => {
            let names: Vec<String> = several.iter().map(|it| name(it)).collect();
            Err(Error::usage(format!("{} has several enums of errors", shown(&target.path)))
                .with_hint(format!("say --enum with one of: {}", names.join(", "))))
        }
    }
}

/// The number behind all others, those that are reserved too.
fn next_number(of: &Enum) -> i32 {
    let used = of.values.iter().map(|it| it.number);
    let reserved = of.descriptor.reserved_ranges().map(|range| *range.end());
    let last = used.chain(reserved.filter(|it| *it < i32::MAX)).max().unwrap_or(-1);
    last.saturating_add(1)
}

fn value(arguments: &Arguments, number: i32, step: &str) -> String {
    let Arguments { name, code, message, .. } = arguments;
    match message {
        None => format!("{name} = {number} [(bia.error) = {{code: {code}}}];"),
        Some(message) => {
            let message = message.replace('\\', "\\\\").replace('"', "\\\"");
            format!(
                "{name} = {number} [(bia.error) = {{\n{step}code: {code}\n{step}message: \"{message}\"\n}}];"
            )
        }
    }
}

/// `UserError` of `user.v1.UserService`.
fn enum_name(service: &str) -> String {
    let name = service.rsplit('.').next().unwrap_or_default();
    format!("{}Error", name.strip_suffix("Service").filter(|it| !it.is_empty()).unwrap_or(name))
}

/// `USER_ERROR` of `UserError`.
fn shouty(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}
