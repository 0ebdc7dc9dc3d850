use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::algo::PeakEwma;
use crate::registry::Instance;

/// An instance as a client sees it.
pub struct Node {
    address: Arc<str>,
    instance: ArcSwap<Instance>,
    load: Load,
}

/// What a node has to do and how it did lately.
pub struct Load {
    in_flight: AtomicUsize,
    ewma: Mutex<PeakEwma>,
}

impl Node {
    /// A node at `host:port` of which nothing is known yet but the latency that is guessed.
    #[must_use]
    pub fn new(address: &str, instance: Instance, guess: Duration) -> Self {
        Self {
            address: address.into(),
            instance: ArcSwap::from_pointee(instance),
            load: Load {
                in_flight: AtomicUsize::new(0),
                ewma: Mutex::new(PeakEwma::new(Instant::now(), guess)),
            },
        }
    }

    /// Where it is, `host:port`; it tells nodes apart.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn shared_address(&self) -> Arc<str> {
        Arc::clone(&self.address)
    }

    /// What the registry last said of it.
    #[must_use]
    pub fn instance(&self) -> Arc<Instance> {
        self.instance.load_full()
    }

    /// What it has to do and how it did lately.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Takes over what the registry says now.
    pub(crate) fn set_instance(&self, instance: Instance) {
        self.instance.store(Arc::new(instance));
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("load", &self.load)
            .finish_non_exhaustive()
    }
}

impl Load {
    /// How many calls it has in flight from this client; a stream is one until it ends.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// What one more call is expected to cost. See [`PeakEwma::cost`].
    #[must_use]
    pub fn cost(&self, now: Instant) -> Duration {
        self.ewma().cost(now, self.in_flight())
    }

    /// How long calls took lately. See [`PeakEwma::latency`].
    #[must_use]
    pub fn latency(&self, now: Instant) -> Duration {
        self.ewma().latency(now)
    }

    /// The share of calls that failed lately, 0 to 1. See [`PeakEwma::failures`].
    #[must_use]
    pub fn failures(&self, now: Instant) -> f64 {
        self.ewma().failures(now)
    }

    /// Counts a call that is sent.
    pub fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that has ended, whatever came of it. Once for each [`Load::begin`].
    pub fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Learns from a call that was answered, or was given up, `now`.
    pub fn observe(&self, now: Instant, latency: Duration, failed: bool) {
        self.ewma().observe(now, latency, failed);
    }

    /// Begins anew with a guess, as for an instance that has taken the place of another.
    pub fn forget(&self, now: Instant, guess: Duration) {
        *self.ewma() = PeakEwma::new(now, guess);
    }

    fn ewma(&self) -> MutexGuard<'_, PeakEwma> {
        self.ewma.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("in_flight", &self.in_flight())
            .field("ewma", &*self.ewma())
            .finish()
    }
}
