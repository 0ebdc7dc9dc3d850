use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};

use fastrand::Rng;

use crate::context::{SpanId, TraceId};

thread_local! {
    /// Two, because 64 bits of seed are too few where ids of a whole fleet must differ.
    static RANDOM: RefCell<[Rng; 2]> = RefCell::new([seeded(), seeded()]);
}

/// Seeded by the system's random numbers, which is where the standard library's hashes begin.
fn seeded() -> Rng {
    Rng::with_seed(RandomState::new().build_hasher().finish())
}

/// An id for a new trace.
pub(super) fn trace() -> TraceId {
    loop {
        let (high, low) = RANDOM.with_borrow_mut(|[one, two]| (one.u64(..), two.u64(..)));
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        if let Some(id) = TraceId::new(bytes) {
            return id;
        }
    }
}

/// An id for a new span.
pub(super) fn span() -> SpanId {
    loop {
        let bytes = RANDOM.with_borrow_mut(|[one, _]| one.u64(..)).to_be_bytes();
        if let Some(id) = SpanId::new(bytes) {
            return id;
        }
    }
}
