//! `bia config` against real agents of Consul, and services that read what it wrote.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod files;
mod history;
mod repair;
mod rights;
mod schema;
mod services;
mod values;

use std::path::Path;

use crate::command::{Ran, bia};
use crate::consul::Agent;

const PREFIX: &str = "config/users";
const APP: &str = "config/users/app.yaml";

/// Runs `bia config` on the settings below [`PREFIX`], away from every project.
fn config(agent: &Agent, arguments: &[&str]) -> Ran {
    config_in(agent.folder.path(), agent.address(), arguments)
}

fn config_in(folder: &Path, consul: &str, arguments: &[&str]) -> Ran {
    let mut command = bia(folder);
    command.arg("config").args(arguments).args(["--prefix", PREFIX, "--consul", consul]);
    command.output().unwrap().into()
}

/// The same, which must go well.
fn done(agent: &Agent, arguments: &[&str]) -> Ran {
    let ran = config(agent, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
    ran
}

/// The same, which must fail, and say all of `parts`.
fn refused(agent: &Agent, arguments: &[&str], parts: &[&str]) -> Ran {
    let ran = config(agent, arguments);
    says(&ran, 1, parts);
    ran
}

fn says(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{part:?} is not in\n{}", ran.err);
    }
}

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/user-service")
}
