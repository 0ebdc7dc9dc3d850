//! What is written while calls run: counters, gauges and histograms of atomics, with exemplars.
//!
//! Writing allocates nothing, takes no lock that could wait, and looks nothing up: whoever writes holds
//! the instrument.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::SystemTime;

use super::reading::{Exemplar, Spread};

/// Only grows. Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Goes up and down. Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicI64>);

impl Gauge {
    pub(crate) fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The ranges that a histogram counts by.
#[derive(Debug, PartialEq)]
pub(crate) struct Buckets {
    /// Upper bounds, inclusive, in what is recorded: nanoseconds or bytes.
    bounds: Box<[u64]>,
    /// How many of what is recorded are one of what is shown: nanoseconds are shown as seconds.
    scale: f64,
}

impl Buckets {
    /// Bounds in nanoseconds, shown in seconds. They are put in order.
    pub(crate) fn of_nanoseconds(bounds: impl IntoIterator<Item = u64>) -> Self {
        Self::new(bounds, 1e9)
    }

    /// Bounds in bytes. They are put in order.
    pub(crate) fn of_bytes(bounds: impl IntoIterator<Item = u64>) -> Self {
        Self::new(bounds, 1.0)
    }

    fn new(bounds: impl IntoIterator<Item = u64>, scale: f64) -> Self {
        let mut bounds: Vec<u64> = bounds.into_iter().collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self { bounds: bounds.into(), scale }
    }

    fn of(&self, value: u64) -> usize {
        self.bounds.partition_point(|bound| *bound < value)
    }

    /// Divided rather than multiplied by 10^-9, which no float is: 5 ms are 0.005, not 0.005000000000000001.
    fn shown(&self, value: u64) -> f64 {
        as_float(value) / self.scale
    }
}

/// Exact up to 2^53: bytes to 9 PB, nanoseconds to 104 days.
#[expect(clippy::cast_precision_loss, reason = "a sum that is off by 10^-16 is a sum")]
pub(crate) fn as_float(value: u64) -> f64 {
    value as f64
}

/// The ids of a sampled call: of its trace, and of its span.
pub(crate) type Ids = ([u8; 16], [u8; 8]);

/// How many values fell in which range, and their sum.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Arc<Buckets>,
    /// One more than there are bounds: the last has none.
    counts: Box<[AtomicU64]>,
    /// Wraps after 584 years of calls, in nanoseconds.
    sum: AtomicU64,
    /// The last sampled call of each range; empty if there are none to keep.
    seen: Box<[Mutex<Option<Seen>>]>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    ids: Ids,
    value: u64,
    at: SystemTime,
}

impl Histogram {
    pub(crate) fn new(buckets: &Arc<Buckets>) -> Self {
        Self::with_seen(buckets, Box::default())
    }

    /// One that keeps the last sampled call of each range.
    pub(crate) fn with_exemplars(buckets: &Arc<Buckets>) -> Self {
        let places = buckets.bounds.len() + 1;
        Self::with_seen(buckets, (0..places).map(|_| Mutex::new(None)).collect())
    }

    fn with_seen(buckets: &Arc<Buckets>, seen: Box<[Mutex<Option<Seen>>]>) -> Self {
        let counts = (0..=buckets.bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { buckets: Arc::clone(buckets), counts, sum: AtomicU64::new(0), seen }
    }

    /// Counts a value, in nanoseconds or bytes, and keeps the call it comes from if that is sampled.
    pub(crate) fn record(&self, value: u64, ids: Option<Ids>) {
        let place = self.buckets.of(value);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
        // Who finds the place taken leaves it: one of two calls of the same moment is example enough.
        if let Some(ids) = ids
            && let Some(seen) = self.seen.get(place)
            && let Ok(mut seen) = seen.try_lock()
        {
            *seen = Some(Seen { ids, value, at: SystemTime::now() });
        }
    }

    /// What was counted up to now.
    pub(crate) fn read(&self) -> Spread {
        let shown = |value| self.buckets.shown(value);
        let exemplars = self.seen.iter().map(|seen| {
            // Nobody panics while holding it; if one did, the example is gone, not the page.
            let seen = seen.lock().ok().and_then(|seen| *seen);
            seen.map(|Seen { ids, value, at }| Exemplar { ids, value: shown(value), at })
        });
        Spread {
            bounds: self.buckets.bounds.iter().copied().map(shown).collect(),
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: shown(self.sum.load(Ordering::Relaxed)),
            exemplars: exemplars.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(bounds: &[u64]) -> Arc<Buckets> {
        Arc::new(Buckets::of_nanoseconds(bounds.iter().map(|bound| bound * 1_000_000)))
    }

    #[test]
    fn a_value_on_a_bound_is_below_it() {
        let histogram = Histogram::new(&milliseconds(&[10, 1, 5]));
        for value in [0, 1_000_000, 1_000_001, 5_000_000, 10_000_001, u64::MAX / 4] {
            histogram.record(value, None);
        }
        let read = histogram.read();
        assert_eq!(read.bounds, [0.001, 0.005, 0.01]);
        assert_eq!(read.counts, [2, 2, 0, 2]);
    }

    #[test]
    fn bounds_are_shown_as_they_were_written() {
        let written = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
        let bounds = [500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000]
            .into_iter()
            .chain([1_000_000, 2_500_000])
            .map(|micros| micros * 1000);
        let histogram = Histogram::new(&Arc::new(Buckets::of_nanoseconds(bounds)));
        assert_eq!(histogram.read().bounds, written);
    }

    #[test]
    fn the_last_sampled_call_of_a_range_is_kept() {
        let histogram = Histogram::with_exemplars(&milliseconds(&[1]));
        histogram.record(1, Some(([1; 16], [1; 8])));
        histogram.record(2, Some(([2; 16], [2; 8])));
        histogram.record(3, None);
        histogram.record(2_000_000_000, Some(([3; 16], [3; 8])));
        let kept: Vec<_> =
            histogram.read().exemplars.iter().map(|kept| kept.as_ref().unwrap().ids.0[0]).collect();
        assert_eq!(kept, [2, 3]);
        let read = histogram.read();
        assert!((read.exemplars[1].as_ref().unwrap().value - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_keeps_no_examples_takes_none() {
        let histogram = Histogram::new(&milliseconds(&[1]));
        histogram.record(1, Some(([1; 16], [1; 8])));
        assert!(histogram.read().exemplars.is_empty());
    }
}
