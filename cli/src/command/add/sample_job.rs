//! sample-job: done when the service starts, then again and again until it stops.

use std::pin::Pin;
use std::time::Duration;

use bia::registry::Endpoint;
use bia::{Result, Server, Stop};
use tokio::time::MissedTickBehavior;

/// From the start of one run to that of the next; one that takes longer holds up the next.
const EVERY: Duration = Duration::from_secs(60);

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

#[derive(Debug)]
pub(crate) struct SampleJob;

impl SampleJob {
    /// One run. If it fails, that is logged, and the next one comes all the same.
    async fn work(&self) -> Result<()> {
        // In place of what is to be done.
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl Server for SampleJob {
    fn name(&self) -> &str {
        "sample-job"
    }

    /// Nobody calls it, so there is no address.
    fn bind(&mut self) -> Pending<'_, Vec<Endpoint>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn serve(self: Box<Self>, stop: Stop) -> Pending<'static, ()> {
        Box::pin(async move {
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = stop.begun() => return Ok(()),
                    _ = ticks.tick() => {}
                }
                // A run that has begun is finished, unless the time of the stop is up.
                tokio::select! {
                    () = stop.cut_off() => return Ok(()),
                    done = self.work() => {
                        if let Err(error) = done {
                            tracing::warn!(%error, "sample-job failed; it is tried again");
                        }
                    }
                }
            }
        })
    }
}
