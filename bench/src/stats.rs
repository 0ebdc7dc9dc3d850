//! What stands for many rounds: the middle, and how far they lie apart.

use std::time::Duration;

use serde::Serialize;

/// Rounds of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The middle round.
    pub median: f64,
    /// How far the middle half of the rounds lies apart, as a part of the median.
    pub spread: f64,
}

impl Summary {
    /// Sums rounds up; of none, it is zero.
    pub fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let median = at(&rounds, 0.5);
        let spread = (at(&rounds, 0.75) - at(&rounds, 0.25)) / median;
        Self { median, spread: if spread.is_finite() { spread } else { 0.0 } }
    }
}

/// What stands at a part of a sorted list, between two entries if need be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list, from 0 to its length"
)]
fn at(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = last as f64 * part;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// The time that `part` of the calls took at most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list, from 0 to its length"
)]
pub fn quantile(latencies: &mut [Duration], part: f64) -> Duration {
    let Some(last) = latencies.len().checked_sub(1) else { return Duration::ZERO };
    let place = (last as f64 * part).round() as usize;
    *latencies.select_nth_unstable(place).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_rounds_is_not_moved_by_one_that_was_disturbed() {
        let summary = Summary::of(vec![10.0, 11.0, 9.0, 10.0, 500.0]);
        assert_eq!(summary, Summary { median: 10.0, spread: 0.1 });
        assert_eq!(Summary::of(vec![]), Summary { median: 0.0, spread: 0.0 });
        assert_eq!(Summary::of(vec![1.0, 2.0]).median, 1.5);
    }

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_micros).collect();
        assert_eq!(quantile(&mut times, 0.5), Duration::from_micros(51));
        assert_eq!(quantile(&mut times, 0.99), Duration::from_micros(99));
        assert_eq!(quantile(&mut [], 0.5), Duration::ZERO);
    }
}
