use std::time::Duration;

use tokio::time::Instant;

use crate::algo::Backoff;

/// How fast queries may follow each other, whatever the agent answers.
///
/// A blocking query answers when something changed. When much changes, a registry that answers each
/// change at once makes its clients run; and one whose index does not advance makes them run for
/// nothing. So a few queries may follow at once, and then one each 200 ms; and those that bring
/// no news before their time wait longer and longer, up to 5 s.
#[derive(Debug)]
pub(super) struct Pace {
    /// When there would be `BURST` again, if none were made until then.
    full_at: Option<Instant>,
    idle: Backoff,
}

/// So many queries may follow at once.
const BURST: u32 = 5;
/// One more may follow after each of these.
const EACH: Duration = Duration::from_millis(200);
/// Who has waited for this part of its time has been answered in earnest.
const EARNEST: u32 = 2;

impl Pace {
    pub(super) fn new() -> Self {
        Self { full_at: None, idle: Backoff::new(EACH, Duration::from_secs(5)) }
    }

    /// How long to hold the next query back after an answer: one that came after `took` of the
    /// `wait` that it was given, with news or without.
    pub(super) fn after(
        &mut self,
        now: Instant,
        news: bool,
        took: Duration,
        wait: Duration,
        random: f64,
    ) -> Duration {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + EACH;
        self.full_at = Some(full_at);
        let owed = (full_at - now).saturating_sub(EACH * BURST);
        if news || took >= wait / EARNEST {
            self.idle.reset();
            return owed;
        }
        owed.max(self.idle.next_delay(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(55);

    #[test]
    fn a_few_changes_are_followed_at_once_and_many_at_a_pace() {
        let (mut pace, start) = (Pace::new(), Instant::now());
        let mut now = start;
        let waits: Vec<_> = (0..20)
            .map(|_| {
                let wait = pace.after(now, true, Duration::ZERO, WAIT, 0.5);
                now += wait;
                wait
            })
            .collect();
        assert_eq!(waits[..5], [Duration::ZERO; 5]);
        assert_eq!(waits[5..], [EACH; 15]);
        now += Duration::from_secs(10);
        assert_eq!(pace.after(now, true, Duration::ZERO, WAIT, 0.5), Duration::ZERO);
    }

    #[test]
    fn an_agent_that_answers_at_once_without_news_is_asked_less_and_less() {
        let (mut pace, start) = (Pace::new(), Instant::now());
        let mut now = start;
        for _ in 0..20 {
            now += pace.after(now, false, Duration::ZERO, WAIT, 1.0);
        }
        assert!(now - start > Duration::from_secs(60), "{:?}", now - start);
        now += WAIT;
        let waited = pace.after(now, false, WAIT, WAIT, 1.0);
        assert_eq!(waited, Duration::ZERO, "a query that waited its time is no fault");
    }
}
