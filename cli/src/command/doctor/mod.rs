//! `bia doctor`: what is wrong on this machine or with a service, and what helps.
//!
//! A check looks at one thing and says what it found. What it decides is apart from what it reads, so
//! that it can be tried without a machine that is ill.

mod finding;
mod machine;
mod service;
mod version;

use clap::Args;
use serde_json::json;

use crate::error::{Error, Result};
use crate::project::{Member, Project, here};
use crate::shell::{Look, Shell};

use super::run::plan;

use self::finding::{Finding, Mark};

#[derive(Debug, Args)]
#[command(after_help = "\
bia doctor                  this machine, and the service of this folder or all\n\
bia doctor user-service     this machine and that one\n\
\n\
With --json: {\"findings\": [{\"subject\", \"check\", \"mark\": \"ok\"|\"warn\"|\"bad\", \"what\", \"remedy\"}], \
\"warnings\", \"bad\"}.\n\
\n\
Looks, and changes nothing but what cargo builds: a service's program is run with --check-config, and \
built for that if it is not there. Exit code: 0 when nothing is bad, 1 otherwise; warnings are no failure.")]
pub(crate) struct Arguments {
    /// The service, by the name of its crate. Default: that of this folder, or all of the workspace.
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// What was found about one subject.
#[derive(Debug)]
struct Part {
    subject: String,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let (project, unread) = match project(arguments)? {
        Some(Ok(project)) => (Some(project), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let services = match &project {
        Some(project) => services(project, arguments.service.as_deref())?,
        None => Vec::new(),
    };
    let progress = shell.progress("Looking");
    progress.at("at this machine");
    let around = services.first().copied();
    let mut parts = vec![Part {
        subject: "this machine".to_owned(),
        findings: machine::look(project.as_ref(), around),
    }];
    parts.extend(unread.as_ref().map(|error| Part {
        subject: "this project".to_owned(),
        findings: vec![Finding::bad(
            "project",
            error.to_string(),
            error.hint().unwrap_or("correct it there; `cargo metadata` reads it as here"),
        )],
    }));
    if let Some(project) = &project {
        for member in &services {
            let findings = service::look(project, member, &progress, shell)?;
            parts.push(Part { subject: member.name.clone(), findings });
        }
    }
    drop(progress);
    if arguments.json {
        shell.data(as_json(&parts))?;
    } else {
        shell.data(render(&parts, shell.width().min(120)))?;
        if project.is_none() && unread.is_none() {
            shell.say("this folder is in no project: only the machine was looked at");
        }
    }
    outcome(&parts, shell)
}

/// That of this folder, or why it cannot be read; none outside of one.
///
/// # Errors
///
/// A service was asked for outside of a project.
fn project(arguments: &Arguments) -> Result<Option<Result<Project>>> {
    let folder = here()?;
    let is_inside = folder.ancestors().any(|it| it.join("Cargo.toml").is_file());
    match (is_inside, &arguments.service) {
        (true, _) => Ok(Some(Project::find(&folder))),
        (false, Some(_)) => Project::find(&folder).map(|project| Some(Ok(project))),
        (false, None) => Ok(None),
    }
}

fn services<'a>(project: &'a Project, name: Option<&str>) -> Result<Vec<&'a Member>> {
    if let Some(name) = name {
        return project.service(Some(name)).map(|it| vec![it]);
    }
    // A project without services has a machine all the same.
    let planned = plan::plan(project, &here()?, &[], false).unwrap_or_default();
    let named = |name: &str| project.members.iter().find(|it| it.name == name);
    Ok(planned.iter().filter_map(|it| named(&it.name)).collect())
}

fn count(parts: &[Part], mark: Mark) -> usize {
    parts.iter().flat_map(|part| &part.findings).filter(|it| it.mark == mark).count()
}

fn outcome(parts: &[Part], shell: &Shell) -> Result<()> {
    let (warnings, bad) = (count(parts, Mark::Warn), count(parts, Mark::Bad));
    let many = |number: usize, one: &str, more: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    };
    match (bad, warnings) {
        (0, 0) => shell.say("all is well"),
        (0, warnings) => {
            shell.say(format_args!("nothing is bad; {}", many(warnings, "warning", "warnings")));
        }
        (bad, _) => {
            return Err(Error::new(many(bad, "thing is wrong", "things are wrong")));
        }
    }
    Ok(())
}

fn as_json(parts: &[Part]) -> String {
    let findings: Vec<_> = parts
        .iter()
        .flat_map(|part| part.findings.iter().map(|it| it.json(&part.subject)))
        .collect();
    let (warnings, bad) = (count(parts, Mark::Warn), count(parts, Mark::Bad));
    format!("{:#}", json!({ "findings": findings, "warnings": warnings, "bad": bad }))
}

fn render(parts: &[Part], width: usize) -> String {
    let all = parts.iter().flat_map(|part| &part.findings);
    let names = all.map(|it| it.check.len()).max().unwrap_or_default();
    let parts: Vec<String> = parts
        .iter()
        .map(|part| {
            let lines = part.findings.iter().map(|it| it.render(names, width));
            let lines: Vec<String> =
                std::iter::once(Look::Bold.paint(&part.subject)).chain(lines).collect();
            lines.join("\n")
        })
        .collect();
    parts.join("\n\n")
}
