use std::time::Duration;

use super::settings::GuardSettings;

/// How a service has done since it was started: what it was called, and how that went.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pulse {
    /// Calls that have ended.
    pub(crate) calls: u64,
    /// Those that failed by a fault of the service.
    pub(crate) errors: u64,
    /// How many took how long: an upper bound in seconds, and the calls between the one before and it.
    pub(crate) spread: Vec<(f64, u64)>,
}

/// Tells how a service does.
pub(crate) trait Vitals: Send + Sync {
    fn pulse(&self) -> Pulse;
}

/// Whether an instance does worse with a change than before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judgement {
    /// There is not enough to tell.
    Open,
    /// It does not.
    Fine,
    /// It does: how.
    Worse(String),
}

impl Pulse {
    /// What has happened since an earlier one.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let spread = self.spread.iter().enumerate().map(|(index, (bound, count))| {
            let before = earlier.spread.get(index).map_or(0, |(_, count)| *count);
            (*bound, count.saturating_sub(before))
        });
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            errors: self.errors.saturating_sub(earlier.errors),
            spread: spread.collect(),
        }
    }

    /// The share of calls that failed.
    pub(crate) fn error_rate(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { float(self.errors) / float(self.calls) }
    }

    /// How long 95 of 100 calls take at most, taken to be spread evenly within each range.
    fn slow(&self) -> Option<Duration> {
        let total: u64 = self.spread.iter().map(|(_, count)| count).sum();
        let rank = float(total) * 0.95;
        let (mut below, mut lower) = (0.0, 0.0);
        for &(bound, count) in &self.spread {
            let count = float(count);
            if count > 0.0 && below + count >= rank {
                // The last range has no end: what lies in it takes at least as long as it begins.
                let width = if bound.is_finite() { bound - lower } else { lower };
                let seconds = lower + width * (rank - below) / count;
                return Duration::try_from_secs_f64(seconds).ok();
            }
            below += count;
            lower = bound;
        }
        None
    }
}

/// Compares what happened with a change to what happened before.
pub(crate) fn judge(guard: &GuardSettings, before: &Pulse, with: &Pulse) -> Judgement {
    if with.calls < guard.min_calls.max(1) || before.calls < guard.min_calls {
        return if guard.min_calls == 0 { Judgement::Fine } else { Judgement::Open };
    }
    let allowed = before.error_rate() + guard.errors.fraction();
    let expected = float(with.calls) * allowed;
    // As many again as chance brings in one of forty cases: two deviations of a Poisson distribution.
    if float(with.errors) > expected + 2.0 * expected.sqrt() {
        return Judgement::Worse(format!(
            "{:.1}% of {} calls failed, {:.1}% of {} before",
            with.error_rate() * 100.0,
            with.calls,
            before.error_rate() * 100.0,
            before.calls
        ));
    }
    if let (Some(was), Some(is)) = (before.slow(), with.slow())
        && is > was.mul_f64(guard.latency)
        // What the ranges of durations cannot tell apart.
        && is > was + FINEST
    {
        return Judgement::Worse(format!(
            "95% of {} calls took up to {is:.1?}, up to {was:.1?} before",
            with.calls
        ));
    }
    Judgement::Fine
}

/// The first range of durations: differences below it are not seen.
const FINEST: Duration = Duration::from_micros(500);

#[expect(clippy::cast_precision_loss, reason = "a share that is off by 10^-16 is a share")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [f64; 5] = [0.001, 0.01, 0.1, 1.0, f64::INFINITY];

    /// Calls of which some fail, and all take as long as a range says.
    fn pulse(calls: u64, errors: u64, range: usize) -> Pulse {
        let spread = BOUNDS.iter().enumerate();
        let spread = spread.map(|(index, bound)| (*bound, if index == range { calls } else { 0 }));
        Pulse { calls, errors, spread: spread.collect() }
    }

    fn judged(before: &Pulse, with: &Pulse) -> Judgement {
        judge(&GuardSettings::default(), before, with)
    }

    #[test]
    fn an_instance_is_judged_by_its_errors_and_its_latency() {
        let before = pulse(1000, 2, 1);
        assert_eq!(judged(&before, &pulse(1000, 2, 1)), Judgement::Fine);
        assert_eq!(judged(&before, &pulse(1000, 15, 1)), Judgement::Fine, "within what is allowed");
        let Judgement::Worse(why) = judged(&before, &pulse(1000, 40, 1)) else { panic!() };
        assert_eq!(why, "4.0% of 1000 calls failed, 0.2% of 1000 before");
        let Judgement::Worse(why) = judged(&before, &pulse(1000, 2, 2)) else { panic!() };
        assert_eq!(why, "95% of 1000 calls took up to 95.5ms, up to 9.6ms before");
        assert_eq!(judged(&before, &pulse(1000, 0, 0)), Judgement::Fine, "faster is no fault");
    }

    #[test]
    fn a_few_calls_say_nothing_and_one_error_is_no_trend() {
        let before = pulse(1000, 0, 1);
        assert_eq!(judged(&before, &pulse(99, 99, 1)), Judgement::Open);
        assert_eq!(judged(&pulse(99, 0, 1), &pulse(1000, 500, 1)), Judgement::Open);
        assert_eq!(judged(&before, &pulse(100, 3, 1)), Judgement::Fine, "chance");
        assert!(matches!(judged(&before, &pulse(100, 4, 1)), Judgement::Worse(_)));
        let guard = GuardSettings { min_calls: 0, ..GuardSettings::default() };
        let none = Pulse::default();
        assert_eq!(judge(&guard, &none, &none), Judgement::Fine, "time is enough");
    }

    #[test]
    fn what_is_slower_than_every_range_is_slow() {
        let with = pulse(1000, 0, 4);
        assert!(matches!(judged(&pulse(1000, 0, 3), &with), Judgement::Worse(_)));
        assert_eq!(judged(&with, &with), Judgement::Fine);
    }

    #[test]
    fn only_what_happened_since_counts() {
        let (earlier, now) = (pulse(1000, 100, 2), pulse(1500, 100, 2));
        assert_eq!(now.since(&earlier), pulse(500, 0, 2));
        assert_eq!(now.since(&Pulse::default()), now);
    }
}
