//! Which node gets a call.
//!
//! A [`Balancer`] picks among the nodes that are ready; connections, health and failing over are
//! none of its business. What it goes by stands in each [`Node`]: who it is, how many calls it has
//! in flight and how slow and faulty it was lately ([`Load`]). The state belongs to the node and not to
//! the balancer, so that it survives when nodes come and go.

mod lane;
mod node;
mod pick;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use lane::LANE_HEADER;
pub(crate) use lane::{is_name as is_lane, of_call as lane_of_call};
pub use node::{Load, Node};
pub use pick::{LeastCost, Random, RoundRobin};

/// Picks the node that gets a call.
pub trait Balancer: fmt::Debug + Send + Sync + 'static {
    /// The place in `nodes` of the node that gets the call; `None` to let the call wait for a change.
    ///
    /// Called for each attempt, on the path of every call: it must neither block nor wait. `nodes` are
    /// those that are ready and in the call's lane, see [`LANE_HEADER`]; never none, in an order that stays while
    /// the set does.
    fn pick(&self, nodes: &[Arc<Node>], call: &Pick<'_>) -> Option<usize>;
}

/// What is known of the call for which a node is picked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pick<'a> {
    /// The operation's name: `/user.v1.UserService/GetUser`.
    pub operation: &'a str,
    /// What the caller sends along, without what the protocol adds.
    pub headers: &'a HeaderMap,
}

impl<'a> Pick<'a> {
    /// A call of an operation with these headers.
    #[must_use]
    pub fn new(operation: &'a str, headers: &'a HeaderMap) -> Self {
        Self { operation, headers }
    }
}

/// The balancers that settings can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BalancerKind {
    /// The cheaper of two random nodes, by latency, failures and calls in flight. See [`LeastCost`].
    #[default]
    P2c,
    /// Each in its turn. See [`RoundRobin`].
    RoundRobin,
    /// Any. See [`Random`].
    Random,
}

impl BalancerKind {
    /// The balancer that this names.
    #[must_use]
    pub fn balancer(self) -> Arc<dyn Balancer> {
        match self {
            Self::P2c => Arc::new(LeastCost),
            Self::RoundRobin => Arc::new(RoundRobin::new()),
            Self::Random => Arc::new(Random),
        }
    }
}

#[cfg(test)]
mod tests;
