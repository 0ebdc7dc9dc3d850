use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::registry::Instance;

const MS: Duration = Duration::from_millis(1);

fn nodes(count: usize) -> Vec<Arc<Node>> {
    (0..count)
        .map(|i| {
            let address = format!("10.0.0.{i}:9000");
            Arc::new(Node::new(&address, Instance::new(i.to_string(), "s", "1"), MS))
        })
        .collect()
}

/// How many of `times` calls each node gets.
fn shares(balancer: &dyn Balancer, nodes: &[Arc<Node>], times: usize) -> Vec<usize> {
    let headers = HeaderMap::new();
    let call = Pick::new("/s.S/M", &headers);
    let mut shares = vec![0; nodes.len()];
    for _ in 0..times {
        shares[balancer.pick(nodes, &call).unwrap()] += 1;
    }
    shares
}

/// The same for calls that have not ended: a node that was picked costs more from then on.
///
/// Without that, nodes of the same cost differ by the nanoseconds since they were made, and the one
/// that is cheaper by that little is picked for ever.
fn shares_of_calls_that_last(
    balancer: &dyn Balancer,
    nodes: &[Arc<Node>],
    times: usize,
) -> Vec<usize> {
    let mut all = vec![0; nodes.len()];
    for _ in 0..times {
        let one = shares(balancer, nodes, 1);
        for (place, got) in one.into_iter().enumerate().filter(|(_, got)| *got > 0) {
            nodes[place].load().begin();
            all[place] += got;
        }
    }
    all
}

const KINDS: [BalancerKind; 3] =
    [BalancerKind::P2c, BalancerKind::RoundRobin, BalancerKind::Random];

#[test]
fn every_balancer_reaches_every_node_and_invents_none() {
    for kind in KINDS {
        for count in 1..6 {
            let shares = shares_of_calls_that_last(&*kind.balancer(), &nodes(count), 1000);
            assert!(shares.iter().all(|got| *got > 1000 / count / 3), "{kind:?} {shares:?}");
        }
        let call = HeaderMap::new();
        assert_eq!(kind.balancer().pick(&[], &Pick::new("/s.S/M", &call)), None, "{kind:?}");
    }
}

#[test]
fn round_robin_gives_exact_shares() {
    assert_eq!(shares(&RoundRobin::new(), &nodes(4), 400), [100; 4]);
}

#[test]
fn a_busy_node_and_a_faulty_node_get_less() {
    let nodes = nodes(3);
    for _ in 0..20 {
        nodes[0].load().begin();
    }
    nodes[1].load().observe(Instant::now() + Duration::from_secs(1), MS / 10, true);
    let shares = shares(&LeastCost, &nodes, 3000);
    assert!(shares[2] > 1800, "{shares:?}");
    assert!(shares[0] < 1100 && shares[1] < 1100, "{shares:?}");
}

#[test]
fn settings_name_a_balancer_in_snake_case() {
    for (kind, name) in KINDS.iter().zip(["p2c", "round_robin", "random"]) {
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
        assert_eq!(serde_json::from_value::<BalancerKind>(name.into()).unwrap(), *kind);
    }
}
