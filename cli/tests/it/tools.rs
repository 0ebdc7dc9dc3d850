//! Programs that tests start, which `cargo xtask servers install` has, and ports for them.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `name`, for the test of the name `test`: named by `BIA_NAME_BIN`, installed, or on the
/// path. Without it the test is to pass, and says so; in CI it fails.
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

/// Ports that nobody has now, for TCP and UDP.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    std::array::from_fn(|_| {
        loop {
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = tcp.local_addr().unwrap().port();
            if let Ok(udp) = UdpSocket::bind(("127.0.0.1", port)) {
                // Held until all are chosen, so that no two are the same.
                held.push((tcp, udp));
                return port;
            }
        }
    })
}
