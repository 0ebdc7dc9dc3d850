use std::time::Duration;

use tokio::time::Instant;

/// How slow and how faulty a node has been lately, in two numbers.
///
/// The latency is a *peak* moving average, as in Finagle and linkerd: it jumps to a call that was
/// slower than the average and comes down slowly, so that a node in trouble is avoided after its
/// first slow call. Beside it stands the share of calls that failed, averaged over the same time:
/// a node that fails fast would otherwise look like the best one. Both fade while nothing is heard of
/// the node, so that it is tried again.
///
/// ```
/// use std::time::Duration;
/// use bia::algo::PeakEwma;
/// use tokio::time::Instant;
///
/// let begin = Instant::now();
/// let mut node = PeakEwma::new(begin, Duration::from_millis(1));
/// node.observe(begin, Duration::from_millis(40), false);
/// assert!(node.cost(begin, 0) >= Duration::from_millis(40));
/// assert!(node.cost(begin + Duration::from_secs(60), 0) < Duration::from_millis(1));
/// ```
#[derive(Clone, Debug)]
pub struct PeakEwma {
    /// Nanoseconds.
    latency: f64,
    /// 0 to 1.
    failures: f64,
    at: Instant,
}

impl PeakEwma {
    /// How far back the averages reach: what was observed this long ago counts 37 %.
    ///
    /// A node that gets no calls must lose what is held against it by a factor of many hundreds before
    /// it is worth a try: about seven times this. Linkerd and Finagle take 10 s, with which one pause
    /// of half a second keeps calls of a millisecond away for a minute; Kratos takes 0.6 s.
    pub const REACH: Duration = Duration::from_secs(3);

    /// What a node that always fails costs more than one that never does.
    ///
    /// A second is far above what calls within a data centre take: such a node gets next to nothing.
    pub const PENALTY: Duration = Duration::from_secs(1);

    /// What every call costs at least; differences below it are noise.
    pub const FLOOR: Duration = Duration::from_micros(50);

    /// A node of which nothing is known but a guess of its latency.
    #[must_use]
    pub fn new(now: Instant, guess: Duration) -> Self {
        Self { latency: nanos(guess), failures: 0.0, at: now }
    }

    /// Counts a call that ended `now` after `latency`.
    pub fn observe(&mut self, now: Instant, latency: Duration, failed: bool) {
        let kept = self.kept(now);
        let latency = nanos(latency);
        self.latency = if latency > self.latency {
            latency
        } else {
            self.latency * kept + latency * (1.0 - kept)
        };
        self.failures = self.failures * kept + f64::from(u8::from(failed)) * (1.0 - kept);
        self.at = self.at.max(now);
    }

    /// What one more call is expected to cost while `in_flight` others run.
    #[must_use]
    pub fn cost(&self, now: Instant, in_flight: usize) -> Duration {
        let own = (self.latency + self.failures * nanos(Self::PENALTY)) * self.kept(now);
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 calls in flight")]
        let queue = in_flight as f64 + 1.0;
        Duration::from_secs_f64(((own + nanos(Self::FLOOR)) * queue / 1e9).min(1e9))
    }

    /// The average latency as it stands.
    #[must_use]
    pub fn latency(&self, now: Instant) -> Duration {
        Duration::from_secs_f64(self.latency * self.kept(now) / 1e9)
    }

    /// The share of calls that failed, 0 to 1.
    #[must_use]
    pub fn failures(&self, now: Instant) -> f64 {
        self.failures * self.kept(now)
    }

    /// How much of what was known still counts.
    fn kept(&self, now: Instant) -> f64 {
        (-now.saturating_duration_since(self.at).as_secs_f64() / Self::REACH.as_secs_f64()).exp()
    }
}

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Two different places out of `len`, by a random number of 64 bits; the same one twice if there is
/// only one.
///
/// The better of two random nodes is nearly as good as the best of all, and callers that know the
/// same do not all run to the same node (Mitzenmacher, *The Power of Two Choices*, 2001).
///
/// # Panics
///
/// If `len` is 0.
#[must_use]
pub fn two_of(len: usize, random: u64) -> (usize, usize) {
    assert!(len > 0, "there is nothing to choose from");
    let first = scaled(random >> 32, len);
    if len == 1 {
        return (first, first);
    }
    let second = scaled(random & u64::from(u32::MAX), len - 1);
    (first, if second >= first { second + 1 } else { second })
}

/// A number below `len` out of 32 random bits, without the bias and the cost of a division.
fn scaled(random: u64, len: usize) -> usize {
    usize::try_from((u128::from(random) * len as u128) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A caller that keeps `busy` calls going for `run` over nodes of fixed latencies, one of which
    /// may fail for a while. Returns how many calls each node got, in each second.
    struct Simulation {
        latencies: Vec<Duration>,
        failing: Option<(usize, std::ops::Range<Duration>)>,
        busy: usize,
        run: Duration,
    }

    impl Simulation {
        fn run(self, seed: u64) -> Vec<Vec<usize>> {
            let mut random = fastrand::Rng::with_seed(seed);
            let begin = Instant::now();
            let mut nodes: Vec<_> =
                self.latencies.iter().map(|_| PeakEwma::new(begin, MS)).collect();
            let mut in_flight = vec![0; nodes.len()];
            let seconds = usize::try_from(self.run.as_secs()).unwrap();
            let mut counts = vec![vec![0; nodes.len()]; seconds + 1];
            let mut calls = std::collections::BinaryHeap::new();
            let mut begun = 0_u64;
            let mut start = |now: Instant, nodes: &[PeakEwma], in_flight: &mut Vec<usize>| {
                let (a, b) = two_of(nodes.len(), random.u64(..));
                let cost = |i: usize| nodes[i].cost(now, in_flight[i]);
                let node = if cost(b) < cost(a) { b } else { a };
                in_flight[node] += 1;
                begun += 1;
                let failing = self.failing.as_ref().is_some_and(|(faulty, when)| {
                    *faulty == node && when.contains(&now.duration_since(begin))
                });
                let took = if failing { Duration::from_micros(100) } else { self.latencies[node] };
                (std::cmp::Reverse(now + took), begun, node, took, failing)
            };
            for _ in 0..self.busy {
                calls.push(start(begin, &nodes, &mut in_flight));
            }
            while let Some((std::cmp::Reverse(now), _, node, took, failed)) = calls.pop() {
                let since = now.duration_since(begin);
                if since >= self.run {
                    break;
                }
                counts[usize::try_from(since.as_secs()).unwrap()][node] += 1;
                in_flight[node] -= 1;
                nodes[node].observe(now, took, failed);
                calls.push(start(now, &nodes, &mut in_flight));
            }
            counts
        }
    }

    fn totals(counts: &[Vec<usize>]) -> Vec<usize> {
        (0..counts[0].len()).map(|node| counts.iter().map(|second| second[node]).sum()).collect()
    }

    #[test]
    fn a_slow_node_gets_less_and_not_nothing() {
        let latencies = vec![MS * 2, MS * 2, MS * 20];
        let run = Duration::from_secs(30);
        let counts = Simulation { latencies, failing: None, busy: 16, run }.run(7);
        let totals = totals(&counts);
        let fair = totals.iter().sum::<usize>() / 3;
        assert!(totals[2] > 20, "{totals:?}");
        assert!(totals[2] < fair / 3, "{totals:?}");
        assert!(totals[0] > fair && totals[1] > fair, "{totals:?}");
    }

    #[test]
    fn equal_nodes_get_equal_shares() {
        let run = Duration::from_secs(10);
        let counts =
            Simulation { latencies: vec![MS * 5; 5], failing: None, busy: 20, run }.run(11);
        let totals = totals(&counts);
        let fair = totals.iter().sum::<usize>() / 5;
        assert!(totals.iter().all(|got| got.abs_diff(fair) < fair / 10), "{totals:?}");
    }

    #[test]
    fn a_node_that_fails_fast_is_avoided_and_comes_back() {
        let failing = Some((0, Duration::from_secs(5)..Duration::from_secs(15)));
        let run = Duration::from_secs(50);
        let counts = Simulation { latencies: vec![MS * 5; 3], failing, busy: 12, run }.run(3);
        let before = counts[4][0];
        let during: usize = counts[7..15].iter().map(|second| second[0]).sum();
        let after: usize = counts[40..50].iter().map(|second| second[0]).sum();
        assert!(during < before, "{before} a second before, {during} in 8 s of failing");
        assert!(after > before * 10 * 3 / 4, "{before} a second before, {after} in 10 s after");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_node_starves(
            latencies in prop::collection::vec(1..200_u32, 2..6),
            busy in 1..8_usize,
            seed: u64,
        ) {
            let latencies = latencies.into_iter().map(|ms| MS * ms).collect();
            let run = Duration::from_secs(60);
            let counts = Simulation { latencies, failing: None, busy, run }.run(seed);
            prop_assert!(totals(&counts).iter().all(|got| *got > 0), "{:?}", totals(&counts));
        }

        #[test]
        fn the_two_places_are_different_and_there(len in 2..1000_usize, random: u64) {
            let (a, b) = two_of(len, random);
            prop_assert!(a != b && a < len && b < len);
            prop_assert_eq!(two_of(1, random), (0, 0));
        }

        #[test]
        fn a_cost_is_finite_and_grows_with_what_is_in_flight(
            steps in prop::collection::vec((0..5000_u64, 0..100_000_u64, any::<bool>()), 0..40),
            in_flight in 0..10_000_usize,
        ) {
            let mut now = Instant::now();
            let mut node = PeakEwma::new(now, MS);
            for (wait, took, failed) in steps {
                now += Duration::from_millis(wait);
                node.observe(now, Duration::from_millis(took), failed);
                prop_assert!((0.0..=1.0).contains(&node.failures(now)));
            }
            prop_assert!(node.cost(now, in_flight) >= PeakEwma::FLOOR);
            prop_assert!(node.cost(now, in_flight + 1) > node.cost(now, in_flight));
        }
    }

    #[test]
    fn both_places_are_drawn_evenly() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut drawn = [0; 4];
        for _ in 0..40_000 {
            let (a, b) = two_of(4, random.u64(..));
            drawn[a] += 1;
            drawn[b] += 1;
        }
        assert!(drawn.iter().all(|times| (19_000..21_000).contains(times)), "{drawn:?}");
    }
}
