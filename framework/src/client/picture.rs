//! Whom calls can go to, at one moment.

use std::sync::Arc;

use tokio::time::Instant;

use crate::balance::{Node, Pick, lane_of_call};

use super::member::Member;
use super::pool::InForce;

/// Whom a call can go to, and by what it goes, at one moment.
pub(super) struct Picture {
    pub(super) in_force: Arc<InForce>,
    /// Those in no lane.
    base: Group,
    /// Those of each lane that has some. In most fleets there are none, and no call's lane is looked at.
    lanes: Vec<(String, Group)>,
    /// If there is nobody in no lane and nobody is expected: from when on waiting is of no use.
    pub(super) hopeless: Option<Instant>,
}

/// Nodes among which a balancer picks.
#[derive(Default)]
pub(super) struct Group {
    pub(super) nodes: Vec<Arc<Node>>,
    /// In the order of `nodes`.
    pub(super) members: Vec<Arc<Member>>,
}

impl Picture {
    /// With those that are ready, in their order.
    pub(super) fn of<'a>(
        in_force: Arc<InForce>,
        ready: impl IntoIterator<Item = &'a Arc<Member>>,
    ) -> Self {
        let mut picture =
            Self { in_force, base: Group::default(), lanes: Vec::new(), hopeless: None };
        for member in ready {
            let instance = member.node.instance();
            let group = match instance.lane() {
                None => &mut picture.base,
                Some(lane) => picture.lane(lane),
            };
            group.nodes.push(Arc::clone(&member.node));
            group.members.push(Arc::clone(member));
        }
        picture
    }

    fn lane(&mut self, name: &str) -> &mut Group {
        let place = self.lanes.iter().position(|(lane, _)| lane == name).unwrap_or_else(|| {
            self.lanes.push((name.to_owned(), Group::default()));
            self.lanes.len() - 1
        });
        &mut self.lanes[place].1
    }

    /// Those that a call goes to: of its lane, if there are any.
    pub(super) fn group(&self, call: &Pick<'_>) -> &Group {
        if self.lanes.is_empty() {
            return &self.base;
        }
        let own = lane_of_call(call.headers).and_then(|own| {
            self.lanes.iter().find(|(lane, _)| lane.as_bytes() == own).map(|(_, group)| group)
        });
        own.unwrap_or(&self.base)
    }

    /// Whether those calls that are in no lane can go nowhere.
    pub(super) fn is_deserted(&self) -> bool {
        self.base.nodes.is_empty()
    }

    /// How many nodes there are, in all lanes and none.
    pub(super) fn nodes(&self) -> usize {
        self.base.nodes.len() + self.lanes.iter().map(|(_, group)| group.nodes.len()).sum::<usize>()
    }
}
