//! What the metrics tell of an app besides its calls: read from those who know it, when somebody asks.

use std::time::SystemTime;

use tokio::sync::watch;

use crate::client::{Channel, ChannelState, NodePhase};
use crate::health::Health;
use crate::registry::Instance;
use crate::telemetry::metrics::catalogue as c;
use crate::telemetry::metrics::reading::Reading;
use crate::telemetry::metrics::{Asked, Metrics};

use super::announce::Announced;
use super::channels::Channels;
use super::config::{Handle, Stats};

/// The phases by the names that `/registry` has for them.
const PHASES: [(NodePhase, &str); 4] = [
    (NodePhase::Connecting, "connecting"),
    (NodePhase::Ready, "ready"),
    (NodePhase::NotServing, "not_serving"),
    (NodePhase::Unreachable, "unreachable"),
];

/// Has the metrics tell of an app, until the answer is dropped.
pub(super) fn measure(
    metrics: &Metrics,
    instance: &Instance,
    health: Health,
    announced: watch::Receiver<Announced>,
    channels: Channels,
    config: Handle,
) -> Asked {
    let (name, version) = (instance.name.clone(), instance.version.clone());
    metrics.ask(move |reading| {
        reading.add(&c::APP_INFO, [&name, &version, env!("CARGO_PKG_VERSION")], 1_i64);
        reading.add(&c::APP_READY, [], health.statuses().is_ready());
        settings(reading, config.stats());
        lease(reading, &announced.borrow());
        for state in channels.all().iter().map(Channel::state) {
            channel(reading, &state);
        }
    })
}

fn settings(reading: &mut Reading, stats: Stats) {
    reading.add(&c::CONFIG_REVISION, [], stats.revision);
    reading.add(&c::CONFIG_AGE, [], stats.age);
    reading.add(&c::CONFIG_REFUSALS, [], stats.refused);
    reading.add(&c::CONFIG_REFUSED, [], stats.is_refused);
}

fn lease(reading: &mut Reading, announced: &Announced) {
    // Without a registry nothing is held, and that is no fault.
    if announced.registry.is_none() {
        return;
    }
    reading.add(&c::LEASE_HELD, [], announced.is_held());
    reading.add(&c::REGISTER_FAILURES, [], u64::from(announced.failures));
    if let Some(lease) = &announced.lease {
        reading.add(&c::REGISTERED_AGAIN, [], lease.registered_again);
        let renewed = lease.renewed_at.and_then(|at| SystemTime::now().duration_since(at).ok());
        if let Some(renewed) = renewed {
            reading.add(&c::LEASE_AGE, [], renewed);
        }
    }
}

fn channel(reading: &mut Reading, state: &ChannelState) {
    let callee = &state.target;
    for (phase, name) in PHASES {
        let nodes = state.nodes.iter().filter(|node| node.phase == phase).count();
        reading.add(&c::CLIENT_NODES, [callee, name], nodes);
    }
    reading.add(&c::CLIENT_NODES, [callee, "unusable"], state.unusable);
    reading.add(&c::CLIENT_WAITING, [callee], state.waiting);
    reading.add(&c::CLIENT_AGAIN, [callee], state.sent_again);
    let connections: usize = state.nodes.iter().map(|node| node.connections).sum();
    reading.add(&c::CLIENT_CONNECTIONS, [callee], connections);
    if let Some(registry) = &state.registry {
        if let Some(age) = registry.told_seconds_ago {
            reading.add(&c::REGISTRY_AGE, [callee], age);
        }
        reading.add(&c::REGISTRY_OUTAGE, [callee], registry.error_for_seconds.unwrap_or(0.0));
    }
}
