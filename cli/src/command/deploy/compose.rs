//! `bia deploy compose`: the services of a workspace on one machine, with all that they talk to.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::project::Project;
use crate::shell::Shell;

use super::context;
use super::docker::{self, Base};
use super::facts::{Facts, METRICS, READY};
use super::options::{Placing, Which};
use super::output::Output;
use super::template::{Values, render};
use super::{grafana, pinned};

#[derive(Debug, Args)]
#[command(after_help = "\
Services that are not named are all of the workspace. Where there is no Dockerfile, one is written too.
  bia deploy compose && docker compose -f deploy/compose/compose.yaml up --build
Every port is open to this machine alone. Passwords are those of a machine to try things on:
  POSTGRES_PASSWORD, GRAFANA_PASSWORD")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Where traces are kept and looked at.
    #[arg(long, value_name = "KIND", default_value = "jaeger")]
    traces: Traces,
    #[command(flatten)]
    placing: Placing,
}

/// Where traces are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Traces {
    /// Jaeger: a page of its own, in memory.
    Jaeger,
    /// Tempo: seen in Grafana, on a volume.
    Tempo,
}

/// What the others are found by, on this machine.
const TAKEN: [u16; 7] = [8500, 4317, 4318, 16686, 9090, 3000, 5432];

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let all = arguments.which.facts_of_all(&project, shell)?;
    let is_tempo = arguments.traces == Traces::Tempo;
    let mut again = format!("bia deploy compose{}", arguments.which.again());
    if is_tempo {
        again.push_str(" --traces tempo");
    }
    let to = arguments.placing.folder("deploy");
    let mut values = infrastructure(&all, is_tempo, &again);
    values.set("to", to.display());
    let mut services = String::new();
    let mut jobs = String::new();
    let mut volumes = String::new();
    let mut ports: BTreeSet<u16> = TAKEN.into_iter().collect();
    let mut output = Output::default();
    for facts in &all {
        let mut own = of_service(facts, &all, &mut ports)?;
        own.set("to", to.display());
        own.set("busybox", takes_busybox(&project, &to, facts));
        own.set("context", context(&project, &to));
        services.push_str(&render(include_str!("templates/compose/service.yaml"), &own)?);
        jobs.push_str(&render(include_str!("templates/compose/job.yaml"), &own)?);
        if facts.data_folder().is_some() {
            volumes.push_str(&format!("{}-data: {{}}\n", facts.name));
        }
        let dockerfile = format!("bia deploy docker {}", facts.package);
        for (path, text) in docker::files(facts, Base::Distroless, &to, &dockerfile)? {
            output.add_once(path, text);
        }
        context::look_around(&project, facts, shell);
    }
    values.set("services", services);
    values.set("jobs", jobs);
    values.set("volumes", volumes);
    for (path, template) in [
        ("compose.yaml", include_str!("templates/compose/compose.yaml")),
        ("collector.yaml", include_str!("templates/compose/collector.yaml")),
        ("prometheus/prometheus.yaml", include_str!("templates/compose/prometheus.yaml")),
    ] {
        output.add(format!("compose/{path}"), render(template, &values)?);
    }
    if is_tempo {
        let tempo = render(include_str!("templates/compose/tempo.yaml"), &values)?;
        output.add("compose/tempo.yaml", tempo);
    }
    if all.iter().any(Facts::is_postgres) {
        output.add("compose/postgres/databases.sql", databases(&all, &again));
    }
    output.add("compose/prometheus/bia.rules.yaml", grafana::rules());
    let traces = match arguments.traces {
        Traces::Jaeger => ("jaeger", "http://jaeger:16686"),
        Traces::Tempo => ("tempo", "http://tempo:3200"),
    };
    let prometheus = "http://prometheus:9090";
    for (path, text) in grafana::files("compose/grafana", prometheus, Some(traces), &again)? {
        output.add(path, text);
    }
    output.own("compose", &again);
    output.write(&project, &to, &arguments.placing, shell)?;
    let file = to.join("compose/compose.yaml");
    let command = format!("docker compose -f {} up --build", file.display());
    arguments.placing.next(command, shell);
    Ok(())
}

fn infrastructure(all: &[Facts], is_tempo: bool, again: &str) -> Values {
    let mut values = Values::default();
    values.set("again", again);
    values.set("tempo", is_tempo);
    values.set("traces", if is_tempo { "tempo" } else { "jaeger" });
    values.set("postgres", all.iter().any(Facts::is_postgres));
    values.set("metrics", METRICS);
    for (name, image) in [
        ("consul_image", pinned::CONSUL),
        ("collector_image", pinned::COLLECTOR),
        ("jaeger_image", pinned::JAEGER),
        ("tempo_image", pinned::TEMPO),
        ("prometheus_image", pinned::PROMETHEUS),
        ("grafana_image", pinned::GRAFANA),
        ("postgres_image", pinned::POSTGRES),
    ] {
        values.set(name, image);
    }
    values
}

/// What a service of it is; takes its ports of this machine out of those that are free.
fn of_service(facts: &Facts, all: &[Facts], taken: &mut BTreeSet<u16>) -> Result<Values> {
    let mut values = Values::default();
    let mut on_host = |port: u16| {
        // The same port if nobody has it, else that of the next hundred.
        let free = (port..=u16::MAX).step_by(100).find(|it| !taken.contains(it));
        let free = free.or_else(|| (1024..=u16::MAX).find(|it| !taken.contains(it)));
        let port = free.ok_or_else(|| Error::new("there are more services than ports"))?;
        taken.insert(port);
        Ok::<u16, Error>(port)
    };
    values.set("host_port", on_host(facts.port)?);
    values.set("host_admin", on_host(facts.admin_port)?);
    values.set("name", &facts.name);
    values.set("package", &facts.package);
    values.set("version", &facts.version);
    values.set("port", facts.port);
    values.set("admin", facts.admin_port);
    values.set("ready", READY);
    values.set("metrics", METRICS);
    values.set("timeout", facts.probe_timeout());
    values.set("grace", facts.patience());
    values.set("tls", facts.is_tls);
    values.set("variable", facts.database_variable().unwrap_or_default());
    values.set("postgres", facts.is_postgres());
    values.set("database", database_name(facts));
    values.set("file", facts.file_url().unwrap_or_default());
    values.set("data", facts.data_folder().unwrap_or_default());
    let here = facts.calls.iter().filter(|callee| all.iter().any(|it| it.name == **callee));
    let calls: Vec<&str> = here.map(String::as_str).collect();
    values.set("calls", calls.join(", "));
    Ok(values)
}

/// Whether its image can be based on what has a busybox: ours can, unless it is based on Debian.
fn takes_busybox(project: &Project, to: &Path, facts: &Facts) -> bool {
    let path = project.root.join(to).join("docker").join(&facts.name).join("Dockerfile");
    let Ok(text) = std::fs::read_to_string(path) else { return true };
    let bases = ["ARG BASE_IMAGE=scratch", "ARG BASE_IMAGE=gcr.io/distroless/"];
    text.lines().any(|line| bases.iter().any(|base| line.starts_with(base)))
}

/// The workspace, as seen from the compose file.
fn context(project: &Project, to: &Path) -> String {
    if to.is_absolute() {
        return project.root.display().to_string();
    }
    let up = to.components().filter(|it| matches!(it, std::path::Component::Normal(_))).count();
    vec![".."; up + 1].join("/")
}

fn database_name(facts: &Facts) -> String {
    facts.name.replace('-', "_")
}

fn databases(all: &[Facts], again: &str) -> String {
    let own = all.iter().filter(|facts| facts.is_postgres());
    let lines: String =
        own.map(|facts| format!("CREATE DATABASE {};\n", database_name(facts))).collect();
    format!("-- Written by `{again}`: run once, when the volume is new.\n{lines}")
}
