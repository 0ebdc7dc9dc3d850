//! Channels against nodes that do what nodes do: come, go, refuse, break, fall silent.

mod calls;
mod clock;
mod failover;
#[cfg(all(feature = "gzip", feature = "tonic"))]
mod foreign;
mod inside;
mod lanes;
mod membership;
mod peer;
mod proxy;
mod rolling;
mod silence;

use std::sync::Arc;
use std::time::Duration;

use bia::client::{BackoffSettings, NodePhase};
use bia::{Channel, ClientSettings, Kind, Operation};
use tokio::time::{Instant, timeout};

use peer::{Health, Mode, Peer};

static WHO: Operation = Operation::new("/t.T/Who", Kind::Unary);
static ECHO: Operation = Operation::new("/t.T/Echo", Kind::Unary);
static HEAD: Operation = Operation::new("/t.T/Head", Kind::Unary);
static SLOW: Operation = Operation::new("/t.T/Slow", Kind::Unary);
static HOLD: Operation = Operation::new("/t.T/Hold", Kind::ServerStream);
static CHAT: Operation = Operation::new("/t.T/Chat", Kind::Bidi);
static JOIN: Operation = Operation::new("/t.T/Echo", Kind::ClientStream);
static FAIL: Operation = Operation::new("/t.T/Fail", Kind::Unary);
static BREAK: Operation = Operation::new("/t.T/Break", Kind::ServerStream);
static HTTP: Operation = Operation::new("/t.T/Http", Kind::Unary);

/// No wait in these tests takes so long unless what is awaited does not happen.
const LONG: Duration = Duration::from_secs(20);

/// Quick to give up and to come back.
fn settings() -> ClientSettings {
    ClientSettings {
        backoff: BackoffSettings {
            first: Duration::from_millis(20),
            max: Duration::from_millis(100),
        },
        ..ClientSettings::default()
    }
}

fn direct(peers: &[&Peer], settings: ClientSettings) -> Channel {
    let addresses: Vec<_> = peers.iter().map(|peer| peer.address.to_string()).collect();
    let target = format!("direct:///{}", addresses.join(","));
    Channel::builder(target).settings(settings).build().unwrap()
}

/// Waits until the nodes are in these phases, in the order of their addresses.
async fn phases(channel: &Channel, expected: &[NodePhase]) {
    let mut expected = expected.to_vec();
    expected.sort_by_key(|phase| format!("{phase:?}"));
    until(|| {
        let mut phases: Vec<_> = channel.state().nodes.iter().map(|node| node.phase).collect();
        phases.sort_by_key(|phase| format!("{phase:?}"));
        phases == expected
    })
    .await;
}

/// Waits until `condition` holds; there is nothing to await for what a peer sees.
async fn until(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LONG, "what was waited for did not happen");
        // sleeps: between two looks at something that cannot be awaited.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn who(channel: &Channel) -> bia::Result<String> {
    timeout(LONG, channel.unary(&WHO, ())).await.unwrap()
}
