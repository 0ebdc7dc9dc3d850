//! What figures are of: the machine, the versions and the command.

use std::fs;
use std::process::Command;

use serde::Serialize;

/// The circumstances of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub kernel: String,
    pub compiler: String,
    /// The commit that Bia is at, and whether it was changed since.
    pub commit: String,
    /// Crates and their versions.
    pub versions: Vec<(String, String)>,
    pub command: String,
}

const NAMED: [&str; 7] = ["bia", "tonic", "hyper", "h2", "tokio", "prost", "flate2"];

impl Machine {
    /// What it is now.
    pub fn of(command: String, cores: usize) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu =
            cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: cpu.map_or("unknown", |(_, name)| name).to_owned(),
            cores,
            kernel: kernel.trim().to_owned(),
            compiler: said("rustc", &["--version"]),
            commit: said("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
            versions: versions(include_str!("../Cargo.lock")),
            command,
        }
    }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success());
    let text = text.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".to_owned())
}

/// The named crates in a lock file.
fn versions(lock: &str) -> Vec<(String, String)> {
    let quoted = |line: &str, key: &str| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    let mut found = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = quoted(line, "name = ") else { continue };
        let version = lines.next().and_then(|line| quoted(line, "version = "));
        if let Some(version) = version.filter(|_| NAMED.contains(&name.as_str())) {
            found.push((name, version));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = "[[package]]\nname = \"tonic\"\nversion = \"0.14.9\"\n\n\
                    [[package]]\nname = \"other\"\nversion = \"1.0.0\"\n";
        assert_eq!(versions(lock), [("tonic".to_owned(), "0.14.9".to_owned())]);
    }
}
