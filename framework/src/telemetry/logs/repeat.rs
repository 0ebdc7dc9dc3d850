use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Metadata;

/// How many different lines are watched at one time. A line for which there is no place is told.
const PLACES: usize = 1024;

/// What a limit counts in.
const SECOND: Duration = Duration::from_secs(1);

/// How long a line that is repeated on and on stays untold at most.
const SUMMARY: Duration = Duration::from_secs(10);

/// Keeps lines that are repeated from filling the log: counts those that say the same.
///
/// A table of fixed size in which each line has two places it may be at, so that memory is bounded
/// whatever is said.
pub(super) struct Repeat {
    places: Box<[Mutex<Place>]>,
    /// So often a second a line is told; 0 without end.
    limit: AtomicU32,
    /// How many places hold back something.
    holding: AtomicUsize,
    held_back: AtomicU64,
}

#[derive(Default)]
struct Place {
    key: u64,
    watched: Option<Watched>,
}

struct Watched {
    /// Since when `told` counts.
    window: Instant,
    told: u32,
    /// When it was last said.
    last: Instant,
    held: Option<Held>,
}

struct Held {
    meta: &'static Metadata<'static>,
    message: String,
    times: u64,
    since: Instant,
}

/// What was held back of a line.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) meta: &'static Metadata<'static>,
    pub(super) message: String,
    pub(super) times: u64,
    pub(super) within: Duration,
}

/// What to do about a line.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) is_told: bool,
    /// What is to be told before.
    pub(super) summary: Option<Summary>,
}

impl Repeat {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::default()).collect(),
            limit: AtomicU32::new(limit),
            holding: AtomicUsize::new(0),
            held_back: AtomicU64::new(0),
        }
    }

    pub(super) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// How many lines were not told.
    pub(super) fn held_back(&self) -> u64 {
        self.held_back.load(Ordering::Relaxed)
    }

    /// Notes that the line of this key is said now.
    pub(super) fn note(
        &self,
        key: u64,
        meta: &'static Metadata<'static>,
        message: &str,
        now: Instant,
    ) -> Verdict {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == 0 {
            return Verdict { is_told: true, summary: None };
        }
        let Some((mut place, summary)) = self.place(key, now) else {
            return Verdict { is_told: true, summary: None };
        };
        let watched =
            place.watched.get_or_insert(Watched { window: now, told: 0, last: now, held: None });
        watched.last = now;
        if now.duration_since(watched.window) >= SECOND {
            watched.window = now;
            watched.told = 0;
        }
        if watched.told < limit {
            watched.told += 1;
            return Verdict { is_told: true, summary };
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        let held = watched.held.get_or_insert_with(|| {
            self.holding.fetch_add(1, Ordering::Relaxed);
            Held { meta, message: message.to_owned(), times: 0, since: now }
        });
        held.times += 1;
        if now.duration_since(held.since) < SUMMARY {
            return Verdict { is_told: false, summary };
        }
        let due = self.take(watched);
        Verdict { is_told: false, summary: summary.or(due) }
    }

    /// What is due: of lines that nobody repeats any more, and of those that go on for long. With
    /// `all`, everything.
    pub(super) fn due(&self, now: Instant, all: bool) -> Vec<Summary> {
        if self.holding.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let due = self.places.iter().filter_map(|place| {
            let mut place = lock(place);
            let watched = place.watched.as_mut()?;
            let since = watched.held.as_ref()?.since;
            let is_due = all
                || now.saturating_duration_since(watched.last) >= SECOND
                || now.saturating_duration_since(since) >= SUMMARY;
            is_due.then(|| self.take(watched)).flatten()
        });
        due.collect()
    }

    /// The place of a key: its own, a free one, or that of a line that is not repeated any more, with
    /// what is to be told of that.
    fn place(&self, key: u64, now: Instant) -> Option<(MutexGuard<'_, Place>, Option<Summary>)> {
        // Two parts of the key that have nothing to do with each other.
        let at = |part: u64| usize::try_from(part % PLACES as u64).unwrap_or_default();
        let (one, two) = (at(key), at(key >> 32));
        let mut quiet = None;
        for index in [one, two] {
            let place = lock(&self.places[index]);
            match &place.watched {
                Some(_) if place.key == key => return Some((place, None)),
                Some(watched) if now.saturating_duration_since(watched.last) < SECOND => {}
                // The other place may be its own: only then is this one taken.
                _ => {
                    drop(place);
                    quiet = quiet.or(Some(index));
                }
            }
        }
        let mut place = lock(&self.places[quiet?]);
        let summary = place.watched.as_mut().and_then(|watched| self.take(watched));
        *place = Place { key, watched: None };
        Some((place, summary))
    }

    fn take(&self, watched: &mut Watched) -> Option<Summary> {
        let held = watched.held.take()?;
        self.holding.fetch_sub(1, Ordering::Relaxed);
        Some(Summary {
            meta: held.meta,
            message: held.message,
            times: held.times,
            within: watched.last.saturating_duration_since(held.since),
        })
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repeat")
            .field("limit", &self.limit)
            .field("holding", &self.holding)
            .field("held_back", &self.held_back)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The facts of some place in the code.
    fn meta() -> &'static Metadata<'static> {
        use tracing::callsite::Callsite as _;
        let callsite = tracing::callsite! { name: "event", kind: tracing::metadata::Kind::EVENT, fields: message };
        callsite.metadata()
    }

    fn say(repeat: &Repeat, key: u64, now: Instant) -> (bool, Option<u64>) {
        let verdict = repeat.note(key, meta(), "away", now);
        (verdict.is_told, verdict.summary.map(|summary| summary.times))
    }

    #[test]
    fn a_line_that_is_repeated_is_told_some_times_and_then_counted() {
        let repeat = Repeat::new(3);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(say(&repeat, 7, start), (true, None));
        }
        for _ in 0..100 {
            assert_eq!(say(&repeat, 7, start), (false, None));
        }
        assert_eq!(repeat.held_back(), 100);
        // Another line is told meanwhile, and the same again a second later.
        assert_eq!(say(&repeat, 8, start), (true, None));
        assert_eq!(say(&repeat, 7, start + SECOND), (true, None));
    }

    #[test]
    fn what_was_held_back_is_told_once_it_is_quiet() {
        let repeat = Repeat::new(1);
        let start = Instant::now();
        for after in [0, 100, 200, 300] {
            say(&repeat, 7, start + Duration::from_millis(after));
        }
        assert!(repeat.due(start + SECOND, false).is_empty());
        let due = repeat.due(start + Duration::from_millis(1300), false);
        assert_eq!((due.len(), due[0].times, due[0].message.as_str()), (1, 3, "away"));
        assert_eq!(due[0].within, Duration::from_millis(200));
        assert!(repeat.due(start + SECOND * 60, true).is_empty());
    }

    #[test]
    fn a_line_that_never_stops_is_summed_up_every_ten_seconds() {
        let repeat = Repeat::new(1);
        let start = Instant::now();
        let (mut told, mut summed) = (0, Vec::new());
        for tenth in 0..=250_u32 {
            let (is_told, summary) = say(&repeat, 7, start + Duration::from_millis(100) * tenth);
            told += u64::from(is_told);
            summed.extend(summary);
        }
        assert_eq!(summed.len(), 2);
        let rest: u64 = repeat.due(start, true).iter().map(|it| it.times).sum();
        assert_eq!(told + summed.iter().sum::<u64>() + rest, 251);
    }

    #[test]
    fn however_many_lines_there_are_none_is_lost_for_want_of_a_place() {
        let repeat = Repeat::new(1);
        let now = Instant::now();
        let (mut told, mut held) = (0, 0);
        for key in 0..100_000_u64 {
            // Spread as a hash is.
            let key = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for _ in 0..2 {
                let verdict = repeat.note(key, meta(), "x", now);
                told += u64::from(verdict.is_told);
                held += u64::from(!verdict.is_told);
                assert!(verdict.summary.is_none());
            }
        }
        assert_eq!(told + held, 200_000);
        let due: u64 = repeat.due(now, true).iter().map(|it| it.times).sum();
        assert_eq!(due, held);
    }

    #[test]
    fn without_a_limit_every_line_is_told() {
        let repeat = Repeat::new(0);
        let now = Instant::now();
        assert!((0..1000).all(|_| say(&repeat, 7, now) == (true, None)));
    }
}
