//! Writes the generated code that is checked in, or says what of it is stale.
//!
//! Code from protos; dashboard, alert rules and reference from the catalogue of metrics; the reference of
//! the settings from their types, and that of reasons from the catalogue of the command `bia`; the schemas of the
//! examples' settings from the examples. The work of the
//! first two is in examples of `bia-codegen` and `bia`, so that this crate stays without dependencies.

use crate::error::{Error, Result};
use crate::root::repository;
use crate::{exec, reference, ui};

/// The services that say themselves what their settings are.
const DESCRIBED: [&str; 2] = ["user-service", "order-service"];

/// `cargo xtask gen`, and with `--check` a look without writing.
///
/// # Errors
///
/// The generator cannot be built, a proto is not right, or with `check` a file is stale.
pub(crate) fn main(check: bool) -> Result<()> {
    let mut command = exec::cargo();
    command.args(["run", "--quiet", "--package", "bia-codegen", "--example", "checked-in", "--"]);
    if check {
        command.arg("--check");
    }
    exec::run(&mut command)?;
    let mut command = exec::cargo();
    command.args(["run", "--quiet", "--package", "bia", "--example", "deploy", "--"]);
    if check {
        command.arg("--check");
    }
    exec::run(&mut command)?;
    reference::main(check)?;
    reasons(check)?;
    DESCRIBED.iter().try_for_each(|service| describe(service, check))
}

/// Writes the schema of a service's settings beside its manifest.
fn describe(service: &str, check: bool) -> Result<()> {
    let page = format!("examples/{service}/settings.schema.json");
    keep(&page, &["--package", service, "--", "--config-schema"], check)
}

/// Writes the reference of the reasons.
fn reasons(check: bool) -> Result<()> {
    let arguments = ["--package", "bia-cli", "--", "explain", "--markdown"];
    keep("docs/src/reference/reasons.md", &arguments, check)
}

/// Writes what a program of ours prints, if the file says something else.
fn keep(page: &str, arguments: &[&str], check: bool) -> Result<()> {
    let file = repository().join(page);
    let mut command = exec::cargo();
    command.args(["run", "--quiet"]).args(arguments);
    let text = exec::output(&mut command)?;
    if std::fs::read_to_string(&file).unwrap_or_default() == text {
        return Ok(());
    }
    if check {
        return Err(Error::new(format!("{page} is stale")).with_hint("run `cargo xtask gen`"));
    }
    crate::root::write(&file, text)?;
    ui::say(format_args!("wrote {page}"));
    Ok(())
}
