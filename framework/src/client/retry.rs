//! Tries a call again that may have been processed: what its proto and the settings allow, and no more.
//!
//! What no node can have processed is sent again by `exchange`, whatever is said. Here is the rest: only
//! methods of one message each way that are idempotent, only outcomes that are named, only within the
//! deadline of the call, and only as long as the channel's budget lets it. When a service is down, all
//! its callers fail at once, and tries without a bound would keep it down.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::algo::Backoff;
use crate::error::{Code, Error};
use crate::rules::RetryPolicy;

use super::exchange::Outgoing;

/// As every gRPC tells it (gRFC A6).
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// How many tries again a channel may make: one for every ten calls that may be tried again, and ten more
/// than that at once.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

/// What one try again costs; a call earns one.
const COST: u32 = 10;

/// The most that is saved up.
const MOST: u32 = 10 * COST;

impl Budget {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(MOST))
    }

    fn earn(&self) {
        let more = |left: u32| (left < MOST).then(|| left + 1);
        // Full is as good as earned.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok();
    }

    fn spend(&self) -> bool {
        let less = |left: u32| left.checked_sub(COST);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// The tries of one call.
#[derive(Debug)]
pub(super) struct Tries<'a> {
    policy: Option<RetryPolicy>,
    budget: &'a Budget,
    backoff: Backoff,
    begun: u32,
}

impl<'a> Tries<'a> {
    /// Those of a call that `policy` is for; without one there is one try.
    pub(super) fn new(policy: Option<RetryPolicy>, budget: &'a Budget) -> Self {
        if policy.is_some() {
            budget.earn();
        }
        let backoff = policy.map_or_else(
            || Backoff::new(Duration::ZERO, Duration::ZERO),
            |policy| Backoff::new(policy.initial_backoff, policy.max_backoff),
        );
        Self { policy, budget, backoff, begun: 1 }
    }

    /// How long one may take, if it may not take until the end of the call.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.policy.and_then(|policy| policy.per_try_timeout)
    }

    /// Gives the next try its time, and tells the node that it is not the first.
    pub(super) fn mark(&self, call: &mut Outgoing, deadline: Option<Instant>) {
        let own = self.limit().map(|limit| Instant::now() + limit);
        call.deadline = [own, deadline].into_iter().flatten().min();
        if self.before() > 0 {
            call.headers.insert(PREVIOUS_ATTEMPTS, HeaderValue::from(self.before()));
        }
    }

    /// How many there were before this one.
    pub(super) fn before(&self) -> u32 {
        self.begun - 1
    }

    /// How long to wait before the next one, if there is to be one after `error`. `left` is what is left
    /// of the time of the call. `random` is drawn from 0..=1.
    pub(super) fn next(
        &mut self,
        error: &Error,
        left: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        let policy = self.policy.filter(|policy| self.begun < policy.max_attempts)?;
        // A try that ran out of its own time, whichever side noticed first.
        let is_late = self.limit().is_some() && error.grpc_code() == Code::DeadlineExceeded;
        if !is_late && !policy.is_for(error) {
            return None;
        }
        // Whoever failed knows best when it is worth it.
        let wait = self.backoff.next_delay(random).max(error.retry_after().unwrap_or_default());
        if left.is_some_and(|left| left <= wait) || !self.budget.spend() {
            return None;
        }
        self.begun += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Idempotency, Kind, Operation, Retry};
    use crate::rules::Rules;

    fn policy() -> Option<RetryPolicy> {
        static GET: Operation = Operation::new("/a.A/Get", Kind::Unary)
            .with_idempotency(Idempotency::Idempotent)
            .with_retry(Retry::new(3));
        Rules::default().retry(&GET)
    }

    fn busy() -> Error {
        Error::unavailable("BUSY", "")
    }

    #[test]
    fn a_call_is_tried_as_often_as_the_policy_says_and_waits_longer_from_try_to_try() {
        let budget = Budget::new();
        let mut tries = Tries::new(policy(), &budget);
        assert_eq!(tries.next(&busy(), None, 1.0), Some(Duration::from_millis(50)));
        assert_eq!(tries.next(&busy(), None, 1.0), Some(Duration::from_millis(100)));
        assert_eq!((tries.before(), tries.next(&busy(), None, 1.0)), (2, None));
        assert_eq!(Tries::new(None, &budget).next(&busy(), None, 1.0), None);
    }

    #[test]
    fn what_the_policy_does_not_name_or_the_deadline_does_not_let_is_not_tried_again() {
        let budget = Budget::new();
        let next = |error: &Error, left| Tries::new(policy(), &budget).next(error, left, 1.0);
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(next(&Error::internal("BROKEN", ""), None), None);
        let late = Error::deadline_exceeded("", "");
        assert_eq!(next(&late, None), None);
        let mut bounded = policy().unwrap();
        bounded.per_try_timeout = ms(10);
        assert_eq!(Tries::new(Some(bounded), &budget).next(&late, None, 1.0), ms(50));
        assert_eq!(next(&busy(), ms(50)), None);
        assert_eq!(next(&busy(), ms(51)), ms(50));
        let later = busy().with_retry_after(Duration::from_millis(700));
        assert_eq!(next(&later, None), ms(700));
        assert_eq!(next(&later, ms(600)), None);
    }

    #[test]
    fn a_service_that_is_down_is_not_asked_more_than_a_tenth_more() {
        let budget = Budget::new();
        let mut again = 0;
        for _ in 0..10_000 {
            let mut tries = Tries::new(policy(), &budget);
            while tries.next(&busy(), None, 0.0).is_some() {
                again += 1;
            }
        }
        assert!((900..=1_010).contains(&again), "{again} tries again for 10,000 calls");
    }
}
