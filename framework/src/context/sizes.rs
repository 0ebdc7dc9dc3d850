use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes of messages a call has moved, uncompressed.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Sizes {
    pub(crate) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Clone for Sizes {
    fn clone(&self) -> Self {
        Self { received: self.received().into(), sent: self.sent().into() }
    }
}
