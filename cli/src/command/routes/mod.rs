//! `bia routes`: every operation with its faces and rules.

mod route;
mod show;

use std::path::Path;

use bia_codegen::{Compiler, Model};
use clap::Args;

use crate::error::{Error, Result};
use crate::project::{Project, here};
use crate::remote::{self, Dial, Place, Whereabouts, reflect};
use crate::runtime;
use crate::shell::Shell;

use self::route::{Route, routes};

/// Shows every operation with its faces, deadline, auth, retry and errors.
///
/// By default those of the service of this folder, or of all in a workspace, as their protos say; settings may overrule them. With
/// `--of`, those of a service that runs.
#[derive(Debug, Args)]
#[command(after_help = "\
bia routes                    of the service of this folder, or all of a workspace
bia routes user-service       of one of the workspace
bia routes --of user-service  of one that runs, as it tells itself")]
pub(crate) struct Arguments {
    /// The service of the project; default: that of this folder, or all of the workspace.
    service: Option<String>,
    /// A service that runs, rather than the project's: its name in the registry, or an address.
    #[arg(long, value_name = "TARGET", conflicts_with = "service")]
    of: Option<String>,
    /// Prints a list: `service`, `operation`, `kind`, `grpc`, `http` (with `verb`, `path`, `body`,
    /// `over`), `deadline`, `idempotency`, `auth`, `retry`, `errors`, `deprecated`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    dial: Dial,
    #[command(flatten)]
    whereabouts: Whereabouts,
}

#[expect(clippy::needless_pass_by_value, reason = "as every command is run")]
pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let all = match &arguments.of {
        Some(target) => of_running(target, &arguments, shell)?,
        None => of_project(arguments.service.as_deref(), shell)?,
    };
    if arguments.json {
        let all: Vec<_> = all.iter().map(Route::document).collect();
        return shell.data(serde_json::Value::from(all));
    }
    if all.is_empty() {
        shell.say("nothing is served: no code makes a service of what the protos say");
        return Ok(());
    }
    shell.data(show::tables(&all, shell.columns()))
}

fn of_project(service: Option<&str>, shell: &Shell) -> Result<Vec<Route>> {
    let project = Project::here()?;
    let members: Vec<_> = match service {
        Some(name) => vec![project.service(Some(name))?],
        None => match project.around(&here()?) {
            Some(own) => vec![own],
            None => project.services().collect(),
        },
    };
    if members.is_empty() {
        // Says what makes a service.
        project.service(None)?;
    }
    let (mut all, mut failure) = (Vec::new(), None);
    for member in members {
        match member.model() {
            Ok(model) => {
                let code = code(&member.folder.join("src"));
                let is_served = |function: &str| code.contains(&format!("{function}("));
                all.extend(routes(&member.name, &model, is_served));
            }
            // The others are shown all the same.
            Err(error) => failure = failure.or_else(|| Some((member.name.clone(), error))),
        }
    }
    match failure {
        Some((_, error)) if all.is_empty() => Err(error),
        Some((name, error)) => {
            shell.warn(format_args!("{name} is not shown: {error}"));
            Ok(all)
        }
        None => Ok(all),
    }
}

/// All Rust below a folder but for tests. A program may have code of services that it only calls: it
/// serves those that it makes a service of.
fn code(folder: &Path) -> String {
    let (mut code, mut folders) = (String::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        // What cannot be read here, cargo tells of.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                // Tests stand last.
                code.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
            }
        }
    }
    code
}

fn of_running(target: &str, arguments: &Arguments, shell: &Shell) -> Result<Vec<Route>> {
    let place: Place = target.parse()?;
    let model: Model = runtime::block_on(async {
        let (whereabouts, dial) = (&arguments.whereabouts, &arguments.dial);
        let connection = remote::connect(&place, whereabouts, dial, shell).await?;
        let told = reflect(&connection.channel, &dial.metadata()).await?;
        connection.tell_of_lane(dial, &place, shell);
        let own = told.services.iter().filter(|name| !name.starts_with("grpc."));
        let files: Vec<_> = own
            .filter_map(|name| told.pool.get_service_by_name(name))
            .map(|service| service.parent_file().name().to_owned())
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        Compiler::new().model_of(&told.pool, &files).map_err(|error| {
            Error::new(format!("cannot make sense of what {place} tells of itself: {error}"))
                .with_hint("`bia call TARGET --list` shows its methods all the same")
        })
    })?;
    Ok(routes(&place.to_string(), &model, |_| true))
}
