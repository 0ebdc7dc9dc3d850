//! What can be asked of every output: for which services, and where to.

use std::fmt::Display;
use std::path::{Component, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::Writing;
use crate::error::{Error, Result};
use crate::project::Project;
use crate::shell::Shell;

use super::facts::Facts;
use super::scan::Code;

/// For which services.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which services")]
pub(super) struct Which {
    /// The services, by the names of their crates; default: that of the current folder, or the only one.
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Writes for each service of the workspace.
    #[arg(long, conflicts_with = "services")]
    all_services: bool,
    /// What it is called where it runs; default: its name in the registry.
    #[arg(long, value_name = "NAME", conflicts_with = "all_services")]
    name: Option<String>,
    /// Reads `configs/app.ENV.yaml` over `configs/app.yaml`, as the service does where `BIA_ENV=ENV`;
    /// default: only the latter.
    #[arg(long, value_name = "ENV")]
    env: Option<String>,
    /// Where data is kept, whatever the settings say; default: as they say.
    #[arg(long, value_name = "KIND")]
    database: Option<Engine>,
}

/// Where data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// In a file of SQLite on a volume: one copy of the service, no more.
    Sqlite,
    /// In PostgreSQL, whose address comes from a secret.
    Postgres,
}

/// Where to, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What is written")]
pub(super) struct Placing {
    /// The folder that the outputs lie in, below the workspace; default: `deploy`, and for the
    /// workflow `.github`.
    #[arg(long, value_name = "FOLDER", value_parser = below)]
    to: Option<PathBuf>,
    /// Shows what would be different, writes nothing, and ends with 1 if anything is.
    #[arg(long, conflicts_with_all = ["force", "dry_run"])]
    pub(super) diff: bool,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// A folder below the workspace: what is written names other files of it by ways that stay inside.
fn below(text: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_below =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if is_below && !text.is_empty() {
        return Ok(path);
    }
    Err("not a folder below the workspace: a path from its root, without `..`, as in ops/deploy"
        .to_owned())
}

impl Placing {
    /// Says what to type next, where something was written.
    pub(super) fn next(&self, command: impl Display, shell: &Shell) {
        if !self.diff && !self.writing.dry_run {
            shell.hint(format_args!("next: `{command}`"));
        }
    }

    /// The folder of the outputs, which is `default` unless one was named.
    pub(super) fn folder(&self, default: &str) -> PathBuf {
        self.to.clone().unwrap_or_else(|| PathBuf::from(default))
    }
}

impl Which {
    /// What is true of each service that was asked for.
    ///
    /// # Errors
    ///
    /// There is no such service, or it cannot be told what is true of it.
    pub(super) fn facts(&self, project: &Project, shell: &Shell) -> Result<Vec<Facts>> {
        self.facts_of(project, self.all_services, shell)
    }

    /// The same, where all are meant unless one was named.
    pub(super) fn facts_of_all(&self, project: &Project, shell: &Shell) -> Result<Vec<Facts>> {
        self.facts_of(project, self.services.is_empty(), shell)
    }

    fn facts_of(&self, project: &Project, all: bool, shell: &Shell) -> Result<Vec<Facts>> {
        let members = if all {
            // A program that makes no app is a client, or a tool.
            let all = project.services().filter(|it| Code::below(&it.folder.join("src")).is_app);
            let all: Vec<_> = all.collect();
            if all.is_empty() {
                // Says what is missing, where anything is.
                vec![project.service(None)?]
            } else {
                all
            }
        } else if self.services.is_empty() {
            vec![project.service(None)?]
        } else {
            let named = self.services.iter().map(|name| project.service(Some(name)));
            named.collect::<Result<Vec<_>>>()?
        };
        if self.name.is_some() && members.len() > 1 {
            return Err(Error::usage("--name is for one service, and these are several"));
        }
        let mut found: Vec<Facts> = Vec::new();
        for member in members {
            let mut facts =
                Facts::of(project, member, self.name.as_deref(), self.env.as_deref(), shell)?;
            if let Some(engine) = self.database {
                facts.keep_data_in(engine)?;
            }
            if let Some(same) = found.iter().find(|it| it.name == facts.name) {
                return Err(Error::new(format!(
                    "{} and {} are both called {}",
                    same.package, facts.package, facts.name
                ))
                .with_hint("set `app.name` of one of them"));
            }
            found.push(facts);
        }
        Ok(found)
    }

    /// What to type to have it again, behind the output's own name.
    pub(super) fn again(&self) -> String {
        let named: String = self.services.iter().map(|service| format!(" {service}")).collect();
        named + &self.flags()
    }

    /// The same for one service alone, however many were asked for: so it does not matter to its files
    /// with which others they were written.
    pub(super) fn again_for(&self, facts: &Facts) -> String {
        format!(" {}{}", facts.package, self.flags())
    }

    fn flags(&self) -> String {
        let mut flags = String::new();
        for (flag, value) in [("name", &self.name), ("env", &self.env)] {
            if let Some(value) = value {
                flags.push_str(&format!(" --{flag} {value}"));
            }
        }
        match self.database {
            Some(Engine::Sqlite) => flags.push_str(" --database sqlite"),
            Some(Engine::Postgres) => flags.push_str(" --database postgres"),
            None => {}
        }
        flags
    }
}
