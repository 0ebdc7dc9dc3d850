//! `bia deploy helm`: a chart for each service, with a schema of its values.

use clap::Args;

use crate::error::Result;
use crate::project::Project;
use crate::shell::Shell;

use super::cluster::{Cluster, is_scaled, tell_of_data};
use super::facts::{Facts, Route};
use super::options::{Placing, Which};
use super::output::Output;
use super::pinned;
use super::template::{Values, render};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bia deploy helm user-service --image registry.example/user-service
  helm upgrade --install user-service deploy/helm/user-service --set image.tag=1.4.0
What can be set is in values.yaml; what cannot be right is refused by its schema.")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    placing: Placing,
}

/// The files of a chart, as they are below its folder.
const FILES: &[(&str, &str)] = &[
    (".helmignore", include_str!("templates/helm/helmignore")),
    ("Chart.yaml", include_str!("templates/helm/Chart.yaml")),
    ("values.yaml", include_str!("templates/helm/values.yaml")),
    ("values.schema.json", include_str!("templates/helm/values.schema.json")),
    ("templates/_helpers.tpl", include_str!("templates/helm/templates/_helpers.tpl")),
    ("templates/NOTES.txt", include_str!("templates/helm/templates/NOTES.txt")),
    ("templates/canary.yaml", include_str!("templates/helm/templates/canary.yaml")),
    ("templates/configmap.yaml", include_str!("templates/helm/templates/configmap.yaml")),
    ("templates/deployment.yaml", include_str!("templates/helm/templates/deployment.yaml")),
    ("templates/hpa.yaml", include_str!("templates/helm/templates/hpa.yaml")),
    ("templates/ingress.yaml", include_str!("templates/helm/templates/ingress.yaml")),
    ("templates/networkpolicy.yaml", include_str!("templates/helm/templates/networkpolicy.yaml")),
    ("templates/pdb.yaml", include_str!("templates/helm/templates/pdb.yaml")),
    ("templates/service.yaml", include_str!("templates/helm/templates/service.yaml")),
    ("templates/serviceaccount.yaml", include_str!("templates/helm/templates/serviceaccount.yaml")),
    ("templates/servicemonitor.yaml", include_str!("templates/helm/templates/servicemonitor.yaml")),
    ("templates/tests/ready.yaml", include_str!("templates/helm/templates/tests/ready.yaml")),
    ("templates/volume.yaml", include_str!("templates/helm/templates/volume.yaml")),
];

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let all = arguments.which.facts(&project, shell)?;
    arguments.cluster.check()?;
    let mut output = Output::default();
    for facts in &all {
        tell_of_data(facts, shell);
        let is_one_of_many = all.len() > 1;
        let again = format!(
            "bia deploy helm{}{}",
            arguments.which.again_for(facts),
            arguments.cluster.again(facts, is_one_of_many)
        );
        let folder = format!("helm/{}", facts.name);
        let values = values(&arguments.cluster, facts, is_one_of_many, &again)?;
        for (path, template) in FILES {
            output.add(format!("{folder}/{path}"), render(template, &values)?);
        }
        output.own(folder, again);
    }
    let to = arguments.placing.folder("deploy");
    output.write(&project, &to, &arguments.placing, shell)?;
    for facts in &all {
        let (name, folder) = (&facts.name, to.join("helm").join(&facts.name));
        let command = format!("helm upgrade --install {name} {}", folder.display());
        arguments.placing.next(command, shell);
    }
    Ok(())
}

fn values(cluster: &Cluster, facts: &Facts, is_one_of_many: bool, again: &str) -> Result<Values> {
    let mut values = cluster.values(facts, is_one_of_many, again)?;
    let (_, tag) = cluster.image_of(facts, is_one_of_many);
    let digest = tag.strip_prefix('@').unwrap_or_default();
    let tag = tag.strip_prefix(':').filter(|tag| *tag != facts.version).unwrap_or_default();
    values.set("tag", tag);
    values.set("digest", digest);
    values.set("busybox", pinned::BUSYBOX);
    values.set(
        "engine",
        match (&facts.database, facts.is_postgres(), facts.data_folder()) {
            (Some(_), true, _) => "postgres",
            (Some(_), false, Some(_)) => "file",
            _ => "none",
        },
    );
    values.set("autoscaling", is_scaled(facts));
    let list = |items: Vec<String>| {
        let lines: String = items.iter().map(|it| format!("- \"{it}\"\n")).collect();
        if lines.is_empty() { "[]\n".to_owned() } else { lines }
    };
    values.set("call_list", list(facts.calls.iter().cloned().collect()));
    values.set("path_list", list(facts.prefixes()));
    let files = facts.settings.iter().map(|it| format!("{}/{}", super::facts::HOME, it.display()));
    values.set("settings_list", list(files.collect()));
    values.set("method", facts.services.first().map(String::as_str).unwrap_or_default());
    values.set("example", facts.example().map(|it| it.path.as_str()).unwrap_or_default());
    let line = |route: &Route| format!("  {:<6} {}\n", route.verb, route.path);
    values.set("routes", facts.routes.iter().map(line).collect::<String>());
    Ok(values)
}
