//! Writes the generated code that is checked in, or says what of it is stale.
//!
//! Code from protos; dashboard, alert rules and reference from the catalogue of metrics; the reference of
//! the settings from their types. The work of the first two is in examples of `bia-codegen` and `bia`, so
//! that this crate stays without dependencies.

use crate::error::Result;
use crate::{exec, reference};

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
    reference::main(check)
}
