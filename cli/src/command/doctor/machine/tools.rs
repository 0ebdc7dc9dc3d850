//! The programs that a build needs.

use std::process::{Command, Stdio};

use super::super::finding::Finding;
use super::super::version::{first, numbers};

/// What a program says of its version; none if it is not there.
pub(super) fn ask(program: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|it| it.status.success())?;
    let told = String::from_utf8_lossy(&output.stdout);
    told.lines().next().map(str::to_owned)
}

/// What a C compiler is called, the one that was chosen first.
pub(super) fn compilers() -> Vec<String> {
    let chosen = std::env::var("CC").ok();
    chosen.into_iter().chain(["cc", "gcc", "clang"].map(str::to_owned)).collect()
}

/// The oldest Rust that the framework is built with.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn rust(told: Option<&str>, needed: Option<&str>) -> Finding {
    let Some(version) = told.and_then(first) else {
        return Finding::bad("rust", "there is no rustc", "install Rust: rustup has it");
    };
    let needed = [needed.unwrap_or(OLDEST), OLDEST].into_iter().max_by_key(|it| numbers(it));
    let needed = needed.unwrap_or(OLDEST);
    if numbers(version) < numbers(needed) {
        let what = format!("rustc is {version}, and {needed} is needed");
        return Finding::bad(
            "rust",
            what,
            "`rustup update stable`, or name a newer one in rust-toolchain.toml",
        );
    }
    Finding::ok("rust", format!("{version}; {needed} is needed"))
}

pub(super) fn cargo(told: Option<&str>) -> Finding {
    match told.and_then(first) {
        Some(version) => Finding::ok("cargo", version),
        None => Finding::bad("cargo", "there is no cargo", "install Rust: rustup has it"),
    }
}

pub(super) fn compiler(told: Option<&str>) -> Finding {
    match told {
        Some(told) => Finding::ok("c compiler", told),
        None => Finding::warn(
            "c compiler",
            "there is no C compiler: SQLite and TLS cannot be built, nor anything linked",
            "install one (Debian: `apt install build-essential`), or set CC",
        ),
    }
}

pub(super) fn git(told: Option<&str>) -> Finding {
    match told.and_then(first) {
        Some(version) => Finding::ok("git", version),
        None => Finding::warn(
            "git",
            "there is no git: `bia proto breaking` cannot compare with what was",
            "install git",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Mark;
    use super::*;

    #[test]
    fn a_rust_that_is_too_old_is_bad_and_a_newer_one_is_not() {
        let mark = |told, needed| rust(told, needed).mark;
        assert_eq!(mark(Some("rustc 1.95.0 (x 2026-04-14)"), None), Mark::Ok);
        assert_eq!(mark(Some("rustc 1.100.0"), Some("1.96")), Mark::Ok);
        assert_eq!(mark(Some("rustc 1.95.0"), Some("1.96")), Mark::Bad);
        assert_eq!(mark(Some("rustc 1.80.0"), Some("1.70")), Mark::Bad, "the framework needs more");
        assert_eq!(mark(None, None), Mark::Bad);
        assert!(rust(Some("rustc 1.80.0"), None).remedy.contains("rustup"));
    }

    #[test]
    fn what_only_some_need_is_a_warning() {
        assert_eq!(compiler(None).mark, Mark::Warn);
        assert_eq!(git(None).mark, Mark::Warn);
        assert_eq!(git(Some("git version 2.39.5")).what, "2.39.5");
        assert_eq!(cargo(None).mark, Mark::Bad);
    }
}
