//! Processes that are measured: started, pinned to a core, and ended with their owner.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::cpu::Clock;

/// A process of this same program, that ends when its standard input does.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    clock: Clock,
}

impl Process {
    /// Starts this program with `arguments`; under `wrapper` (a program and its arguments), if that
    /// is not empty.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(wrapper: &[String], arguments: &[String]) -> io::Result<Self> {
        let own = std::env::current_exe()?;
        let mut command = match wrapper.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest).arg(own);
                command
            }
            None => Command::new(own),
        };
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let clock = Clock::of(child.id())?;
        Ok(Self { child, input, output: BufReader::new(output), clock })
    }

    /// The clock of its CPU time.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The next line that it prints.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::other("a measured process ended; what it said stands above"));
        }
        Ok(line.trim().to_owned())
    }

    /// Sends it a line.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn tell(&mut self, line: &str) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), |input| writeln!(input, "{line}"))
    }

    /// Ends it in order.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn end(mut self) -> io::Result<()> {
        self.input = None;
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("a measured process failed: {status}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Of no effect on one that has ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A server and where it is.
#[derive(Debug)]
pub struct Server {
    pub process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server with `arguments`, as [`Process::start`] does.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(wrapper: &[String], arguments: &[String]) -> io::Result<Self> {
        let mut process = Process::start(wrapper, arguments)?;
        let address = process.line()?.parse().map_err(io::Error::other)?;
        Ok(Self { process, address })
    }
}
