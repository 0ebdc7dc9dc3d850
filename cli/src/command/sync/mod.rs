//! `bia sync`: brings the code in line with the protos, and touches nothing that a person wrote.

mod create;
mod finding;
mod gone;
mod implementation;
mod nearest;
mod plan;
mod shape;
#[cfg(test)]
mod tests;
mod tree;
mod usage;

use clap::Args;
use serde::Serialize;

use crate::change::{Changes, Manner};
use crate::error::{Error, Result};
use crate::project::{Member, Project};
use crate::shell::Shell;

pub(crate) use finding::Finding;
pub(crate) use plan::{Plan, served};
pub(crate) use tree::Tree;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
bia sync                  every service of the project\n  \
bia sync user-service     this one\n  \
bia sync --check          in CI: ends with 1 if there is anything to do")]
pub(crate) struct Arguments {
    /// The service whose code it is; every service of the project by default.
    service: Option<String>,
    /// Writes nothing, and ends with 1 if there is anything to do.
    #[arg(long)]
    check: bool,
    /// Says what would be written, and writes nothing.
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Makes an implementation, in a file of its own, for each service of the protos that has none.
    #[arg(long)]
    create: bool,
    /// Prints what was found as JSON: `findings` with `kind`, `crate`, `service`, `method`, `file`,
    /// `line`, `expected`, `renamed_to`, and `to_do`, how many of them wait for somebody.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
    to_do: usize,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let members: Vec<&Member> = match &arguments.service {
        Some(name) => vec![project.service(Some(name))?],
        None => project.services().collect(),
    };
    if members.is_empty() {
        // Says what a service is.
        project.service(None)?;
    }
    let mut plan = Plan::default();
    for member in members {
        let model = member.model()?;
        plan.add(member, &model, arguments.create, shell)?;
    }
    if arguments.check {
        return match tell(&plan, arguments, shell)? {
            0 => {
                shell.status("Checked", "the code is as the protos say");
                Ok(())
            }
            1 => Err(Error::new("one thing is not as the protos say").with_hint(
                "`bia sync` adds what is new, `bia sync --create` also what has no implementation",
            )),
            to_do => Err(Error::new(format!("{to_do} things are not as the protos say")).with_hint(
                "`bia sync` adds what is new, `bia sync --create` also what has no implementation",
            )),
        };
    }
    let manner = if arguments.dry_run { Manner::DryRun } else { Manner::Careful };
    let mut changes = Changes::below(&project.root);
    plan.write(&mut changes);
    if changes.is_empty() && plan.findings.is_empty() {
        shell.status("Unchanged", "the code is as the protos say");
    }
    // What is told as new is there.
    changes.apply(manner, shell)?;
    tell(&plan, arguments, shell).map(drop)
}

/// Tells what was found; how much of it waits for somebody.
fn tell(plan: &Plan, arguments: &Arguments, shell: &Shell) -> Result<usize> {
    let is_dry = arguments.check || arguments.dry_run;
    let to_do = plan.findings.iter().filter(|it| it.waits(is_dry)).count();
    if arguments.json {
        let report = Report { findings: &plan.findings, to_do };
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Error::new(format!("cannot print: {error}")))?;
        shell.data(text)?;
    } else {
        plan.tell(is_dry, shell)?;
    }
    Ok(to_do)
}
