//! `bia deploy kubernetes`: manifests, as a folder for `kubectl apply -k`.

use clap::Args;

use crate::error::Result;
use crate::project::Project;
use crate::shell::Shell;

use super::cluster::{Cluster, is_scaled, tell_of_data};
use super::facts::Facts;
use super::options::{Placing, Which};
use super::output::Output;
use super::template::{Values, render};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bia deploy kubernetes user-service --image registry.example/user-service:1.4.0
  bia deploy kubernetes --all-services --database postgres --canary 10
  kubectl apply -k deploy/kubernetes/user-service")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    cluster: Cluster,
    /// Writes a second Deployment and sends this percentage of the calls to it, by Istio's
    /// `VirtualService` and `DestinationRule`; 1 to 99, and 5 if no number is given. Default: none.
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, default_missing_value = "5",
        value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<u8>,
    /// Lets the Prometheus operator scrape it, by a `ServiceMonitor`; default: annotations of the pods say where.
    #[arg(long)]
    monitor: bool,
    /// Makes the Service headless: clients of gRPC that balance themselves see each pod. Default: one
    /// address for all.
    #[arg(long)]
    headless: bool,
    /// Lets calls over HTTP in from outside at this host, by an Ingress with the paths of the proto.
    #[arg(long, value_name = "HOST", value_parser = host)]
    ingress: Option<String>,
    #[command(flatten)]
    placing: Placing,
}

/// The name of a host as Kubernetes takes it, `*.` before it or not.
fn host(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    if text.len() <= 253 && name.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err("not the name of a host: small letters, digits, `-` and dots, as in api.example.com"
        .to_owned())
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let project = Project::here()?;
    let all = arguments.which.facts(&project, shell)?;
    arguments.cluster.check()?;
    let mut output = Output::default();
    for facts in &all {
        let name = &facts.name;
        let is_one_of_many = all.len() > 1;
        let again = arguments.again(facts, is_one_of_many);
        let mut values = arguments.cluster.values(facts, is_one_of_many, &again)?;
        let canary = arguments.canary.filter(|_| is_scaled(facts));
        if arguments.canary.is_some() && canary.is_none() {
            shell.warn(format_args!(
                "{name} keeps its data in a file: there can be no second copy, and no canary"
            ));
        }
        tell_of_data(facts, shell);
        values.set("canary", canary.map(|it| it.to_string()).unwrap_or_default());
        values.set("rest", canary.map(|it| (100 - it).to_string()).unwrap_or_default());
        values.set("monitor", arguments.monitor);
        values.set("headless", arguments.headless);
        values.set("ingress", arguments.ingress.as_deref().unwrap_or_default());
        for (file, text) in manifests(facts, &values)? {
            output.add(format!("kubernetes/{name}/{file}"), text);
        }
        output.own(format!("kubernetes/{name}"), again);
    }
    let to = arguments.placing.folder("deploy");
    output.write(&project, &to, &arguments.placing, shell)?;
    for facts in &all {
        let folder = to.join("kubernetes").join(&facts.name);
        arguments.placing.next(format_args!("kubectl apply -k {}", folder.display()), shell);
    }
    Ok(())
}

impl Arguments {
    fn again(&self, facts: &Facts, is_one_of_many: bool) -> String {
        let which = self.which.again_for(facts);
        let cluster = self.cluster.again(facts, is_one_of_many);
        let mut text = format!("bia deploy kubernetes{which}{cluster}");
        if let Some(percent) = self.canary {
            text.push_str(&format!(" --canary {percent}"));
        }
        for (is_on, flag) in [(self.monitor, " --monitor"), (self.headless, " --headless")] {
            if is_on {
                text.push_str(flag);
            }
        }
        if let Some(host) = &self.ingress {
            text.push_str(&format!(" --ingress {host}"));
        }
        text
    }
}

/// The manifests of a service, and the list of them.
fn manifests(facts: &Facts, values: &Values) -> Result<Vec<(String, String)>> {
    let stable = values.with("track", "stable").with("is_canary", false);
    let is_on = |name: &str| values.is_on(name);
    let mut files = vec![
        ("configmap.yaml", include_str!("templates/kubernetes/configmap.yaml")),
        ("deployment.yaml", include_str!("templates/kubernetes/deployment.yaml")),
        ("networkpolicy.yaml", include_str!("templates/kubernetes/networkpolicy.yaml")),
        ("service.yaml", include_str!("templates/kubernetes/service.yaml")),
        ("serviceaccount.yaml", include_str!("templates/kubernetes/serviceaccount.yaml")),
    ];
    if is_scaled(facts) {
        files.push(("hpa.yaml", include_str!("templates/kubernetes/hpa.yaml")));
        files.push(("pdb.yaml", include_str!("templates/kubernetes/pdb.yaml")));
    }
    if facts.data_folder().is_some() {
        files.push(("volume.yaml", include_str!("templates/kubernetes/volume.yaml")));
    }
    if is_on("monitor") {
        files.push((
            "servicemonitor.yaml",
            include_str!("templates/kubernetes/servicemonitor.yaml"),
        ));
    }
    if is_on("ingress") {
        files.push(("ingress.yaml", include_str!("templates/kubernetes/ingress.yaml")));
    }
    let mut rendered = Vec::new();
    for (file, template) in files {
        rendered.push((file.to_owned(), render(template, &stable)?));
    }
    if is_on("canary") {
        let deployment = include_str!("templates/kubernetes/deployment.yaml");
        let canary = values.with("track", "canary").with("is_canary", true);
        rendered.push(("canary-deployment.yaml".to_owned(), render(deployment, &canary)?));
        let routing = include_str!("templates/kubernetes/canary.yaml");
        rendered.push(("canary-routing.yaml".to_owned(), render(routing, values)?));
    }
    rendered.sort();
    let list: String = rendered.iter().map(|(file, _)| format!("- {file}\n")).collect();
    let list = values.with("resources", list);
    let kustomization = include_str!("templates/kubernetes/kustomization.yaml");
    rendered.push(("kustomization.yaml".to_owned(), render(kustomization, &list)?));
    Ok(rendered)
}
