//! Conducts the rollout that the settings name: takes the change when it is this instance's turn, looks
//! how it goes, and takes it back if it goes worse.
//!
//! Where the instances can tell each other (a board, in Consul), a step follows the one before only
//! when those that have the change have found it good and nobody has taken it back. Where they cannot,
//! each goes by its place among all and by time, and judges for itself alone.

mod attempt;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::config::RolloutSettings;
use crate::config::rollout::{Board, Pulse, Stage, Vitals};
use crate::error::{Code, Result};
use crate::telemetry::metrics::reading::{Point, Value};
use crate::telemetry::metrics::{Metrics, catalogue as c};

use super::settings::Settings;

use self::attempt::Attempt;

/// How long a last word to the others may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is needed to conduct rollouts.
pub(super) struct Parts {
    /// What this instance is called.
    pub(super) instance: String,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    pub(super) stage: Stage,
    /// Which change is in force, as the audit calls it.
    pub(super) in_force: Box<dyn Fn() -> Option<String> + Send + Sync>,
    pub(super) vitals: Arc<dyn Vitals>,
    pub(super) board: Option<Arc<dyn Board>>,
}

/// Where the instances of this service tell each other, if the settings name a place.
#[cfg(feature = "consul")]
pub(super) fn board(settings: &Settings) -> Result<Option<Arc<dyn Board>>> {
    use crate::backend::consul::ConsulBoard;

    let consul = &settings.config.consul;
    if !consul.is_set() {
        return Ok(None);
    }
    let board = ConsulBoard::new(consul, &settings.registry.consul)?;
    Ok(board.map(|board| Arc::new(board) as _))
}

#[cfg(not(feature = "consul"))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape with and without the feature")]
pub(super) fn board(_: &Settings) -> Result<Option<Arc<dyn Board>>> {
    Ok(None)
}

/// The task that conducts. Dropped, it ends where it is.
pub(super) struct Rollout {
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Rollout {
    pub(super) fn start(parts: Parts) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { task: tokio::spawn(conduct(parts, stopped)), stop: Some(stop) }
    }

    /// Ends it, having told the others that nothing is to be made of this instance's silence.
    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        // What it does after that is bounded; the error would be that it panicked.
        timeout(FAREWELL * 2, &mut self.task).await.map(drop).ok();
    }
}

impl Drop for Rollout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn conduct(mut parts: Parts, mut stopped: oneshot::Receiver<()>) {
    let mut attempt: Option<Attempt> = None;
    loop {
        let plan = parts.settings.borrow_and_update().rollout.clone();
        if let Some(over) = attempt.take_if(|it| it.id() != plan.id) {
            over.forget(&parts).await;
        }
        match &mut attempt {
            Some(attempt) => attempt.follow(plan),
            None => attempt = plan.is_set().then(|| Attempt::new(plan)),
        }
        loop {
            let pause = match &mut attempt {
                Some(attempt) => attempt.beat(&parts).await,
                None => Duration::MAX,
            };
            tokio::select! {
                _ = &mut stopped => {
                    if let Some(attempt) = attempt {
                        timeout(FAREWELL, attempt.leave(&parts)).await.ok();
                    }
                    return;
                }
                changed = parts.settings.changed() => match changed {
                    Ok(()) => break,
                    // The settings are gone, and with them whoever would ask for them.
                    Err(_gone) => return,
                },
                () = sleep(pause) => {}
            }
        }
    }
}

/// How often an instance looks at itself and at the others.
fn beat(plan: &RolloutSettings) -> Duration {
    (plan.every / 10).clamp(Duration::from_millis(100), Duration::from_secs(10))
}

/// How an app's server does.
pub(super) struct Served(pub(super) Metrics);

impl Vitals for Served {
    fn pulse(&self) -> Pulse {
        let mut pulse = Pulse::default();
        self.0.calls().of(&c::SERVER_DURATION).iter().for_each(|point| add(&mut pulse, point));
        pulse
    }
}

/// How a call ends that a service has not served as it should have.
const FAULTS: [Code; 5] =
    [Code::Unknown, Code::DeadlineExceeded, Code::Internal, Code::Unavailable, Code::DataLoss];

fn add(pulse: &mut Pulse, Point { labels, value }: &Point) {
    let Value::Spread(spread) = value else { return };
    let calls: u64 = spread.counts.iter().sum();
    pulse.calls += calls;
    let code = labels.iter().find(|(name, _)| name == c::CODE).map(|(_, code)| code.as_str());
    if FAULTS.iter().any(|fault| Some(fault.name()) == code) {
        pulse.errors += calls;
    }
    let bounds = spread.bounds.iter().copied().chain([f64::INFINITY]);
    for (index, (bound, count)) in bounds.zip(&spread.counts).enumerate() {
        match pulse.spread.get_mut(index) {
            Some((_, there)) => *there += count,
            None => pulse.spread.push((bound, *count)),
        }
    }
}

#[cfg(test)]
mod tests;
