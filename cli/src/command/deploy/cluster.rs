//! What the outputs for a cluster have in common: its arguments, and the values of their templates.

use clap::Args;

use crate::error::{Error, Result};
use crate::shell::Shell;

use super::facts::{Facts, HOME, LIVE, METRICS, READY, whole_seconds};
use super::image;
use super::options::Engine;
use super::template::{Values, render};

/// The cluster that is written for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The cluster")]
pub(super) struct Cluster {
    /// The image; of several services, what stands before `/NAME`. Without a tag it is that of the
    /// version. Default: `NAME`.
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// Where Consul answers in the cluster.
    #[arg(long, value_name = "URL", default_value = CONSUL)]
    pub(super) consul: String,
    /// The collector of OTLP/gRPC in the cluster; default: traces go nowhere.
    #[arg(long, value_name = "URL")]
    pub(super) collector: Option<String>,
    /// What a copy is given of a processor, as Kubernetes writes it.
    #[arg(long, value_name = "CPU", default_value = CPU)]
    pub(super) cpu: String,
    /// What a copy is given of memory, which is also its limit, as Kubernetes writes it.
    #[arg(long, value_name = "MEMORY", default_value = MEMORY)]
    pub(super) memory: String,
    /// How many copies there are at least.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) replicas: u16,
    /// How many copies there are at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) max_replicas: u16,
}

const CONSUL: &str = "http://consul-server.consul.svc:8500";
const CPU: &str = "100m";
const MEMORY: &str = "128Mi";
/// A program is larger than that alone, in bytes.
const LEAST_MEMORY: f64 = 4.0 * 1024.0 * 1024.0;

impl Cluster {
    /// # Errors
    ///
    /// Fewer at most than at least, or what is to stand in a manifest would break it.
    pub(super) fn check(&self) -> Result<()> {
        if self.max_replicas < self.replicas {
            return Err(Error::usage(format!(
                "--max-replicas {} is less than --replicas {}",
                self.max_replicas, self.replicas
            )));
        }
        self.check_quantities()?;
        check_url("--consul", &self.consul)?;
        if let Some(collector) = &self.collector {
            check_url("--collector", collector)?;
        }
        match self.image.as_ref().filter(|it| !image::is_image(it.trim_end_matches('/'))) {
            Some(image) => Err(Error::usage(format!(
                "--image {image} cannot be the name of an image"
            ))
            .with_hint(
                "small letters, a tag or a digest behind it: registry.example:5000/shop/orders:1.2",
            )),
            None => Ok(()),
        }
    }

    fn check_quantities(&self) -> Result<()> {
        let refuse = |flag: &str, value: &str| {
            Error::usage(format!("{flag} {value} is no quantity of Kubernetes"))
                .with_hint("250m, 1 or 1.5 of a processor; 256Mi or 1Gi of memory")
        };
        if !matches!(quantity(&self.cpu), Some((_, "" | "m"))) {
            return Err(refuse("--cpu", &self.cpu));
        }
        let Some((number, unit)) = quantity(&self.memory) else {
            return Err(refuse("--memory", &self.memory));
        };
        let bytes = number
            * match unit {
                "m" => 1e-3,
                "k" => 1e3,
                "M" => 1e6,
                "G" => 1e9,
                "Ki" => 1024.0,
                "Mi" => 1024.0 * 1024.0,
                "Gi" => 1024.0 * 1024.0 * 1024.0,
                _ => 1.0,
            };
        if bytes < LEAST_MEMORY {
            let memory = &self.memory;
            let told = if unit.is_empty() { " bytes" } else { "" };
            return Err(Error::usage(format!(
                "--memory {memory}{told} is less than a service starts with"
            ))
            .with_hint(format!("with its unit: `--memory {number}Mi`; the default is {MEMORY}")));
        }
        Ok(())
    }

    pub(super) fn again(&self, facts: &Facts, is_one_of_many: bool) -> String {
        let mut text = String::new();
        let mut add = |flag: &str, value: &str| text.push_str(&format!(" --{flag} {value}"));
        if let Some(image) = &self.image {
            let own = Self::image_name(image, facts, is_one_of_many);
            add("image", &own);
        }
        if self.consul != CONSUL {
            add("consul", &self.consul);
        }
        if let Some(collector) = &self.collector {
            add("collector", collector);
        }
        if self.cpu != CPU {
            add("cpu", &self.cpu);
        }
        if self.memory != MEMORY {
            add("memory", &self.memory);
        }
        if self.replicas != 2 {
            add("replicas", &self.replicas.to_string());
        }
        if self.max_replicas != 10 {
            add("max-replicas", &self.max_replicas.to_string());
        }
        text
    }

    fn image_name(image: &str, facts: &Facts, is_one_of_many: bool) -> String {
        if is_one_of_many {
            return format!("{}/{}", image.trim_end_matches('/'), facts.name);
        }
        image.to_owned()
    }

    /// The repository and the tag or digest of a service's image.
    pub(super) fn image_of(&self, facts: &Facts, is_one_of_many: bool) -> (String, String) {
        let image = match &self.image {
            Some(image) => Self::image_name(image, facts, is_one_of_many),
            None => facts.name.clone(),
        };
        if let Some((repository, digest)) = image.split_once('@') {
            return (repository.to_owned(), format!("@{digest}"));
        }
        // A colon before the last slash is that of a port.
        match image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((repository, tag)) => (repository.to_owned(), format!(":{tag}")),
            None => (image, format!(":{}", facts.version)),
        }
    }

    /// What the templates ask for.
    pub(super) fn values(
        &self,
        facts: &Facts,
        is_one_of_many: bool,
        again: &str,
    ) -> Result<Values> {
        let mut values = Values::default();
        let (repository, tag) = self.image_of(facts, is_one_of_many);
        values.set("again", again);
        values.set("name", &facts.name);
        values.set("version", &facts.version);
        values.set("repository", &repository);
        values.set("tag", tag.trim_start_matches(':'));
        values.set("image", format!("{repository}{tag}"));
        values.set("port", facts.port);
        values.set("admin", facts.admin_port);
        values.set("live", LIVE);
        values.set("ready", READY);
        values.set("metrics", METRICS);
        values.set("probe_timeout", facts.probe_timeout());
        values.set("patience", facts.patience());
        values.set("stop_timeout", whole_seconds(facts.stop_timeout));
        values.set("drain_delay", bia::config::duration::format(facts.drain_delay));
        values.set("protocol", if facts.is_tls { "https" } else { "grpc" });
        values.set("consul", &self.consul);
        values.set("consul_port", port_of_url(&self.consul).unwrap_or(8500));
        values.set("consul_namespace", namespace_of(&self.consul).unwrap_or_default());
        values.set("collector", self.collector.as_deref().unwrap_or_default());
        let collector_port = self.collector.as_deref().and_then(port_of_url);
        values.set("collector_port", collector_port.unwrap_or(4317));
        values.set("cpu", &self.cpu);
        values.set("memory", &self.memory);
        values.set("replicas", self.replicas);
        values.set("max_replicas", self.max_replicas);
        values.set("scaled", is_scaled(facts));
        values.set("postgres", facts.is_postgres());
        values.set("variable", facts.database_variable().unwrap_or_default());
        values.set("file", facts.file_url().unwrap_or_default());
        values.set("data", facts.data_folder().unwrap_or_default());
        values.set("arguments", configs(facts));
        let calls: Vec<&str> = facts.calls.iter().map(String::as_str).collect();
        values.set("calls", calls.join(", "));
        values
            .set("callees", render_each(&calls, include_str!("templates/kubernetes/callee.yaml"))?);
        let paths = facts.prefixes();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let own = values.clone();
        let mut text = String::new();
        for path in paths {
            text.push_str(&render(
                include_str!("templates/kubernetes/path.yaml"),
                &own.with("path", path),
            )?);
        }
        values.set("paths", text);
        Ok(values)
    }
}

/// The number and the unit of what Kubernetes counts by.
fn quantity(text: &str) -> Option<(f64, &str)> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let is_unit = matches!(unit, "" | "m" | "k" | "M" | "G" | "Ki" | "Mi" | "Gi");
    let number = digits.parse().ok().filter(|it: &f64| *it > 0.0)?;
    Some((number, unit)).filter(|_| is_unit)
}

/// # Errors
///
/// It is no address of HTTP, or would break the file that it is to stand in.
pub(super) fn check_url(flag: &str, url: &str) -> Result<()> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    if after_scheme.split(['/', '?', '#']).next().is_some_and(|it| it.contains('@')) {
        // It is not told again: what is told lies about in logs.
        return Err(Error::usage(format!(
            "{flag} holds a user or a password, which would lie in the files that are written"
        ))
        .with_hint(match flag {
            "--consul" => {
                "leave it away: the token is taken from the Secret NAME-consul, as BIA_REGISTRY__CONSUL__TOKEN"
            }
            "--collector" => {
                "leave it away: give BIA_TELEMETRY__OTLP__HEADERS__AUTHORIZATION from a Secret"
            }
            _ => {
                "leave it away: give it in the data source as basicAuthUser and \
                 secureJsonData.basicAuthPassword, from variables of Grafana"
            }
        }));
    }
    if port_of_url(url).is_some() && !url.contains(['"', ' ', '\\', '\n']) {
        return Ok(());
    }
    Err(Error::usage(format!("{flag} {url} is no http:// or https:// address"))
        .with_hint(format!("with its scheme and its port: `{flag} http://host.example:8080`")))
}

/// Several copies are possible where data does not lie in a file of one of them.
pub(super) fn is_scaled(facts: &Facts) -> bool {
    facts.database.as_ref().is_none_or(|it| it.engine == Engine::Postgres)
}

/// Tells what the settings come to, where that is not what somebody would want.
pub(super) fn tell_of_data(facts: &Facts, shell: &Shell) {
    if facts.drain_delay.is_zero() {
        shell.warn(format_args!(
            "stop.drain_delay of {} is 0: a pod closes its port before everybody has heard that it goes",
            facts.name
        ));
    }
    if is_scaled(facts) {
        return;
    }
    shell.warn(format_args!(
        "{} keeps its data in a file: one copy on a volume, which is away while it is replaced",
        facts.name
    ));
    shell.hint("`--database postgres` writes for PostgreSQL, with as many copies as are needed");
}

/// The arguments that name the image's own settings, before those of the cluster.
fn configs(facts: &Facts) -> String {
    let files = facts.settings.iter();
    files.map(|file| format!("- \"--config\"\n- \"{HOME}/{}\"\n", file.display())).collect()
}

fn render_each(names: &[&str], template: &str) -> Result<String> {
    let mut text = String::new();
    for name in names {
        let mut values = Values::default();
        values.set("callee", name);
        text.push_str(&render(template, &values)?);
    }
    Ok(text)
}

fn port_of_url(url: &str) -> Option<u16> {
    let (default, rest) = match url.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some(("https", rest)) => (443, rest),
        _ => return None,
    };
    let authority = rest.split('/').next().filter(|it| !it.is_empty())?;
    match authority.rsplit_once(':') {
        Some((_, port)) => port.parse().ok(),
        None => Some(default),
    }
}

/// The namespace of a Service that is named by `SERVICE.NAMESPACE.svc…`.
fn namespace_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [_, namespace, "svc", ..] => Some(namespace),
        _ => None,
    }
}
