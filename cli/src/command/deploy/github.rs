//! `bia deploy github`: a workflow that checks, tests, and makes signed images.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::Result;
use crate::project::Project;
use crate::shell::Shell;

use super::context;
use super::docker::{self, Base};
use super::facts::Facts;
use super::options::{Placing, Which};
use super::output::Output;
use super::pinned;
use super::template::{Values, render};

#[derive(Debug, Args)]
#[command(after_help = "\
Services that are not named are all of the workspace. Where there is no Dockerfile, one is written too.
Images go to the registry of the repository (ghcr.io/OWNER/REPOSITORY/NAME), signed with cosign by the
identity of the workflow: there is no key to keep. To check one:
  cosign verify --certificate-oidc-issuer https://token.actions.githubusercontent.com \\
    --certificate-identity-regexp '^https://github.com/OWNER/REPOSITORY/' IMAGE")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The branch that images are made of, and that changes are compared with.
    #[arg(long, value_name = "BRANCH", default_value = "main", value_parser = branch)]
    branch: String,
    #[command(flatten)]
    placing: Placing,
}

/// A branch as git takes it, of which neither YAML, nor a pattern or an expression of a workflow, nor a
/// shell makes anything else.
fn branch(text: &str) -> std::result::Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || "._/-#@".contains(c);
    let is_part = |it: &str| {
        !it.is_empty()
            && !it.starts_with(['.', '#'])
            && !it.ends_with('.')
            && !it.ends_with(".lock")
    };
    let is_branch = text.chars().all(is_plain)
        && text.split('/').all(is_part)
        && !text.contains("..")
        && !text.starts_with('-')
        && !matches!(text, "@" | "HEAD");
    match is_branch {
        true => Ok(text.to_owned()),
        false => Err("not the name of a branch that a workflow can be for: letters, digits and \
                      `.`, `_`, `/`, `-`, as in release/1.2"
            .to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let all = arguments.which.facts_of_all(&project, shell)?;
    // Workflows lie at the top of the repository, and nowhere else.
    let top = top_of_repository(&project.root);
    let below = project.root.strip_prefix(&top).map(Path::to_owned).unwrap_or_default();
    let mut again = format!("bia deploy github{}", arguments.which.again());
    if arguments.branch != "main" {
        again.push_str(&format!(" --branch {}", arguments.branch));
    }
    let mut values = Values::default();
    values.set("again", &again);
    values.set("branch", &arguments.branch);
    values.set("rust", pinned::RUST);
    values.set("bia", pinned::BIA);
    values.set("below", below.display());
    let context =
        if below.as_os_str().is_empty() { ".".to_owned() } else { below.display().to_string() };
    values.set("context", context);
    let services =
        all.iter().map(|facts| format!("- name: {}\n  package: {}\n", facts.name, facts.package));
    values.set("services", services.collect::<String>());
    values.set("protos", all.iter().any(|facts| !facts.services.is_empty()));
    let workflow = render(include_str!("templates/github/workflow.yaml"), &values)?;
    let mut output = Output::default();
    output.add("workflows/bia.yml", workflow);
    let to = arguments.placing.folder(&top.join(".github").display().to_string());
    images(&project, &all, arguments, shell)?;
    output.write(&project, &to, &arguments.placing, shell)
}

/// The Dockerfiles that the workflow builds, where there are none.
fn images(project: &Project, all: &[Facts], arguments: &Arguments, shell: &Shell) -> Result<()> {
    let folder = Path::new("deploy");
    let mut output = Output::default();
    for facts in all {
        let again = format!("bia deploy docker {}", facts.package);
        for (path, text) in docker::files(facts, Base::Distroless, folder, &again)? {
            if !project.root.join(folder).join(&path).exists() {
                output.add(path, text);
            }
        }
        context::look_around(project, facts, shell);
    }
    if output.is_empty() || arguments.placing.diff {
        return Ok(());
    }
    output.write(project, folder, &arguments.placing, shell)
}

/// The folder with `.git`, else the workspace.
fn top_of_repository(root: &Path) -> PathBuf {
    let top = root.ancestors().find(|folder| folder.join(".git").exists());
    top.unwrap_or(root).to_owned()
}
