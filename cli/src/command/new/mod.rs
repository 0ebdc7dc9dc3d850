//! `bia new`: makes a service, or a workspace of services.

mod ask;
mod plan;
mod told;

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::Writing;
use crate::error::{Error, Result};
use crate::scaffold::{Database, Defaults, Faces, Registry};
use crate::shell::Shell;

pub(crate) use plan::{Parts, put};
pub(crate) use told::{made_with, run_and_call, steps};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bia new user-service                                 a service that keeps users, in SQLite
  bia new payments --registry consul --database postgres
  bia new greeter --from ../api/greeter/v1/greeter.proto
  bia new shop --workspace --service user-service --service order-service")]
pub(crate) struct Arguments {
    /// The folder to make; its last part is the name: small letters, digits, and `-` between words.
    ///
    /// `user-service` gets the package `user.v1` with `UserService`, and keeps users.
    // A text and not a path, so that an empty one comes here and is told what a name is.
    #[arg(value_name = "NAME", value_hint = ValueHint::AnyPath)]
    name: Option<String>,
    /// Makes a workspace: services beside each other that share protos, versions and one build. What
    /// `--registry`, `--database` and `--faces` say holds for those that `bia add service` adds, too.
    #[arg(long)]
    workspace: bool,
    /// A service to begin the workspace with; may be given again. Default: none.
    #[arg(long = "service", value_name = "NAME", conflicts_with_all = ["from", "resource"])]
    services: Vec<String>,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    writing: Writing,
}

/// What can be said of a service that is to be made.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Wish {
    /// Serves what this proto defines: it is copied with what it imports, and each method is there
    /// without a body.
    #[arg(long, value_name = "FILE.proto", conflicts_with = "resource")]
    pub(crate) from: Option<PathBuf>,
    /// What the service keeps, in the singular; default: by its name, `user` for `user-service`.
    #[arg(long, value_name = "WORD")]
    pub(crate) resource: Option<String>,
    /// Where it is found; default `local`, or what its workspace was made with.
    #[arg(long, value_name = "KIND")]
    pub(crate) registry: Option<Registry>,
    /// Where it keeps data; default `sqlite`, and `none` with `--from`, or what its workspace was made
    /// with.
    #[arg(long, value_name = "KIND")]
    pub(crate) database: Option<Database>,
    /// How it can be called; default `all`, or what its workspace was made with.
    #[arg(long, value_name = "WHICH")]
    pub(crate) faces: Option<Faces>,
    /// Its port, from 1 to 65534; what it tells of itself is on the next. Default: 8000, and in a
    /// workspace the first of 8000, 8100, … that no other service has.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=65534))]
    pub(crate) port: Option<u16>,
    /// The framework: a version, or the folder of a checkout. Default: the checkout that this command
    /// was built from if it is still there, or else the version of this command.
    #[arg(long, value_name = "PATH|VERSION")]
    pub(crate) framework: Option<String>,
    /// Asks nothing and takes the defaults, as it does where nobody is at the terminal.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl Wish {
    /// What can be said for all services of a workspace, as far as it was.
    fn choices(&self) -> Defaults {
        Defaults { registry: self.registry, database: self.database, faces: self.faces }
    }

    /// The same, with what the workspace was made with where nothing is said.
    pub(crate) fn or(self, defaults: Defaults) -> Self {
        Self {
            registry: self.registry.or(defaults.registry),
            database: self.database.or(defaults.database),
            faces: self.faces.or(defaults.faces),
            ..self
        }
    }
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let Arguments { name, workspace, services, mut wish, writing } = arguments;
    if let (false, Some(service)) = (workspace, services.first()) {
        let name = name.as_deref().unwrap_or("shop");
        return Err(Error::usage("`--service` is what a workspace begins with, and none is asked for")
            .with_hint(format!(
                "a workspace: `bia new {name} --workspace --service {service}`; one service by itself: `bia new {service}`"
            )));
    }
    let is_asked = shell.can_ask() && !wish.yes;
    let from = plan::read_definition(&wish)?;
    let folder = match name {
        Some(name) => PathBuf::from(name),
        None => plan::name_instead(workspace, from.as_ref(), is_asked.then_some(shell))?,
    };
    let plan = if workspace {
        let services = match services.as_slice() {
            [] if is_asked => ask::first_service(shell)?,
            _ => services,
        };
        if is_asked && !services.is_empty() {
            ask::parts(&mut wish, shell)?;
        }
        plan::Plan::workspace(folder, &services, &wish)?
    } else {
        if is_asked {
            ask::parts(&mut wish, shell)?;
        }
        plan::Plan::service(folder, &wish, from)?
    };
    plan.check_folder(writing)?;
    plan.tell_of_workspace(shell);
    plan.write(&wish, writing, shell)?;
    told::next(&plan, writing, shell);
    Ok(())
}
