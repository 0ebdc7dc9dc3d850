use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::algo::Backoff;
use crate::error::{Error, Result};
use crate::registry::{Publisher, Rejoin};

use super::api::{Answer, Api, UNREACHABLE};
use super::pace::Pace;
use super::settings::ConsulSettings;

/// After a failure, the first pause and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Asks for ever who serves, and publishes it.
pub(super) async fn publish(
    api: Arc<Api>,
    settings: Arc<ConsulSettings>,
    service: String,
    publisher: Publisher,
) {
    let wait = settings.longest_wait();
    let mut rejoin = Rejoin::new(settings.grace());
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    let mut pace = Pace::new();
    let mut index = None;
    loop {
        let asked = Instant::now();
        let query = api.health(&service, index, wait);
        let answer = giving_up(&mut rejoin, &publisher, query).await;
        let pause = match answer.and_then(|answer| in_earnest(answer, &rejoin, &api)) {
            Ok(answer) => {
                if backoff.failures() > 0 {
                    tracing::info!(service, "consul answers again");
                }
                backoff.reset();
                let next = next_index(index, answer.index);
                if next.is_none() {
                    // Another registry than the one that was asked before, or an earlier state of it.
                    rejoin.outage();
                }
                let now = Instant::now();
                publisher.publish(rejoin.listed(answer.instances, now));
                let news = next.is_none() || next > index;
                index = next;
                pace.after(now, news, now - asked, wait, fastrand::f64())
            }
            Err(error) => {
                if backoff.failures() == 0 {
                    // Who called is told, and says so.
                    tracing::debug!(service, %error, "discovery goes on with what it last knew");
                }
                publisher.fail(error);
                rejoin.outage();
                index = None;
                backoff.next_delay(fastrand::f64())
            }
        };
        if !pause.is_zero() {
            giving_up(&mut rejoin, &publisher, sleep(pause)).await;
        }
    }
}

/// Waits, and gives up those who did not come back when their grace is over meanwhile.
async fn giving_up<T>(
    rejoin: &mut Rejoin,
    publisher: &Publisher,
    wait: impl Future<Output = T>,
) -> T {
    tokio::pin!(wait);
    loop {
        let Some(until) = rejoin.until() else { return wait.await };
        tokio::select! {
            done = &mut wait => return done,
            () = sleep_until(until) => publisher.publish(rejoin.give_up()),
        }
    }
}

/// A server without a leader may be one that has just been started and has read nothing yet: that
/// nobody serves is believed only from one that has one.
fn in_earnest(answer: Answer, rejoin: &Rejoin, api: &Api) -> Result<Answer> {
    if answer.known_leader || !answer.instances.is_empty() || !rejoin.knows_any() {
        return Ok(answer);
    }
    Err(Error::unavailable(
        UNREACHABLE,
        format!("consul at {} has no leader and lists nobody", api.base()),
    ))
}

/// Where the next query goes on; none begins anew.
///
/// The rules are those of Consul's documentation of blocking queries: an index that goes back is
/// forgotten, and one that is missing or 0 counts as 1, so that the next query at least is one that
/// could block.
pub(super) fn next_index(last: Option<u64>, told: Option<u64>) -> Option<u64> {
    let told = told.unwrap_or_default().max(1);
    match last {
        Some(last) if told < last => None,
        _ => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::next_index;

    #[test]
    fn the_index_follows_the_rules_of_blocking_queries() {
        let table = [
            (None, Some(7), Some(7)),
            (Some(7), Some(7), Some(7)),
            (Some(7), Some(9), Some(9)),
            (Some(7), Some(3), None),
            (None, Some(0), Some(1)),
            (None, None, Some(1)),
            (Some(1), Some(0), Some(1)),
            (Some(7), None, None),
        ];
        for (last, told, expected) in table {
            assert_eq!(next_index(last, told), expected, "{last:?} then {told:?}");
        }
    }
}
