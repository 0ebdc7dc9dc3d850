use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;

use crate::algo::two_of;

use super::{Balancer, Node, Pick};

/// The cheaper of two random nodes, by [`Load::cost`](super::Load::cost). The default.
///
/// It finds slow nodes after one slow call and faulty ones after a few failures, needs no tuning, and
/// many clients with the same view do not all run to one node. Each node's share is therefore not
/// exact; where it must be, [`RoundRobin`] is the one.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastCost;

impl Balancer for LeastCost {
    fn pick(&self, nodes: &[Arc<Node>], _: &Pick<'_>) -> Option<usize> {
        if nodes.len() < 2 {
            return (!nodes.is_empty()).then_some(0);
        }
        let (a, b) = two_of(nodes.len(), fastrand::u64(..));
        let now = Instant::now();
        let cheaper = nodes[b].load().cost(now) < nodes[a].load().cost(now);
        Some(if cheaper { b } else { a })
    }
}

/// Each node in its turn, whatever it has to do.
///
/// Exact shares, and blind for slow and faulty nodes.
#[derive(Debug)]
pub struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// Begins at a random node, so that clients that start together do not all begin with one.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicUsize::new(fastrand::usize(..)))
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self::new()
    }
}

impl Balancer for RoundRobin {
    fn pick(&self, nodes: &[Arc<Node>], _: &Pick<'_>) -> Option<usize> {
        self.0.fetch_add(1, Ordering::Relaxed).checked_rem(nodes.len())
    }
}

/// Any node.
///
/// Cheap and even in the long run; blind for slow and faulty nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Balancer for Random {
    fn pick(&self, nodes: &[Arc<Node>], _: &Pick<'_>) -> Option<usize> {
        (!nodes.is_empty()).then(|| fastrand::usize(..nodes.len()))
    }
}
