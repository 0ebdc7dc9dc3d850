use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::algo::Backoff;
use crate::error::Result;
use crate::registry::{Instance, Lease, LeaseTask};

use super::api::{Api, FORGOTTEN};
use super::entry::Registration;
use super::settings::ConsulSettings;

/// Which registration of an id is the last one of this client: an earlier one must not remove it.
pub(super) type Places = Arc<Mutex<HashMap<String, Uuid>>>;

/// How often leaving is tried.
const FAREWELLS: u32 = 3;

pub(super) async fn register(
    api: Arc<Api>,
    settings: &ConsulSettings,
    places: Places,
    instance: Instance,
) -> Result<Lease> {
    instance.check()?;
    let keeper = Keeper {
        registration: Registration::new(&instance, settings),
        interval: settings.heartbeat(),
        place: Place { id: instance.id.clone(), number: Uuid::now_v7(), places },
        instance: instance.clone(),
        api,
    };
    keeper.register().await?;
    keeper.place.take();
    Ok(Lease::spawn(instance, |task| keeper.keep(task)))
}

struct Keeper {
    api: Arc<Api>,
    instance: Instance,
    registration: Registration,
    interval: Duration,
    place: Place,
}

impl Keeper {
    async fn register(&self) -> Result<()> {
        self.api.register(&self.registration).await?;
        self.api.pass(&self.instance, self.patience()).await
    }

    /// How long a heartbeat may take: so that another one follows before the time to live is over.
    fn patience(&self) -> Duration {
        (self.interval / 2).max(Duration::from_secs(1))
    }

    /// Renews until released, then deregisters.
    async fn keep(self, mut task: LeaseTask) -> Result<()> {
        // Soon enough that an agent that is back is told within one heartbeat.
        let mut backoff = Backoff::new(self.interval / 40, self.interval / 4);
        let mut renewed = Instant::now();
        let mut pause = self.interval;
        loop {
            tokio::select! {
                () = task.released() => break,
                () = sleep(pause) => {}
            }
            if !self.place.is_last() {
                task.update(|state| {
                    state.held = false;
                    state.error = Some("the same id was registered again".to_owned());
                });
                task.released().await;
                return Ok(());
            }
            let passed = tokio::select! {
                () = task.released() => break,
                passed = self.api.pass(&self.instance, self.patience()) => passed,
            };
            let (done, again) = match passed {
                // Not given up half-way when released: the agent might take it after the farewell.
                Err(error) if error.reason() == FORGOTTEN => (self.register().await, true),
                passed => (passed, false),
            };
            match done {
                Ok(()) => {
                    renewed = Instant::now();
                    pause = self.interval;
                    self.log_recovery(backoff.failures(), again);
                    backoff.reset();
                    task.update(|state| {
                        state.held = true;
                        state.renewed_at = Some(SystemTime::now());
                        state.registered_again += u64::from(again);
                        state.error = None;
                    });
                }
                Err(error) => {
                    if backoff.failures() == 0 {
                        tracing::warn!(service = %self.instance.name, instance = %self.instance.id, %error, "registration not renewed, trying on");
                    }
                    pause = backoff.next_delay(fastrand::f64());
                    task.update(|state| {
                        // Its time to live is two intervals.
                        state.held = !again && renewed.elapsed() < self.interval * 2;
                        state.error = Some(error.to_string());
                    });
                }
            }
        }
        self.leave().await
    }

    fn log_recovery(&self, failures: u32, again: bool) {
        let Instance { name, id, .. } = &self.instance;
        if again {
            tracing::info!(service = %name, instance = %id, "registered again, consul had forgotten it");
        } else if failures > 0 {
            tracing::info!(service = %name, instance = %id, "registration renewed again");
        }
    }

    async fn leave(&self) -> Result<()> {
        if !self.place.is_last() {
            return Ok(());
        }
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            match self.api.deregister(&self.instance).await {
                Err(_) if backoff.failures() + 1 < FAREWELLS => {
                    sleep(backoff.next_delay(fastrand::f64())).await;
                }
                done => return done,
            }
        }
    }
}

/// One registration of an id among those of this client.
struct Place {
    id: String,
    number: Uuid,
    places: Places,
}

impl Place {
    fn take(&self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(self.id.clone(), self.number);
    }

    fn is_last(&self) -> bool {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&self.id) == Some(&self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.get(&self.id) == Some(&self.number) {
            places.remove(&self.id);
        }
    }
}
