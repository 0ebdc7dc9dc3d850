//! `cargo xtask fuzz`: feeds what reads the bytes of strangers with any.
//!
//! The targets have the layout of cargo-fuzz, which works on them too. It asks for a nightly compiler, for the
//! sanitizers; coverage, which is what finds the way in, is had from the compiler that is here.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec::{self, cargo, output};
use crate::root::{on_path, repository};
use crate::ui;

/// How long each target runs when nobody says otherwise, and in CI.
const SECONDS: u32 = 20;

/// No target may have more than this, whatever it is fed.
const MEMORY_MB: u32 = 512;

/// What libFuzzer is told by: which edges were gone over, and what was compared with what.
const COVERAGE: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
];

pub(crate) fn main(arguments: &[&str]) -> Result<()> {
    let (seconds, wanted) = match arguments {
        ["--seconds", seconds, wanted @ ..] => {
            let seconds = seconds
                .parse()
                .map_err(|cause| Error::usage(format!("`--seconds {seconds}`: {cause}")))?;
            (seconds, wanted)
        }
        wanted => (SECONDS, wanted),
    };
    let targets = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !targets.iter().any(|it| it == *name)) {
        let list = targets.join(", ");
        return Err(Error::usage(format!("there is no target `{unknown}`; there are {list}")));
    }
    let chosen = targets.iter().filter(|it| wanted.is_empty() || wanted.contains(&it.as_str()));
    let programs = build()?;
    for target in chosen {
        feed(target, &programs.join(target), seconds)?;
    }
    Ok(())
}

/// The names of what can be fed, in order.
fn targets() -> Result<Vec<String>> {
    let folder = repository().join("fuzz/fuzz_targets");
    let about = || format!("read {}", folder.display());
    let files = std::fs::read_dir(&folder).about(about)?.flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| file.path().file_stem().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds every target; gives the folder of the programs.
fn build() -> Result<PathBuf> {
    if on_path("c++").is_none() {
        return Err(Error::new("there is no C++ compiler, and libFuzzer is made of C++")
            .with_hint("on Debian: apt-get install g++"));
    }
    let told = output(Command::new("rustc").arg("-vV"))?;
    let host = told
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or_else(|| Error::new("rustc does not say what machine this is"))?;
    let mut build = cargo();
    // With the machine named, build scripts are built without the instruments.
    build.args(["build", "--quiet", "--release", "--bins", "--target", host]);
    build.args(["--manifest-path", "fuzz/Cargo.toml"]).env("RUSTFLAGS", COVERAGE.join(" "));
    // Its own folder, whatever the caller's is: nothing of it suits anybody else.
    let folder = repository().join("target/fuzz");
    exec::run(build.env("CARGO_TARGET_DIR", &folder))?;
    Ok(folder.join(host).join("release"))
}

/// Feeds one target until the time is over.
///
/// # Errors
///
/// It panicked, took too long for one input, or too much memory: the input is kept.
fn feed(target: &str, program: &Path, seconds: u32) -> Result<()> {
    let folder = |name: &str| {
        let folder = repository().join("target/fuzz").join(name).join(target);
        std::fs::create_dir_all(&folder).about(|| format!("make {}", folder.display()))?;
        Ok::<_, Error>(folder)
    };
    // What is found goes on from run to run; what is checked in are the beginnings.
    let (found, kept) = (folder("corpus")?, folder("artifacts")?);
    let mut run = Command::new(program);
    run.arg(&found);
    let beginnings = repository().join("fuzz/corpus").join(target);
    if beginnings.is_dir() {
        run.arg(beginnings);
    }
    for (name, value) in [
        ("max_total_time", seconds),
        ("rss_limit_mb", MEMORY_MB),
        ("timeout", 10),
        ("max_len", 4096),
    ] {
        run.arg(format!("-{name}={value}"));
    }
    run.arg(format!("-artifact_prefix={}/", kept.display())).arg("-print_final_stats=1");
    let ended = run.output().about(|| format!("run {}", program.display()))?;
    let told = String::from_utf8_lossy(&ended.stderr);
    if !ended.status.success() {
        let again = format!("{} FILE", program.display());
        return Err(Error::new(format!(
            "{target}: an input was too much for it{}",
            exec::last_lines(&told, 12)
        ))
        .with_hint(format!("the input is in {}; feed it again with `{again}`", kept.display())));
    }
    let number = |name: &str| {
        told.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim).to_owned()
    };
    let runs = number("stat::number_of_executed_units:");
    let memory = number("stat::peak_rss_mb:");
    ui::say(format_args!("{target:<12} {seconds} s, {runs} inputs, {memory} MB at most"));
    Ok(())
}
