//! The moment between this command and the program that it starts: makes the kernel end the program
//! should this command be killed.
//!
//! The kernel sends a signal to a process whose parent dies if the process itself has asked for it
//! (`PR_SET_PDEATHSIG`, prctl(2)), and what was asked holds across `exec`. So the command starts itself,
//! asks, and becomes the program. It is the *thread* that starts a process which counts as its parent:
//! processes are started on the first thread only.
//!
//! What holds: a service gets SIGTERM, and stops in order, however this command ends; also by SIGKILL.
//! What does not: a service that ignores SIGTERM then stays, and so do processes that a service started
//! itself and does not end when it stops. When this command stops services itself, both are killed.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// What such a process is called until it is the program.
const NAME: &str = "bia: starting";

/// A shell's code for a program that cannot be started.
const CANNOT_START: u8 = 127;

/// `program` as a process that ends with this one.
pub(super) fn command(program: impl Into<OsString>) -> tokio::process::Command {
    // Ourselves, even if a build has put another program in our place.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(NAME).arg(std::process::id().to_string()).arg(program.into());
    command.into()
}

/// Becomes the program, if this process was started for that. Returns only if it cannot.
pub(crate) fn take_over() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.next()? != NAME {
        return None;
    }
    let parent: i32 = arguments.next()?.to_str()?.parse().ok()?;
    let program = arguments.next()?;
    // A system that has no such thing runs the program all the same.
    set_parent_process_death_signal(Some(Signal::TERM)).ok();
    // It may have died before we asked.
    if getppid().is_none_or(|it| it.as_raw_nonzero().get() != parent) {
        return Some(ExitCode::FAILURE);
    }
    let error = Command::new(&program).args(arguments).exec();
    let mut err = std::io::stderr();
    writeln!(err, "cannot start {}: {error}", program.display()).ok();
    Some(ExitCode::from(CANNOT_START))
}
