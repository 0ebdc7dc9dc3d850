use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::context::Context;
use crate::operation::Operation;

/// So many parts that the cores of a machine rarely meet at one.
const SHARDS: usize = 16;

/// The calls that are on their way now. Cloning is cheap; all clones are one.
#[derive(Clone, Default)]
pub(crate) struct Active(Arc<Shards>);

#[derive(Default)]
struct Shards {
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicUsize,
}

/// Calls at places that are used again: no allocation once there have been as many at one time.
#[derive(Default)]
struct Shard {
    places: Vec<Option<ActiveCall>>,
    free: Vec<usize>,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub(crate) enum ActiveCall {
    /// One that is served.
    Served(Context),
    /// One that is made.
    Made {
        operation: &'static Operation,
        target: Arc<str>,
        begun: Instant,
        deadline: Option<Instant>,
    },
}

/// A call's place among those that are on their way, until it is dropped.
pub(crate) struct Place {
    all: Arc<Shards>,
    shard: usize,
    index: usize,
}

impl Active {
    pub(super) fn enter(&self, call: ActiveCall) -> Place {
        let shard = self.0.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let mut calls = self.0.lock(shard);
        let index = match calls.free.pop() {
            Some(index) => {
                calls.places[index] = Some(call);
                index
            }
            None => {
                calls.places.push(Some(call));
                calls.places.len() - 1
            }
        };
        Place { all: Arc::clone(&self.0), shard, index }
    }

    /// Every call that is on its way, in no order.
    pub(crate) fn all(&self) -> Vec<ActiveCall> {
        (0..SHARDS)
            .flat_map(|shard| {
                self.0.lock(shard).places.iter().flatten().cloned().collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Shards {
    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut calls = self.all.lock(self.shard);
        let call = calls.places[self.index].take();
        calls.free.push(self.index);
        drop(calls);
        // What hangs on its context is let go without the lock.
        drop(call);
    }
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active").finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("index", &self.index).finish_non_exhaustive()
    }
}
