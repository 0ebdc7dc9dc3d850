//! `bia deploy docker`: a Dockerfile for each service, and what its context leaves out.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::error::Result;
use crate::project::Project;
use crate::shell::Shell;

use super::context;
use super::facts::{Facts, HOME};
use super::options::{Placing, Which};
use super::output::Output;
use super::pinned;
use super::template::{Values, render};

#[derive(Debug, Args)]
#[command(after_help = "\
The context of the build is the workspace:
  docker build -f deploy/docker/user-service/Dockerfile -t user-service .
The base image is an argument, so that it can be pinned by its digest:
  docker build --build-arg BASE_IMAGE=gcr.io/distroless/cc-debian12@sha256:… …")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// What the image is based on.
    #[arg(long, value_name = "BASE", default_value = "distroless")]
    base: Base,
    #[command(flatten)]
    placing: Placing,
}

/// What an image is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Base {
    /// A C library, certificates and a user, no shell.
    Distroless,
    /// Nothing at all: the program is linked with musl, its allocator is slower under load.
    Scratch,
    /// Debian with a shell, for those who must look inside; has a health check.
    Debian,
}

impl Base {
    const fn word(self) -> &'static str {
        match self {
            Self::Distroless => "distroless",
            Self::Scratch => "scratch",
            Self::Debian => "debian",
        }
    }

    const fn image(self) -> &'static str {
        match self {
            Self::Distroless => "gcr.io/distroless/cc-debian12:nonroot",
            Self::Scratch => "scratch",
            Self::Debian => "docker.io/library/debian:bookworm-slim",
        }
    }

    fn builder(self) -> String {
        let rust = pinned::RUST;
        match self {
            // The same C library as that of the base.
            Self::Distroless | Self::Debian => format!("docker.io/library/rust:{rust}-bookworm"),
            Self::Scratch => format!("docker.io/library/rust:{rust}-alpine"),
        }
    }
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let all = arguments.which.facts(&project, shell)?;
    let to = arguments.placing.folder("deploy");
    let mut output = Output::default();
    let mut buildable = Vec::new();
    for facts in &all {
        let mut again = format!("bia deploy docker{}", arguments.which.again_for(facts));
        if arguments.base != Base::Distroless {
            again.push_str(&format!(" --base {}", arguments.base.word()));
        }
        for (path, text) in files(facts, arguments.base, &to, &again)? {
            output.add(path, text);
        }
        output.own(format!("docker/{}", facts.name), again);
        if context::look_around(&project, facts, shell) {
            buildable.push(facts);
        }
    }
    output.write(&project, &to, &arguments.placing, shell)?;
    for facts in buildable {
        let file = to.join("docker").join(&facts.name).join("Dockerfile");
        let command = format!("docker build -f {} -t {} .", file.display(), facts.name);
        arguments.placing.next(command, shell);
    }
    Ok(())
}

/// The Dockerfile of a service and what belongs to it, by their paths below `deploy`.
pub(super) fn files(
    facts: &Facts,
    base: Base,
    to: &Path,
    again: &str,
) -> Result<Vec<(String, String)>> {
    let mut values = Values::default();
    values.set("to", to.display());
    values.set("again", again);
    values.set("name", &facts.name);
    values.set("package", &facts.package);
    values.set("program", &facts.program);
    values.set("version", &facts.version);
    values.set("rust", base.builder());
    values.set("base", base.image());
    values.set("scratch", base == Base::Scratch);
    values.set("debian", base == Base::Debian);
    values.set("port", facts.port);
    values.set("admin", facts.admin_port);
    values.set("timeout", facts.probe_timeout());
    values.set("grace", facts.patience());
    values.set("home", HOME);
    values.set("data", facts.data_folder().unwrap_or_default());
    let url = facts.file_url().zip(facts.database_variable());
    values.set("url", url.map(|(url, variable)| format!("{variable}={url}")).unwrap_or_default());
    let configs = facts.folder.join("configs");
    let configs =
        if facts.settings.is_empty() { String::new() } else { configs.display().to_string() };
    values.set("configs", configs);
    let folder = format!("docker/{}", facts.name);
    Ok(vec![
        (
            format!("{folder}/Dockerfile"),
            render(include_str!("templates/docker/Dockerfile"), &values)?,
        ),
        (
            // Found there by BuildKit, so that services of one workspace need not share one.
            format!("{folder}/Dockerfile.dockerignore"),
            render(include_str!("templates/docker/dockerignore"), &values)?,
        ),
    ])
}
