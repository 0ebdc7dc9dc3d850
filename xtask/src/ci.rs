//! `cargo xtask ci`: what must hold before a change lands, the cheap checks first.

use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec::{cargo, output, run};
use crate::root::{on_path, repository};
use crate::wait::Stopwatch;
use crate::{book, demo, fuzz, r#gen, images, suite, tidy, ui};

/// What a step has to say besides that it passed.
type Remark = Option<String>;

struct Step {
    name: &'static str,
    run: fn() -> Result<Remark>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "clippy", run: clippy },
    Step { name: "tidy and architecture", run: || tidy::main().map(|()| None) },
    Step { name: "generated code is fresh", run: || r#gen::main(true).map(|()| None) },
    Step { name: "cargo xtask test", run: || suite::main().map(|()| None) },
    Step { name: "demo", run: || demo::main(&["--once"]).map(|()| None) },
    Step {
        name: "demo through Consul",
        run: || demo::main(&["--once", "--consul"]).map(|()| None),
    },
    Step { name: "images", run: images },
    Step { name: "no features, and each alone", run: features },
    Step { name: "measurements", run: bench },
    Step { name: "fuzzing", run: fuzzing },
    Step { name: "documentation", run: documentation },
    Step { name: "the book", run: || book::main().map(|()| None) },
    Step { name: "oldest Rust", run: oldest_rust },
    Step { name: "licences, bans, sources", run: deny },
];

/// Runs every step in order and stops at the first that fails.
///
/// # Errors
///
/// A step failed.
pub(crate) fn main() -> Result<()> {
    let mut done = Vec::new();
    let mut remarks = Vec::new();
    for step in STEPS {
        ui::say(format_args!("\n── {} ──", step.name));
        let watch = Stopwatch::start();
        let remark = (step.run)().map_err(|error| {
            Error::new(format!("{} failed after {}: {error}", step.name, watch.text()))
        })?;
        done.push(format!("{:<28} {:>9}", step.name, watch.text()));
        remarks.extend(remark.map(|remark| format!("{}: {remark}", step.name)));
    }
    ui::say("");
    for line in done {
        ui::say(line);
    }
    for remark in remarks {
        ui::say(format_args!("NOT RUN {remark}"));
    }
    Ok(())
}

fn fmt() -> Result<Remark> {
    run(cargo().args(["fmt", "--all", "--check"])).map(|()| None)
}

fn clippy() -> Result<Remark> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets"]).args(suite::features());
    run(clippy.args(["--", "-D", "warnings"]))?;
    Ok(None)
}

/// Only root can build images; who is not, is told, and in CI has to be.
fn images() -> Result<Remark> {
    match images::obstacle()? {
        Some(why) if !suite::is_ci() => Ok(Some(why)),
        _ => images::main().map(|()| None),
    }
}

/// A feature that only compiles together with another is found by nobody but its first user.
fn features() -> Result<Remark> {
    let manifest = repository().join("framework/Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).about(|| format!("read {}", manifest.display()))?;
    for feature in [String::new()].into_iter().chain(feature_names(&text)) {
        ui::say(format_args!("feature: {}", if feature.is_empty() { "none" } else { &feature }));
        let mut check = cargo();
        check.args(["clippy", "--quiet", "--package", "bia", "--no-default-features"]);
        run(check.args(["--features", &feature, "--", "-D", "warnings"]))?;
    }
    Ok(None)
}

/// A workspace of its own, so none of the above looked at it.
fn bench() -> Result<Remark> {
    let workspace = ["--manifest-path", "bench/Cargo.toml"];
    run(cargo().arg("fmt").args(workspace).arg("--check"))?;
    let mut check = cargo();
    check.arg("clippy").args(workspace).args(["--quiet", "--all-targets"]);
    run(check.args(["--", "-D", "warnings"]))?;
    Ok(None)
}

/// A workspace of its own too: each target runs for a while.
fn fuzzing() -> Result<Remark> {
    run(cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    fuzz::main(&[]).map(|()| None)
}

fn feature_names(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .filter(|name| name != "default" && !name.starts_with('#'))
        .collect()
}

fn documentation() -> Result<Remark> {
    run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(None)
}

/// The manifest promises an oldest Rust; only that Rust can tell whether the promise holds.
fn oldest_rust() -> Result<Remark> {
    let manifest = repository().join("Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).about(|| format!("read {}", manifest.display()))?;
    let promised =
        promised_rust(&text).ok_or_else(|| Error::new("Cargo.toml promises no rust-version"))?;
    let version = output(Command::new("rustc").arg("--version"))?;
    let here = version.split_whitespace().nth(1).unwrap_or_default().to_owned();
    if here == promised || here.starts_with(&format!("{promised}.")) {
        ui::say(format_args!("rust-version {promised} is the Rust that ran all of the above"));
        return Ok(None);
    }
    let installed = output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    let name = installed.lines().filter_map(|line| line.split_whitespace().next()).find(|name| {
        name.starts_with(&format!("{promised}.")) || name.starts_with(&format!("{promised}-"))
    });
    let Some(name) = name else {
        return Ok(Some(format!("Rust {promised} is not installed (this is {here})")));
    };
    let mut check = Command::new("cargo");
    check.current_dir(repository()).env("CARGO_TARGET_DIR", "target/oldest").env_remove("CARGO");
    run(check.args([&format!("+{name}"), "check", "--workspace"])).map(|()| None)
}

fn promised_rust(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.trim_start().starts_with("rust-version"))?;
    line.split('"').nth(1)
}

fn deny() -> Result<Remark> {
    if on_path("cargo-deny").is_none() {
        return Ok(Some("cargo-deny is not installed".to_owned()));
    }
    // Advisories need a database from elsewhere: a machine without it would fail for no fault of the change.
    run(cargo().args(["deny", "check", "licenses", "bans", "sources"])).map(|()| None)
}

#[cfg(test)]
mod tests {
    use super::{feature_names, promised_rust};

    #[test]
    fn features_and_the_oldest_rust_are_read_from_the_manifest() {
        let text = "[package]\nrust-version = \"1.95\"\n\n[features]\ndefault = [\"a\"]\n# b = []\na = []\nb-c = [\"dep:x\"]\n\n[dependencies]\nx = \"1\"\n";
        assert_eq!(feature_names(text), ["a", "b-c"]);
        assert_eq!(promised_rust(text), Some("1.95"));
        assert_eq!(promised_rust("[package]\n"), None);
    }
}
