//! The settings of a service as its own program judges them.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use signal_hook::consts::SIGINT;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::{About as _, Error, Result};
use crate::project::{Member, Project};
use crate::runtime::block_on;
use crate::shell::Progress;

use super::super::finding::Finding;

pub(super) const CHECK: &str = "settings";

/// How long a program may take to look at its settings: a source that is far away may be slow.
const CHECKING: Duration = Duration::from_secs(30);
/// How long it may take to build it.
const BUILDING: Duration = Duration::from_secs(15 * 60);

/// Wrong settings.
const CONFIGURATION: i32 = 78;

/// What the service's own program says of its settings.
///
/// # Errors
///
/// Ctrl-C.
pub(super) fn program(
    project: &Project,
    member: &Member,
    progress: &Progress,
) -> Result<Option<Finding>> {
    let Some(program) = member.program() else { return Ok(None) };
    let found = block_on(async {
        let path = match project.built(program) {
            Some(path) => path,
            None => match build(project, member, program, progress).await? {
                Ok(path) => path,
                Err(finding) => return Ok(finding),
            },
        };
        progress.at(format_args!("at {}: its settings", member.name));
        Ok(judged(check(&path, &member.folder, program).await, program))
    });
    match found {
        Err(error) if error.is_interrupt() => Err(error),
        Err(error) => Ok(Some(judged(Err(error), program))),
        Ok(finding) => Ok(Some(finding)),
    }
}

/// Has a program look at its settings.
async fn check(path: &Path, folder: &Path, program: &str) -> Result<Output> {
    let mut command = Command::new(path);
    command.arg("--check-config").current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(CHECKING, command.output()).await;
    let late = || Error::new(format!("it did not end within {} s", CHECKING.as_secs()));
    output.map_err(|_elapsed| late())?.about(|| format!("run {program}"))
}

/// Builds a program, and says what cargo is at; the program, or why there is none.
async fn build(
    project: &Project,
    member: &Member,
    program: &str,
    progress: &Progress,
) -> Result<Result<PathBuf, Finding>> {
    progress.at(format_args!("at {program}, which is built first"));
    let mut cargo = Command::new("cargo");
    // By its place: its name may be that of something that it is built with, too.
    cargo.args(["build", "--message-format", "short", "--manifest-path"]);
    cargo.arg(member.folder.join("Cargo.toml")).args(["--bin", program]);
    cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let about = || "run cargo".to_owned();
    let mut child = cargo.spawn().about(about)?;
    let mut errors = Vec::new();
    let whole = async {
        let mut lines = child.stderr.take().map(|it| BufReader::new(it).lines());
        while let Some(lines) = &mut lines
            && let Some(line) = lines.next_line().await.about(about)?
        {
            if line.starts_with("error") || line.contains(": error") {
                errors.push(line);
            } else {
                let line = line.trim_start();
                progress.at(format_args!("at {program}, which is built first: {line}"));
            }
        }
        child.wait().await.about(about)
    };
    let late = || Error::new(format!("it was not built within {} min", BUILDING.as_secs() / 60));
    let status = timeout(BUILDING, whole).await.map_err(|_elapsed| late())??;
    if status.signal() == Some(SIGINT) {
        // Ctrl-C is for all that run in the terminal, and cargo may have heard of it first.
        return Err(Error::interrupted("interrupted"));
    }
    Ok(match project.built(program) {
        Some(path) if status.success() => Ok(path),
        _ => Err(unbuilt(program, status, &errors)),
    })
}

/// The first errors are those to correct.
fn unbuilt(program: &str, status: ExitStatus, errors: &[String]) -> Finding {
    let first: Vec<&str> = errors.iter().take(5).map(String::as_str).collect();
    let what = match first.as_slice() {
        [] => format!("{program} cannot be built: cargo ended with {status}"),
        first => format!("{program} cannot be built:\n{}", first.join("\n")),
    };
    Finding::bad(CHECK, what, "`cargo build` tells all of it")
}

fn judged(output: Result<Output>, program: &str) -> Finding {
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            let what = format!("cannot have {program} look at them: {error}");
            return Finding::warn(
                CHECK,
                what,
                "a service on Bia takes --check-config, and ends at once",
            );
        }
    };
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.trim().trim_start_matches("Error: ");
    match output.status.code() {
        Some(0) => Finding::ok(CHECK, format!("{program} --check-config finds them right")),
        Some(CONFIGURATION) => Finding::bad(
            CHECK,
            told,
            "correct them; `--print-config` shows what is in force and where each value comes from",
        ),
        _ => {
            let last: Vec<&str> = told.lines().rev().take(5).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            let what = format!(
                "{program} --check-config ended with {}: {}",
                output.status,
                last.join("\n")
            );
            Finding::bad(CHECK, what, "correct what it says")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::super::super::finding::Mark;
    use super::*;

    #[test]
    fn what_the_program_says_decides() {
        let output = |code: i32, told: &str| {
            let status = ExitStatus::from_raw(code << 8);
            Ok(Output { status, stdout: Vec::new(), stderr: told.as_bytes().to_vec() })
        };
        assert_eq!(judged(output(0, ""), "users").mark, Mark::Ok);
        let wrong = judged(output(78, "Error: server.adress: there is no such setting\n"), "users");
        assert_eq!(
            (wrong.mark, wrong.what.as_str()),
            (Mark::Bad, "server.adress: there is no such setting")
        );
        assert_eq!(judged(output(101, "error: expected `;`"), "users").mark, Mark::Bad);
        assert_eq!(judged(Err(Error::new("gone")), "users").mark, Mark::Warn);
    }
}
