//! Runs commands: seen, silent into a log, or for what they print.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{About as _, Error, Result};

/// The cargo that runs us, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root::repository());
    // Set by cargo for *this* crate; an inner cargo must not believe that they are its own.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// The command as a person would type it.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or_else(|| command.get_program()).to_string_lossy();
    let mut words = program.into_owned();
    for argument in command.get_args() {
        words.push(' ');
        words.push_str(&argument.to_string_lossy());
    }
    words
}

/// Runs `command` with the terminal as its own.
///
/// # Errors
///
/// It cannot be started, or it ends with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().about(|| format!("run `{}`", words(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("`{}` ended with {status}", words(command))))
}

/// Runs `command` without input and gives what it printed to stdout.
///
/// # Errors
///
/// It cannot be started, or it ends with anything but 0; the message carries its last line of stderr.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().about(|| format!("run `{}`", words(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.trim().lines().last().unwrap_or("it said nothing");
        return Err(Error::new(format!(
            "`{}` ended with {}: {last}",
            words(command),
            output.status
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Sends `signal` (`TERM`, `KILL`) to a process.
///
/// # Errors
///
/// There is no such process, or it is not ours.
pub(crate) fn send(signal: &str, process: u32) -> Result<()> {
    // The shell's own kill: a small Debian has no program of that name.
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &process.to_string()]);
    output(&mut command).map(drop)
}

/// Runs `command` silently; everything it prints is appended to `log`.
///
/// # Errors
///
/// It cannot be started, or it ends with anything but 0; the message carries the last lines it printed.
pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<()> {
    use std::io::Write as _;
    let about = || format!("write {}", log.display());
    let mut file = File::options().create(true).append(true).read(true).open(log).about(about)?;
    writeln!(file, "$ {}", words(command)).about(about)?;
    let start = file.seek(SeekFrom::End(0)).about(about)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().about(about)?)
        .stderr(file.try_clone().about(about)?)
        .status()
        .about(|| format!("run `{}`", words(command)))?;
    if status.success() {
        return Ok(());
    }
    let mut printed = Vec::new();
    file.seek(SeekFrom::Start(start)).about(about)?;
    file.read_to_end(&mut printed).about(about)?;
    let tail = last_lines(&String::from_utf8_lossy(&printed), 4);
    let mut words = words(command);
    if words.len() > 120 {
        words = words.chars().take(117).collect::<String>() + "...";
    }
    Err(Error::new(format!("`{words}` ended with {status}{tail}")))
}

/// The last `count` lines that say something, each indented on a line of its own.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines.get(lines.len().saturating_sub(count)..).unwrap_or_default();
    tail.iter().map(|line| format!("\n    {line}")).collect()
}
