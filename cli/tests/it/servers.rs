//! Programs that tests start, and ports for them.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

/// The program of a real server: named by `variable`, installed by `cargo xtask servers install`, or
/// on the path. If there is none, says so; in CI that is a failure.
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
pub(crate) fn program(name: &str, variable: &str, test: &str) -> Option<PathBuf> {
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
        let optional = std::env::var("BIA_MAY_BE_MISSING").unwrap_or_default();
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        let why = format!("{name} is missing; run cargo xtask servers install");
        assert!(!is_ci || optional.split(',').any(|it| it == name), "{test}: {why}");
        eprintln!("SKIPPED {test}: {why}");
    }
    found
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
