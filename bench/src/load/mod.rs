//! Calls a server without end, at the least cost that a caller can have.
//!
//! The caller must not be what a measurement is bounded by: a server that has to wait for work is
//! woken more often, and looks dearer for it. So this one writes frames that were put together
//! beforehand and reads only the heads of those that come back. Whether the answers are right is
//! asked once before ([`crate::probe`]); while it runs, their bytes are counted.

mod connection;
mod frame;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::workload::Wire;

use connection::{Connection, Shared};
use frame::Call;

/// Connections full of calls, until dropped or finished.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<io::Result<Vec<Duration>>>>,
}

/// How far a load is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Calls answered.
    pub calls: u64,
    /// Bytes of messages answered.
    pub data: u64,
    /// When.
    pub at: Instant,
}

impl Load {
    /// Begins to call with `in_flight` calls on each of so many connections.
    pub fn start(address: SocketAddr, wire: &Wire, connections: u32, in_flight: u32) -> Self {
        Self::of(address, wire, connections, in_flight, None)
    }

    /// Makes so many calls over one connection, `in_flight` at a time.
    ///
    /// # Errors
    ///
    /// As [`Load::finish`].
    pub fn run(address: SocketAddr, wire: &Wire, in_flight: u32, calls: u32) -> io::Result<()> {
        Self::of(address, wire, 1, in_flight, Some(calls)).join().map(drop)
    }

    fn of(
        address: SocketAddr,
        wire: &Wire,
        connections: u32,
        in_flight: u32,
        calls: Option<u32>,
    ) -> Self {
        let shared = Arc::<Shared>::default();
        let authority = address.to_string();
        let call = Call::new(wire, &authority);
        let call = Arc::new(call);
        let threads = (0..connections).map(|_| {
            let (shared, call) = (Arc::clone(&shared), Arc::clone(&call));
            thread::spawn(move || Connection::open(address, &call, &shared, calls)?.run(in_flight))
        });
        Self { threads: threads.collect(), shared }
    }

    /// From now on, how long each call takes is kept.
    pub fn keep_latencies(&self) {
        self.shared.timing.store(true, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            calls: self.shared.calls.load(Ordering::Relaxed),
            data: self.shared.data.load(Ordering::Relaxed),
            at: Instant::now(),
        }
    }

    /// Ends it; gives back how long the calls took.
    ///
    /// # Errors
    ///
    /// If a connection broke, a stream was reset, or the server fell silent.
    pub fn finish(mut self) -> io::Result<Vec<Duration>> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    fn join(&mut self) -> io::Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        for thread in self.threads.drain(..) {
            let own = thread.join().map_err(|_| io::Error::other("a caller panicked"))?;
            latencies.append(&mut own?);
        }
        Ok(latencies)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}
