//! What is said at the end: what was taken for granted, and what comes next.

use crate::cli::Writing;
use crate::paths::shown;
use crate::scaffold::{Database, Faces, Registry, Service};
use crate::shell::{Look, Shell};

use super::plan::Plan;

/// Says what was made, and what to type now.
pub(super) fn next(plan: &Plan, writing: Writing, shell: &Shell) {
    for parts in &plan.services {
        made_with(&parts.service, writing, shell);
    }
    let defaults = plan.workspace.as_ref().map(|it| it.defaults.to_string()).unwrap_or_default();
    if !defaults.is_empty() {
        shell.status("Kept", format_args!("{defaults}: so `bia add service` makes them here"));
    }
    if writing.dry_run {
        return;
    }
    let mut lines = vec![format!("cd {}", shown(&plan.folder))];
    match plan.services.first() {
        None => lines.push("bia add service user-service".to_owned()),
        Some(parts) => {
            if parts.service.is_member() {
                lines.push(format!("cd {}", parts.service.folder));
            }
            lines.extend(run_and_call(&parts.service));
        }
    }
    steps(&lines, shell);
}

/// Says which choices a service was made with, as they can be typed.
pub(crate) fn made_with(service: &Service, writing: Writing, shell: &Shell) {
    let Service { name, registry, database, faces, port, .. } = service;
    shell.status(
        if writing.dry_run { "Would be" } else { "Made with" },
        format_args!(
            "{name}: --registry {registry} --database {database} --faces {faces} --port {port}"
        ),
    );
}

/// Says what to type next.
pub(crate) fn steps(lines: &[String], shell: &Shell) {
    shell.say("");
    shell.say("What comes next:");
    for line in lines {
        shell.say(format_args!("  {}", Look::Bold.paint(line)));
    }
}

/// What starts it, and a call that it answers.
pub(crate) fn run_and_call(service: &Service) -> [String; 2] {
    [run(service), call(service)]
}

/// How it is started so that it works on this machine as it is.
fn run(service: &Service) -> String {
    let mut line = "bia run".to_owned();
    let mut set = Vec::new();
    if service.registry == Registry::Consul {
        set.push("registry.kind=local".to_owned());
    }
    if service.database == Database::Postgres {
        set.push("'data.url=sqlite://data/test.db?mode=rwc'".to_owned());
    }
    if !set.is_empty() {
        line.push_str(" --");
    }
    for set in set {
        line.push_str(&format!(" --set {set}"));
    }
    line
}

/// A call that is answered.
fn call(service: &Service) -> String {
    let port = service.port;
    if let Some(definition) = &service.definition {
        let served = definition.services.first();
        let operation = served.map(|it| format!("{}/{}", it.name, it.method)).unwrap_or_default();
        return format!("bia call {} {operation}", service.name);
    }
    let (path, body) = first_call(service);
    format!("curl -s localhost:{port}{path} -H 'content-type: application/json' -d '{body}'")
}

/// The path and the body of a call that makes something.
fn first_call(service: &Service) -> (String, String) {
    let (resource, plural, method, package, types) = service.in_words();
    match service.faces {
        Faces::All => (format!("/v1/{plural}"), r#"{"name": "first"}"#.to_owned()),
        Faces::Grpc => (
            format!("/{package}.v1.{types}Service/Create{method}"),
            format!(r#"{{"{resource}": {{"name": "first"}}}}"#),
        ),
    }
}
