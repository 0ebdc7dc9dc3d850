//! Writes what is made from the catalogue of metrics: the dashboard, the alert rules and the reference.
//!
//! Started by `cargo xtask gen`; with `--check` it writes nothing and says what is stale. An example, so
//! that it is no part of the package.

mod alerts;
mod dashboard;
mod promql;
mod reference;

use std::path::Path;
use std::process::ExitCode;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<(), String> {
    let files = [
        ("deploy/grafana/bia.json", dashboard::dashboard()?),
        ("deploy/prometheus/bia.rules.yaml", alerts::rules()?),
        ("docs/src/reference/metrics.md", reference::page()?),
    ];
    for (name, text) in files {
        let path = Path::new(ROOT).join(name);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            return Err(format!("{name} is stale: run `cargo xtask gen`"));
        }
        std::fs::write(&path, text).map_err(|error| format!("cannot write {name}: {error}"))?;
        say(&format!("wrote {name}"));
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a program for a terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
