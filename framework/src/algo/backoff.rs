use std::time::Duration;

/// How long to wait before trying again: twice as long after each failure, with jitter, up to a limit.
///
/// The wait is drawn from the upper half of the interval, `[d/2, d]`: long enough to be a wait, and
/// wide enough that many clients of one server do not come back at the same moment.
///
/// ```
/// use std::time::Duration;
/// use bia::algo::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
/// assert_eq!(backoff.next_delay(1.0), Duration::from_millis(100));
/// assert_eq!(backoff.next_delay(0.0), Duration::from_millis(100)); // half of 200
/// backoff.reset();
/// assert_eq!(backoff.next_delay(1.0), Duration::from_millis(100));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with `first` and never waits longer than `max`.
    #[must_use]
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: 0 }
    }

    /// Counts a failure and says how long to wait; `random` is drawn from 0..=1.
    pub fn next_delay(&mut self, random: f64) -> Duration {
        let factor = 2_u32.checked_pow(self.failures).unwrap_or(u32::MAX);
        let full = self.first.saturating_mul(factor).min(self.max);
        self.failures = self.failures.saturating_add(1);
        full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// Replaces how long to wait first and at most; the failures counted so far stay counted.
    pub const fn set_bounds(&mut self, first: Duration, max: Duration) {
        self.first = first;
        self.max = max;
    }

    /// How many failures there were since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Begins anew, after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(700));
        let waits: Vec<_> = (0..5).map(|_| backoff.next_delay(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 700, 700]);
        assert_eq!(backoff.failures(), 5);
    }

    #[test]
    fn new_bounds_hold_from_the_next_wait_on_and_forget_no_failure() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        backoff.next_delay(1.0);
        backoff.set_bounds(Duration::from_millis(10), Duration::from_millis(30));
        let waits: Vec<_> = (0..2).map(|_| backoff.next_delay(1.0).as_millis()).collect();
        assert_eq!(waits, [20, 30]);
    }

    proptest! {
        #[test]
        fn the_wait_is_between_half_and_the_limit_for_ever(failures in 0..200_u32, random in 0.0..=1.0) {
            let (first, max) = (Duration::from_millis(50), Duration::from_secs(30));
            let mut backoff = Backoff { first, max, failures };
            let wait = backoff.next_delay(random);
            assert!(wait >= first / 2 && wait <= max, "{wait:?}");
        }
    }
}
