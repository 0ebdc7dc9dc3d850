//! The programs that judge what was written; `cargo xtask servers install` has them.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `name`, for the test of the name `test`; without it the test is to pass, and says so.
/// In CI it fails.
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
pub(crate) fn tool(name: &str, test: &str) -> Option<PathBuf> {
    let variable = format!("BIA_{}_BIN", name.to_uppercase().replace('-', "_"));
    let cache = std::env::var_os("BIA_CACHE").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache").join("bia"))
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::var_os(variable)
        .map(PathBuf::from)
        .into_iter()
        .chain(cache.map(|cache| cache.join("bin").join(name)))
        .chain(std::env::split_paths(&path).map(|folder| folder.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        let why = format!("{name} is missing; run cargo xtask servers install");
        let optional = std::env::var("BIA_MAY_BE_MISSING").unwrap_or_default();
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci || optional.split(',').any(|it| it == name), "{test}: {why}");
        eprintln!("SKIPPED {test}: {why}");
    }
    found
}

/// Whether `program` finds nothing wrong, and what it said.
pub(crate) fn judged(program: &Path, folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    // It reads settings of whoever runs the tests otherwise.
    command.env("HOME", folder).env_remove("COMPOSE_FILE").env_remove("KUBECONFIG");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The output of `program`, which finds nothing wrong.
#[track_caller]
pub(crate) fn right(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let (is_right, said) = judged(program, folder, arguments);
    assert!(is_right, "{} {arguments:?}: {said}", program.display());
    said
}
