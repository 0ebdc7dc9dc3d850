//! `bia add job`: work that is done again and again while the service runs.

use clap::Args;
use toml_edit::DocumentMut;

use crate::change::Changes;
use crate::error::{About as _, Error, Result};
use crate::project::{Member, Project};
use crate::shell::Shell;
use crate::splice::{Insertions, declare_module, into_app};

use super::{Writing, rust};

/// Adds work that is done again and again while the service runs: a file in `src/jobs`, and a line in
/// `main.rs` that has the app start it and stop it.
///
/// A run that has begun when the service stops is finished, and cut only when the time of the stop is up.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bia add job expire-sessions --every 5m")]
pub(super) struct Arguments {
    /// What it is called: `expire-sessions`.
    name: String,
    /// How long from the start of one run to that of the next: `30s`, `5m`, `1h`.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = seconds)]
    every: u64,
    /// The service that does it; that of the current folder by default, or the only one.
    #[arg(long)]
    service: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// `5m` as seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time: write 30s, 5m or 1h");
    let (number, unit) = text.split_at(text.len() - text.len().min(1));
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
    number.checked_mul(factor).filter(|it| *it > 0).ok_or_else(wrong)
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let Some(module) = rust::snake(&arguments.name) else {
        return Err(Error::usage(format!("`{}` cannot be the name of a job", arguments.name))
            .with_hint("letters, digits and dashes, and no word of Rust: expire-sessions"));
    };
    let project = Project::here()?;
    let member = project.service(arguments.service.as_deref())?;
    let folder = member.folder.join("src/jobs");
    let (path, name) = (folder.join(format!("{module}.rs")), rust::camel(&module));
    if path.exists() {
        return Err(Error::new(format!("{} is there already", path.display()))
            .with_hint("take another name"));
    }
    let mut changes = Changes::below(&project.root);
    changes.write(path, text(&module.replace('_', "-"), &name, arguments.every));
    modules(member, &module, &mut changes)?;
    main(member, &format!("jobs::{module}::{name}"), &mut changes)?;
    manifest(member, &mut changes)?;
    changes.apply(arguments.writing.manner(), shell)?;
    shell.hint(format_args!("what is to be done goes into {name}::work in src/jobs/{module}.rs"));
    Ok(())
}

/// The module that holds the jobs.
fn modules(member: &Member, module: &str, changes: &mut Changes) -> Result<()> {
    let declaration = format!("pub(crate) mod {module};");
    let beside = member.folder.join("src/jobs.rs");
    let inside = member.folder.join("src/jobs/mod.rs");
    let Some(there) = [beside, inside.clone()].into_iter().find(|it| it.exists()) else {
        let text =
            format!("//! What is done again and again while the service runs.\n\n{declaration}\n");
        changes.write(inside, text);
        return Ok(());
    };
    let source = rust::read(&there)?;
    let mut insertions = Insertions::default();
    declare_module(&source, &declaration, module, &mut insertions);
    let text = source.with(insertions)?;
    changes.edit(there, source.text, text);
    Ok(())
}

/// Has the app run it.
fn main(member: &Member, job: &str, changes: &mut Changes) -> Result<()> {
    let source = rust::main(member)?;
    let mut insertions = Insertions::default();
    declare_module(&source, "mod jobs;", "jobs", &mut insertions);
    let call = format!(".server({job})");
    if !into_app(&source, &call, &mut insertions) {
        return Err(Error::new(format!(
            "cannot tell where {} runs the app; nothing was written",
            source.path.display()
        ))
        .with_hint(format!(
            "write it there, `app{call}.run()`, with `mod jobs;` on top, and try again: what is there is kept"
        )));
    }
    let text = source.with(insertions)?;
    changes.edit(source.path, source.text, text);
    Ok(())
}

/// A job logs, which takes `tracing`.
fn manifest(member: &Member, changes: &mut Changes) -> Result<()> {
    let path = member.folder.join("Cargo.toml");
    let before = std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
    let mut manifest: DocumentMut = before.parse().about(|| format!("read {}", path.display()))?;
    let Some(dependencies) = manifest.get_mut("dependencies").and_then(|it| it.as_table_mut())
    else {
        return Ok(());
    };
    if dependencies.contains_key("tracing") {
        return Ok(());
    }
    let is_sorted = dependencies.iter().map(|(name, _)| name).is_sorted();
    dependencies.insert("tracing", toml_edit::value("0.1"));
    if is_sorted {
        dependencies.sort_values();
    }
    changes.edit(path, before, manifest.to_string());
    Ok(())
}

fn text(name: &str, ty: &str, seconds: u64) -> String {
    format!(
        r#"//! {name}: done when the service starts, then again and again until it stops.

use std::pin::Pin;
use std::time::Duration;

use bia::registry::Endpoint;
use bia::{{Result, Server, Stop}};
use tokio::time::MissedTickBehavior;

/// From the start of one run to that of the next; one that takes longer holds up the next.
const EVERY: Duration = Duration::from_secs({seconds});

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

#[derive(Debug)]
pub(crate) struct {ty};

impl {ty} {{
    /// One run. If it fails, that is logged, and the next one comes all the same.
    async fn work(&self) -> Result<()> {{
        tracing::debug!("{name} has nothing to do yet");
        Ok(())
    }}
}}

impl Server for {ty} {{
    fn name(&self) -> &str {{
        "{name}"
    }}

    /// Nobody calls it, so there is no address.
    fn bind(&mut self) -> Pending<'_, Vec<Endpoint>> {{
        Box::pin(async {{ Ok(Vec::new()) }})
    }}

    fn serve(self: Box<Self>, stop: Stop) -> Pending<'static, ()> {{
        Box::pin(async move {{
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {{
                tokio::select! {{
                    () = stop.begun() => return Ok(()),
                    _ = ticks.tick() => {{}}
                }}
                // A run that has begun is finished, unless the time of the stop is up.
                tokio::select! {{
                    () = stop.cut_off() => return Ok(()),
                    done = self.work() => {{
                        if let Err(error) = done {{
                            tracing::warn!(%error, "{name} failed; it is tried again");
                        }}
                    }}
                }}
            }}
        }})
    }}
}}
"#
    )
}
