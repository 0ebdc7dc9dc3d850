//! `bia add job`: work that is done again and again while the service runs.

use clap::Args;
use toml_edit::DocumentMut;

use crate::change::Changes;
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::project::{Member, Project};
use crate::rustfmt;
use crate::scaffold::lock;
use crate::shell::Shell;
use crate::splice::{Insertions, declare_module, into_app, with_newline};

use super::target::member;
use super::{Writing, rust};

/// A job as it is written, which compiles and is tested as it lies.
const SAMPLE: &str = include_str!("sample_job.rs");

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
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let (number, factor) = units
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
    number.checked_mul(factor).filter(|it| *it > 0).ok_or_else(wrong)
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let Some(module) = rust::snake(&arguments.name) else {
        return Err(Error::usage(format!("`{}` cannot be the name of a job", arguments.name))
            .with_hint(
                "letters of ASCII, digits and dashes, and no word of Rust: expire-sessions",
            ));
    };
    let project = Project::here()?;
    let member = member(&project, arguments.service.as_deref(), "--service")?;
    let folder = member.folder.join("src/jobs");
    let (path, name) = (folder.join(format!("{module}.rs")), rust::camel(&module));
    if path.exists() {
        return Err(
            Error::new(format!("{} is there already", shown(&path))).with_hint("take another name")
        );
    }
    let mut changes = Changes::below(&project.root);
    let text = text(&module.replace('_', "-"), &name, arguments.every);
    let text = rustfmt::new_file(&path, &member.edition, text);
    changes.write(path, text);
    modules(member, &module, &mut changes)?;
    main(member, &format!("jobs::{module}::{name}"), &mut changes)?;
    manifest(member, &mut changes)?;
    changes.apply(arguments.writing.manner(), shell)?;
    if !arguments.writing.dry_run && project.root.join("Cargo.lock").exists() {
        lock::prune(&project.root);
    }
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
    let text = source.with(insertions, &member.edition)?;
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
            shown(&source.path)
        ))
        .with_hint(format!(
            "write it there, `app{call}.run()`, with `mod jobs;` on top, and try again: what is there is kept"
        )));
    }
    let text = source.with(insertions, &member.edition)?;
    changes.edit(source.path, source.text, text);
    Ok(())
}

/// A job logs, which takes `tracing`.
fn manifest(member: &Member, changes: &mut Changes) -> Result<()> {
    let path = member.folder.join("Cargo.toml");
    let before = std::fs::read_to_string(&path).about(|| format!("read {}", shown(&path)))?;
    let mut manifest: DocumentMut = before.parse().about(|| format!("read {}", shown(&path)))?;
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
    // The editor of TOML ends lines its own way.
    let after = with_newline(&manifest.to_string(), &before);
    changes.edit(path, before, after);
    Ok(())
}

fn text(name: &str, ty: &str, seconds: u64) -> String {
    SAMPLE
        .replace("sample-job", name)
        .replace("SampleJob", ty)
        .replace("from_secs(60)", &format!("from_secs({seconds})"))
}

#[cfg(test)]
#[path = "sample_job.rs"]
mod sample_job;

#[cfg(test)]
mod tests {
    use bia::{Server as _, Stop};

    use super::sample_job::SampleJob;
    use super::*;

    #[tokio::test]
    async fn a_job_goes_on_until_the_service_stops_and_then_ends() {
        let (stop, mut job) = (Stop::new(), Box::new(SampleJob));
        assert_eq!(job.name(), "sample-job");
        assert!(job.bind().await.expect("it needs nothing").is_empty());
        let serving = tokio::spawn(job.serve(stop.clone()));
        tokio::task::yield_now().await;
        assert!(!serving.is_finished());
        stop.begin();
        serving.await.expect("no panic").expect("it ends well");
    }

    #[test]
    fn a_job_is_the_sample_under_its_own_name() {
        let text = text("clean-up", "CleanUp", 300);
        assert!(!text.to_lowercase().contains("sample"), "{text}");
        assert!(text.contains("from_secs(300)"), "{text}");
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(["30s", "5m", "1h"].map(seconds), [Ok(30), Ok(300), Ok(3600)]);
        for wrong in ["", "5", "m", "0s", "-1s", "5 m", "5d", "99999999999999999999h", "5é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
