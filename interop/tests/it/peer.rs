//! Finds the programs that were not written here, and runs them.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The program `name`, as `cargo xtask servers install` puts it on the machine. Without it the test
/// that asks says so and passes; in CI it fails.
pub(crate) fn program(test: &str, name: &str) -> Option<PathBuf> {
    let variable = format!("BIA_{}_BIN", name.to_uppercase().replace('-', "_"));
    let installed =
        || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/bia/bin").join(name));
    let on_path = || {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.exists())
    };
    let found = std::env::var_os(variable).map(PathBuf::from).or_else(installed);
    let found = found.filter(|path| path.exists()).or_else(on_path);
    if found.is_none() {
        let missing = format!("{name} is not installed; run cargo xtask servers install");
        // `cargo xtask test` names here what nobody can promise to be able to install.
        let optional = std::env::var("BIA_MAY_BE_MISSING").unwrap_or_default();
        let is_optional = optional.split(',').any(|it| it == name);
        assert!(std::env::var_os("CI").is_none() || is_optional, "{missing}");
        eprintln!("SKIPPED {test}: {missing}");
    }
    found
}

/// A server in a process of its own, which ends with the test.
pub(crate) struct Peer {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _child: child, lines }
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(30), self.lines.next_line()).await;
        line.expect("a line within 30 s").unwrap().expect("a line before it ends")
    }
}

/// Runs a program to its end.
pub(crate) async fn run(command: &mut Command) -> Output {
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("it ends within 60 s").unwrap()
}

/// What a program printed, both ways, for a failure to show.
pub(crate) fn printed(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
