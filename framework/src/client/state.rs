use serde::Serialize;
use tokio::time::Instant;

use super::member::{Member, Phase};
use super::pool::Pool;

/// What a channel sees at one moment. As JSON it is what `/registry` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChannelState {
    /// What is called: a service, or addresses.
    pub target: String,
    /// The registry that is asked; none for addresses.
    pub registry: Option<RegistryState>,
    /// Everybody who can be called, in the order of their addresses.
    pub nodes: Vec<NodeState>,
    /// How many instances have no endpoint for the protocol that is spoken.
    pub unusable: usize,
    /// How many calls wait for a node that takes them.
    pub waiting: usize,
    /// How often a call that no node had processed went to another one.
    pub sent_again: u64,
}

/// How the registry stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RegistryState {
    /// What it is and where: `consul at http://127.0.0.1:8500`.
    pub source: String,
    /// How long ago it last told who is there, in seconds; none if it never did.
    pub told_seconds_ago: Option<f64>,
    /// Why it cannot be asked. What it last told is in force meanwhile.
    pub error: Option<String>,
    /// Since when it cannot be asked, in seconds.
    pub error_for_seconds: Option<f64>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NodeState {
    /// `host:port`.
    pub address: String,
    /// The instance's id; empty for an address that was given.
    pub instance: String,
    /// The instance's version; empty for an address that was given.
    pub version: String,
    /// The lane that it is in: it gets calls of that lane only. None for most.
    pub lane: Option<String>,
    /// Whether it gets calls, and if not, why.
    pub phase: NodePhase,
    /// For how long it has been in its phase, in seconds.
    pub phase_for_seconds: f64,
    /// Calls of this client that it has not ended; a stream is one.
    pub in_flight: usize,
    /// How many connections there are to it that take calls.
    pub connections: usize,
    /// How long calls took lately, in milliseconds; fades while there are none.
    pub latency_ms: f64,
    /// The share of calls that failed lately, 0 to 1.
    pub failures: f64,
    /// What last went wrong with it, also if all is well again.
    pub last_error: Option<String>,
}

/// Whether a node gets calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodePhase {
    /// It is being connected to.
    Connecting,
    /// It gets calls.
    Ready,
    /// Its health says that it does not serve.
    NotServing,
    /// It cannot be reached, and is tried again.
    Unreachable,
}

impl ChannelState {
    pub(super) fn of(pool: &Pool) -> Self {
        let now = Instant::now();
        let ago = |then: Instant| rounded(now.saturating_duration_since(then).as_secs_f64());
        let roster = pool.roster();
        let registry = roster.registry.as_ref().map(|registry| RegistryState {
            source: registry.source.clone(),
            told_seconds_ago: registry.heard.map(ago),
            error: registry.error.as_ref().map(|(error, _)| error.clone()),
            error_for_seconds: registry.error.as_ref().map(|(_, since)| ago(*since)),
        });
        Self {
            target: pool.target.to_string(),
            registry,
            nodes: roster.members.iter().map(|member| node(member, now)).collect(),
            unusable: roster.unusable,
            waiting: pool.waiting(),
            sent_again: pool.sent_again(),
        }
    }
}

fn node(member: &Member, now: Instant) -> NodeState {
    let status = member.status();
    let instance = member.node.instance();
    let load = member.node.load();
    NodeState {
        address: member.node.address().to_owned(),
        instance: instance.id.clone(),
        version: instance.version.clone(),
        lane: instance.lane().map(str::to_owned),
        phase: match status.phase {
            Phase::Connecting => NodePhase::Connecting,
            Phase::Ready => NodePhase::Ready,
            Phase::NotServing => NodePhase::NotServing,
            Phase::Failed => NodePhase::Unreachable,
        },
        phase_for_seconds: rounded(now.saturating_duration_since(status.since).as_secs_f64()),
        in_flight: load.in_flight(),
        connections: member.conns().iter().filter(|conn| conn.is_open()).count(),
        latency_ms: rounded(load.latency(now).as_secs_f64() * 1e3),
        failures: rounded(load.failures(now)),
        last_error: status.error,
    }
}

/// Three digits after the point: it is read by people, and changes all the time.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
