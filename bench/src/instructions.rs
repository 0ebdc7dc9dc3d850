//! Instructions of user code for each call, counted by valgrind: the same on a busy machine.
//!
//! A process is run twice, with few calls and with more; what the second took beyond the first is
//! what the calls beyond the first took. Under valgrind the process is so slow that whoever works with
//! it is always done before: it finds all the calls that can be in flight, in every run.

use std::io;
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::child::{Process, Server};
use crate::load::Load;
use crate::measure::serve;
use crate::peer::Peer;
use crate::plan::Side;
use crate::workload::Workload;

const FEW: u32 = 500;
const MORE: u32 = 2500;

/// Instructions for each unary call.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Count {
    pub side: Side,
    pub peer: Peer,
    pub in_flight: u32,
    pub each: f64,
}

/// Whether they can be counted here.
pub fn available() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Counts those of one peer's server or client.
///
/// # Errors
///
/// If a process does not start, or its count cannot be read.
pub fn count(side: Side, peer: Peer, in_flight: u32) -> io::Result<Count> {
    let run = |calls| match side {
        Side::Server => server(peer, in_flight, calls),
        Side::Client => client(peer, in_flight, calls),
    };
    let beyond = run(MORE)?.saturating_sub(run(FEW)?);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let each = beyond as f64 / f64::from(MORE - FEW);
    Ok(Count { side, peer, in_flight, each })
}

fn server(peer: Peer, in_flight: u32, calls: u32) -> io::Result<u64> {
    let log = Log::new()?;
    let server = Server::start(&log.wrapper(), &serve(peer, Workload::Unary, None))?;
    Load::run(server.address, &Workload::Unary.wire(peer), in_flight, calls)?;
    server.process.end()?;
    log.total()
}

fn client(peer: Peer, in_flight: u32, calls: u32) -> io::Result<u64> {
    let log = Log::new()?;
    let server = Server::start(&[], &serve(Peer::Hyper, Workload::Unary, None))?;
    let address = server.address.to_string();
    let (calls, in_flight) = (calls.to_string(), in_flight.to_string());
    let arguments = ["call", peer.name(), &address, "--calls", &calls, "--in-flight", &in_flight];
    Process::start(&log.wrapper(), &arguments.map(str::to_owned))?.end()?;
    log.total()
}

/// The file that valgrind writes about a run.
struct Log(std::path::PathBuf);

impl Log {
    fn new() -> io::Result<Self> {
        let name = format!("bia-bench-{}.callgrind", std::process::id());
        let path = std::env::temp_dir().join(name);
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        Ok(Self(path))
    }

    fn wrapper(&self) -> Vec<String> {
        let out = format!("--callgrind-out-file={}", self.0.display());
        ["valgrind", "--quiet", "--tool=callgrind", &out].map(str::to_owned).to_vec()
    }

    fn total(&self) -> io::Result<u64> {
        let text = std::fs::read_to_string(&self.0)?;
        total(&text).ok_or_else(|| io::Error::other("valgrind wrote no total"))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

fn total(text: &str) -> Option<u64> {
    let line = |name| text.lines().find_map(|line| line.strip_prefix(name));
    line("totals:").or_else(|| line("summary:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_what_valgrind_writes() {
        assert_eq!(total("version: 1\nevents: Ir\nsummary: 41\nfn=(1)\ntotals: 42\n"), Some(42));
        assert_eq!(total("events: Ir\nsummary: 41\n"), Some(41));
        assert_eq!(total("events: Ir\n"), None);
    }
}
