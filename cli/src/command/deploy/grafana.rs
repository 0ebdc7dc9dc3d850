//! `bia deploy grafana`: the dashboard with its provisioning, and the alert rules.

use clap::Args;

use crate::error::Result;
use crate::project::Project;
use crate::shell::Shell;

use super::cluster::check_url;
use super::options::Placing;
use super::output::Output;
use super::template::{Values, render};

/// Written by `cargo xtask gen` from the catalogue of metrics: they fit the framework that this command came with.
const DASHBOARD: &str = include_str!("../../../deploy/grafana/bia.json");
const RULES: &str = include_str!("../../../deploy/prometheus/bia.rules.yaml");

#[derive(Debug, Args)]
#[command(after_help = "\
Grafana reads `provisioning` as /etc/grafana/provisioning and `dashboards` as /var/lib/grafana/dashboards;
Prometheus the rules by `rule_files`. `bia deploy compose` has all of it wired up.")]
pub(super) struct Arguments {
    /// Where Prometheus is, as Grafana reaches it.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090")]
    prometheus: String,
    /// Where Jaeger or Tempo is, as Grafana reaches it; default: no data source for traces.
    #[arg(long, value_name = "URL")]
    traces: Option<String>,
    #[command(flatten)]
    placing: Placing,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    check_url("--prometheus", &arguments.prometheus)?;
    if let Some(traces) = &arguments.traces {
        check_url("--traces", traces)?;
    }
    let project = Project::here()?;
    let mut again = "bia deploy grafana".to_owned();
    if arguments.prometheus != "http://prometheus:9090" {
        again.push_str(&format!(" --prometheus {}", arguments.prometheus));
    }
    if let Some(traces) = &arguments.traces {
        again.push_str(&format!(" --traces {traces}"));
    }
    let traces = arguments.traces.as_deref().map(|url| {
        let kind = if url.contains("tempo") || url.contains(":3200") { "tempo" } else { "jaeger" };
        (kind, url)
    });
    let mut output = Output::default();
    for (path, text) in files("grafana", &arguments.prometheus, traces, &again)? {
        output.add(path, text);
    }
    output.add("prometheus/bia.rules.yaml", RULES);
    output.own("grafana", again);
    output.write(&project, &arguments.placing.folder("deploy"), &arguments.placing, shell)
}

/// The alert rules.
pub(super) const fn rules() -> &'static str {
    RULES
}

/// What Grafana reads, below `folder`. `traces` is the kind of its data source and its address.
pub(super) fn files(
    folder: &str,
    prometheus: &str,
    traces: Option<(&str, &str)>,
    again: &str,
) -> Result<Vec<(String, String)>> {
    let mut values = Values::default();
    values.set("again", again);
    values.set("prometheus", prometheus);
    values.set("traces", traces.map(|it| it.1).unwrap_or_default());
    values.set("kind", traces.map(|it| it.0).unwrap_or_default());
    values.set(
        "title",
        traces.map(|it| if it.0 == "tempo" { "Tempo" } else { "Jaeger" }).unwrap_or_default(),
    );
    let sources = include_str!("templates/grafana/datasources.yaml");
    let dashboards = include_str!("templates/grafana/dashboards.yaml");
    Ok(vec![
        (format!("{folder}/dashboards/bia.json"), DASHBOARD.to_owned()),
        (format!("{folder}/provisioning/dashboards/bia.yaml"), render(dashboards, &values)?),
        (format!("{folder}/provisioning/datasources/bia.yaml"), render(sources, &values)?),
    ])
}
