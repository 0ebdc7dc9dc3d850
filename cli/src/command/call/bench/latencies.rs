//! How long calls took: counts in buckets, so that any number of calls takes the same room.

use std::time::Duration;

/// Buckets between a number and its double: a percentile is off by 1/64 of itself at most.
const STEPS: usize = 64;
/// Doubles that are told apart: of microseconds, up to 19 hours.
const DOUBLES: usize = 30;

/// Counts of times.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    /// Empty until something is counted.
    buckets: Vec<u64>,
    pub(super) count: u64,
    sum: Duration,
    pub(super) max: Duration,
}

impl Latencies {
    pub(super) fn new() -> Self {
        Self { buckets: vec![0; STEPS * DOUBLES], ..Self::default() }
    }

    pub(super) fn add(&mut self, time: Duration) {
        let micros = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        if let Some(bucket) = self.buckets.get_mut(place(micros)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += time;
        self.max = self.max.max(time);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (own, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += others;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    pub(super) fn mean(&self) -> Duration {
        u32::try_from(self.count).ok().and_then(|count| self.sum.checked_div(count)).unwrap_or_else(
            || Duration::from_secs_f64(self.sum.as_secs_f64() / (self.count.max(1)) as f64),
        )
    }

    /// What `percent` of all took at most.
    pub(super) fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut counted = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            counted += count;
            if counted >= wanted {
                return Duration::from_micros(end(place)).min(self.max);
            }
        }
        self.max
    }
}

/// The bucket of a number of microseconds.
fn place(micros: usize) -> usize {
    if micros < STEPS {
        return micros;
    }
    // How often it is halved to be less than two times the steps.
    let halved = (micros.ilog2() - STEPS.ilog2()) as usize;
    let place = (halved + 1) * STEPS + ((micros >> halved) - STEPS);
    place.min(STEPS * DOUBLES - 1)
}

/// The largest number of microseconds in a bucket.
fn end(place: usize) -> u64 {
    let (double, step) = (place / STEPS, place % STEPS);
    let (halved, first) = match double {
        0 => (0, step),
        double => (double - 1, step + STEPS),
    };
    (((first + 1) << halved) - 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_within_its_bucket_and_buckets_are_narrow() {
        for micros in (0..2000).chain([12_345, 1_000_000, 59_999_999, 3_600_000_000]) {
            let end = end(place(micros));
            assert!(end >= micros as u64, "{micros}");
            assert!(end as f64 <= micros as f64 * 65.0 / 64.0, "{micros}: {end}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut all = Latencies::new();
        let mut half = Latencies::new();
        for millis in 1..=1000_u64 {
            let to = if millis % 2 == 0 { &mut all } else { &mut half };
            to.add(Duration::from_millis(millis));
        }
        all.merge(&half);
        assert_eq!(all.count, 1000);
        assert_eq!(all.max, Duration::from_secs(1));
        assert_eq!(all.mean(), Duration::from_micros(500_500));
        for (percent, millis) in [(50, 500.0), (90, 900.0), (99, 990.0), (100, 1000.0)] {
            let told = all.percentile(percent).as_secs_f64() * 1e3;
            assert!((millis..=millis * 65.0 / 64.0).contains(&told), "{percent}: {told}");
        }
        assert_eq!(Latencies::new().percentile(50), Duration::ZERO);
    }
}
