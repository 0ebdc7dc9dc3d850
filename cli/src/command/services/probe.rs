//! Asks instances how they do, by `grpc.health.v1`.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use bia::Channel;
use bia::app::Settings;
use bia::client::NodePhase;
use tokio::time::{Instant, sleep};

use super::look::Health;

/// How long a first answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often is looked whether it is there.
const LOOK: Duration = Duration::from_millis(10);
/// No more instances than this are asked: each costs a connection.
const MOST: usize = 256;

/// A channel to each instance, which watches its health for as long as it is followed.
#[derive(Debug, Default)]
pub(super) struct Probes(BTreeMap<String, Channel>);

impl Probes {
    /// Follows these addresses and no others, and waits for a first answer of each.
    pub(super) async fn follow(&mut self, addresses: impl Iterator<Item = String>) {
        let wanted: BTreeSet<String> = addresses.take(MOST).collect();
        self.0.retain(|address, _| wanted.contains(address));
        let mut settings = Settings::default().client;
        settings.connect_timeout = PATIENCE;
        for address in wanted {
            let Entry::Vacant(place) = self.0.entry(address) else { continue };
            let channel = Channel::builder(format!("direct:///{}", place.key()));
            // What is no address is not asked.
            if let Ok(channel) = channel.settings(settings.clone()).build() {
                place.insert(channel);
            }
        }
        let until = Instant::now() + PATIENCE;
        let is_open = |channel: &Channel| {
            let nodes = channel.state().nodes;
            nodes.is_empty() || nodes.iter().any(|node| node.phase == NodePhase::Connecting)
        };
        while self.0.values().any(is_open) && Instant::now() < until {
            sleep(LOOK).await;
        }
    }

    /// How an instance does, and what is wrong with it; none if it was not asked.
    pub(super) fn of(&self, address: &str) -> Option<(Health, Option<String>)> {
        let state = self.0.get(address)?.state();
        let node = state.nodes.first()?;
        Some(match node.phase {
            NodePhase::Ready => (Health::Serving, None),
            NodePhase::NotServing => (Health::NotServing, None),
            NodePhase::Unreachable => (Health::Unreachable, node.last_error.clone()),
            _ => (Health::Connecting, None),
        })
    }
}
