//! Crates without dependencies, which are built in a moment, and a run of them that can be watched.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

/// Far longer than anything here takes, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(150);

/// A program that says who it is, then some words, and runs until it is asked to stop.
pub(crate) fn program(words: &str) -> String {
    program_saying(&format!("{words:?}"))
}

/// The same, with words that an expression makes.
pub(super) fn program_saying(words: &str) -> String {
    let body = format!("println!(\"pid {{}}\", std::process::id()); println!(\"{{}}\", {words});");
    format!("fn main() {{ {body} loop {{ std::thread::park(); }} }}")
}

/// One that hears no SIGTERM.
pub(super) fn forever() -> String {
    r#"use std::os::unix::process::CommandExt;
    fn main() {
        println!("pid {}", std::process::id());
        let script = "trap '' TERM; echo deaf; exec tail -f /dev/null";
        panic!("{}", std::process::Command::new("sh").args(["-c", script]).exec());
    }"#
    .to_owned()
}

/// One that never stops talking.
pub(super) fn talkative() -> String {
    // sleeps: this is the service that never stops talking
    r#"fn main() {
        println!("pid {}", std::process::id());
        loop { println!("talks"); std::thread::sleep(std::time::Duration::from_millis(1)); }
    }"#
    .to_owned()
}

/// A workspace of such crates.
pub(crate) struct Fake(pub(crate) TempDir);

impl Fake {
    pub(crate) fn new(crates: &[(&str, &str)]) -> Self {
        let fake = Self(TempDir::new().unwrap());
        let names: Vec<String> = crates.iter().map(|(name, _)| format!("{name:?}")).collect();
        let members = names.join(", ");
        fake.write(
            "Cargo.toml",
            &format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        );
        for (name, main) in crates {
            let manifest =
                format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n");
            fake.write(&format!("{name}/Cargo.toml"), &manifest);
            fake.write(&format!("{name}/src/main.rs"), main);
        }
        fake
    }

    /// Writes a file as editors do: another in its place.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let unfinished = path.with_extension("tmp");
        std::fs::write(&unfinished, text).unwrap();
        std::fs::rename(unfinished, path).unwrap();
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        Run::start(self.0.path(), arguments)
    }
}

/// A run, with all that it has said.
pub(crate) struct Run {
    child: Child,
    said: Receiver<(Stream, String)>,
    out: Vec<String>,
    err: Vec<String>,
    /// Lines that were waited for already.
    seen: BTreeSet<(bool, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Run {
    pub(super) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = crate::command::bia(folder);
        // Where the crates of a fake are built is a matter of theirs.
        command.env_remove("CARGO_TARGET_DIR").env("CARGO_NET_OFFLINE", "true");
        command.arg("run").args(arguments);
        Self::of(command)
    }

    /// A run as it was put together.
    pub(crate) fn of(mut command: std::process::Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, said) = sync_channel(1 << 16);
        read(child.stdout.take().unwrap(), Stream::Out, sender.clone());
        read(child.stderr.take().unwrap(), Stream::Err, sender);
        Self { child, said, out: Vec::new(), err: Vec::new(), seen: BTreeSet::new() }
    }

    fn take(&mut self) -> bool {
        match self.said.recv_timeout(PATIENCE) {
            Ok((Stream::Out, line)) => self.out.push(line),
            Ok((Stream::Err, line)) => self.err.push(line),
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more is said: {self}"),
        }
        true
    }

    fn until(&mut self, stream: Stream, is_it: impl Fn(&str) -> bool) -> String {
        let is_error = stream == Stream::Err;
        loop {
            let lines = if is_error { &self.err } else { &self.out };
            let mut new =
                lines.iter().enumerate().filter(|(at, _)| !self.seen.contains(&(is_error, *at)));
            // Services start side by side: what one says may stand before or behind another's words.
            if let Some((at, line)) = new.find(|(_, line)| is_it(line)) {
                let line = line.clone();
                self.seen.insert((is_error, at));
                return line;
            }
            assert!(self.take(), "it ended before that: {self}");
        }
    }

    /// Waits for a line of data that was not waited for yet.
    pub(super) fn until_out(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.until(Stream::Out, is_it)
    }

    /// Waits for a line of talk that was not waited for yet.
    pub(crate) fn until_err(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.until(Stream::Err, is_it)
    }

    /// The processes of the services that were started, as they said themselves.
    pub(super) fn pids(&self) -> Vec<i32> {
        let told = self.out.iter().filter_map(|line| line.split_once("| pid ")?.1.parse().ok());
        told.collect()
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Nobody reads what services say from now on.
    pub(super) fn stop_reading(&mut self) {
        // Its readers end with the next line that nobody takes.
        self.said = sync_channel(1).1;
    }

    pub(super) fn until_gone(&mut self) {
        self.child.wait().unwrap();
    }

    /// Ctrl-C, and the end.
    pub(crate) fn interrupt(self, code: i32) -> (Vec<String>, Vec<String>) {
        self.signal(Signal::INT);
        self.end(code)
    }

    /// Waits for the end.
    pub(super) fn end(mut self, code: i32) -> (Vec<String>, Vec<String>) {
        while self.take() {}
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{self}");
        (std::mem::take(&mut self.out), std::mem::take(&mut self.err))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "out:\n{}\nerr:\n{}", self.out.join("\n"), self.err.join("\n"))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read(from: impl Read + Send + 'static, stream: Stream, to: SyncSender<(Stream, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            if to.send((stream, line)).is_err() {
                break;
            }
        }
    });
}

/// Whether a process lives.
pub(crate) fn is_there(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // One that is gone and that nobody has asked for yet is there for the kernel.
    let is_dead = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')));
    test_kill_process(pid).is_ok() && !is_dead
}

/// Waits for what nobody tells.
pub(super) fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}
