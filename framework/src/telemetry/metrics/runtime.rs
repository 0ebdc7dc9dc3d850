//! How the runtime does: what tokio tells without a build of its own.

use tokio::runtime::Handle;

use super::catalogue as c;
use super::reading::Reading;

/// Adds what `runtime` tells.
pub(super) fn read(reading: &mut Reading, runtime: &Handle) {
    let metrics = runtime.metrics();
    reading.add(&c::TOKIO_WORKERS, [], metrics.num_workers());
    reading.add(&c::TOKIO_TASKS, [], metrics.num_alive_tasks());
    reading.add(&c::TOKIO_QUEUE, [], metrics.global_queue_depth());
    #[cfg(target_has_atomic = "64")]
    {
        let workers = 0..metrics.num_workers();
        let busy = workers.map(|worker| metrics.worker_total_busy_duration(worker));
        reading.add(&c::TOKIO_BUSY, [], busy.sum::<std::time::Duration>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_runtime_is_measured() {
        let mut reading = Reading::default();
        read(&mut reading, &Handle::current());
        for family in [&c::TOKIO_WORKERS, &c::TOKIO_TASKS, &c::TOKIO_QUEUE, &c::TOKIO_BUSY] {
            assert_eq!(reading.of(family).len(), 1, "{}", family.name);
        }
    }
}
