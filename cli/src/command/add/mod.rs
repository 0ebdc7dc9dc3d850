//! `bia add`: a service, a method, an error, a client or a job, in the proto and in the code.

mod client;
mod error;
mod job;
mod rpc;
mod rust;
mod service;
mod target;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::shell::Shell;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adds a service to a workspace, on ports that are free among the others.
    Service(service::Arguments),
    /// Adds a method to a service: to the proto with its messages, and to the code.
    ///
    /// In the code it answers UNIMPLEMENTED until somebody writes it. Comments and formatting of the
    /// proto stay as they are; messages that are there already are used.
    Rpc(rpc::Arguments),
    /// Adds an error to the proto: a reason with a code and a message.
    ///
    /// In Rust it is a variant that makes the error. It goes to the enum of errors of the service's
    /// proto; if there is none, that is made.
    Error(error::Arguments),
    /// Lets a service call another one.
    ///
    /// The other's proto goes into `build.rs`, and a client that finds it through the registry into
    /// `main.rs`.
    Client(client::Arguments),
    /// Adds work that is done again and again while the service runs.
    ///
    /// It is a file in `src/jobs`, and a line in `main.rs` that has the app start it and stop it. A run
    /// that has begun when the service stops is finished, and cut only when the time of the stop is up.
    Job(job::Arguments),
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    match arguments.what {
        What::Service(arguments) => service::run(arguments, shell),
        What::Rpc(arguments) => rpc::run(&arguments, shell),
        What::Error(arguments) => error::run(&arguments, shell),
        What::Client(arguments) => client::run(&arguments, shell),
        What::Job(arguments) => job::run(&arguments, shell),
    }
}

/// Whether files are written.
#[derive(Clone, Copy, Debug, Args)]
struct Writing {
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Writing {
    fn manner(self) -> crate::change::Manner {
        if self.dry_run { crate::change::Manner::DryRun } else { crate::change::Manner::Careful }
    }
}
