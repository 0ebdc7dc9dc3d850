use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What waits to be sent: bounded, and never waited for. Cloning is cheap; all clones are one.
pub(crate) struct Queue<T>(Arc<Shared<T>>);

struct Shared<T> {
    waiting: Mutex<VecDeque<T>>,
    limit: usize,
    /// With so many there is enough for one request.
    enough: usize,
    wake: Notify,
    lost: AtomicU64,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize, enough: usize) -> Self {
        let enough = enough.min(limit);
        Self(Arc::new(Shared {
            waiting: Mutex::new(VecDeque::new()),
            limit,
            enough,
            wake: Notify::new(),
            lost: AtomicU64::new(0),
        }))
    }

    /// Adds one. If there are as many as may be, the oldest is lost: the new ones tell what happens
    /// now.
    pub(crate) fn push(&self, item: T) {
        let (over, waiting) = {
            let mut waiting = self.lock();
            let over = if waiting.len() >= self.0.limit { waiting.pop_front() } else { None };
            waiting.push_back(item);
            (over, waiting.len())
        };
        if over.is_some() {
            self.lose(1);
        } else if waiting == 1 || waiting == self.0.enough {
            // Waking another thread costs more than all the rest: once for a batch.
            self.0.wake.notify_one();
        }
    }

    /// How many were lost: there were too many, or they could not be sent.
    pub(crate) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn lose(&self, count: u64) {
        self.0.lost.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn has_enough(&self) -> bool {
        self.waiting() >= self.0.enough
    }

    /// Resolves when the first waits, and when there is enough for a request.
    pub(super) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Takes the oldest, as many as go in one request.
    pub(super) fn take(&self, most: usize) -> Vec<T> {
        let mut waiting = self.lock();
        let count = waiting.len().min(most);
        waiting.drain(..count).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Queue");
        shown.field("waiting", &self.waiting()).field("lost", &self.lost()).finish_non_exhaustive()
    }
}
