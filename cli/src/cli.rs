//! The arguments: what can be asked, and what holds for all of it.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::command::{
    add, call, completions, config, deploy, doctor, explain, man, new, proto, routes, run,
    services, sync, upgrade,
};

/// Makes gRPC microservices on Bia, and looks after them.
///
/// Data goes to stdout, talk to stderr. The exit code is 0 if all went well, 1 if something failed or
/// a check found something, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(
    name = "bia",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// How this run speaks.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it speaks")]
pub(crate) struct Talk {
    /// Says nothing but errors; data is printed all the same.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When there is colour; `auto` is on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
}

impl Talk {
    /// What can be told of it where the arguments as a whole are none, or ask for help.
    pub(crate) fn of(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut color = Colour::Auto;
        let mut before = OsString::new();
        for argument in arguments {
            let text = argument.to_string_lossy();
            let value =
                if before == "--color" { Some(&*text) } else { text.strip_prefix("--color=") };
            let value = value.and_then(|value| Colour::from_str(value, false).ok());
            color = value.unwrap_or(color);
            before = argument;
        }
        Self { quiet: false, color }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// What writes files, and may be asked to only say what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Writing {
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replaces files that are there and say something else.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a service, or a workspace of services.
    New(new::Arguments),
    /// Adds a service, a method, an error, a client or a job to what is there.
    Add(add::Arguments),
    /// Brings the code in line with the proto; nothing that a person wrote is touched.
    ///
    /// Methods that are new in a proto come into the implementation, in the order of the proto, each
    /// with a body that answers UNIMPLEMENTED. Methods that are in the code but not in the proto, and
    /// methods whose messages or kind changed, are told with their place and left alone. If a file that
    /// has to do with a service is no Rust, nothing is written at all.
    Sync(sync::Arguments),
    /// Brings a project to the templates of this version; what you changed stays.
    Upgrade(upgrade::Arguments),
    /// Works on protos: adds, lints, formats, and finds what would break callers.
    Proto(proto::Arguments),
    /// Runs services, and builds and restarts them when their code changes.
    Run(run::Arguments),
    /// Calls a method of a service that runs.
    Call(call::Arguments),
    /// Shows who is in the registry.
    Services(services::Arguments),
    /// Reads and writes settings in Consul, and signs them.
    Config(config::Arguments),
    /// Shows every operation with its faces, deadline, auth and retry.
    Routes(routes::Arguments),
    /// Looks for what is wrong on this machine, or with a service.
    Doctor(doctor::Arguments),
    /// Tells what a reason of an error means, and what to do about it.
    Explain(explain::Arguments),
    /// Writes what it takes to run services elsewhere: images, manifests, dashboards.
    Deploy(deploy::Arguments),
    /// Prints what makes a shell complete this command.
    Completions(completions::Arguments),
    /// Prints the manual, or writes its pages into a folder.
    Man(man::Arguments),
}
