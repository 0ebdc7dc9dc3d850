//! Writes the generated code that is checked in, or says what of it is stale.
//!
//! Code from protos; dashboard, alert rules and reference from the catalogue of metrics; the reference of
//! the settings from their types; those of the command and of the reasons from the command `bia`; the
//! schemas of the examples' settings from the examples. The work of the first two is in examples of `bia-codegen`
//! and `bia`, so that this crate stays without dependencies.

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
    page("docs/src/reference/command.md", &["bia-cli", "--", "man", "--markdown"], check)?;
    page("docs/src/reference/reasons.md", &["bia-cli", "--", "explain", "--markdown"], check)?;
    DESCRIBED.iter().try_for_each(|service| describe(service, check))
}

/// Writes the schema of a service's settings beside its manifest.
fn describe(service: &str, check: bool) -> Result<()> {
    let file = format!("examples/{service}/settings.schema.json");
    page(&file, &[service, "--", "--config-schema"], check)
}

/// Writes what a program of ours prints: `program` is its package and its arguments.
fn page(page: &str, program: &[&str], check: bool) -> Result<()> {
    let file = repository().join(page);
    let mut command = exec::cargo();
    command.args(["run", "--quiet", "--package"]).args(program);
    let printed = exec::output(&mut command)?;
    if std::fs::read_to_string(&file).unwrap_or_default() == printed {
        return Ok(());
    }
    if check {
        return Err(Error::new(format!("{page} is stale")).with_hint("run `cargo xtask gen`"));
    }
    crate::root::write(&file, printed)?;
    ui::say(format_args!("wrote {page}"));
    Ok(())
}
