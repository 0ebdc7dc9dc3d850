//! Calls over HTTP/1.1 with JSON, by the rules of the proto: for services that have no gRPC.
//!
//! Everything above a connection is as for gRPC: the registry, the balancer, the keeper of a node, the
//! deadline, and what is told of a call. What differs is here: a node has a [`Lane`] of connections,
//! each of which carries one call at a time; `uri` and `flat` tell a request as path, query and body,
//! and `answer` reads what comes back. No call needs a task: whoever waits for an answer drives the
//! connection that it comes by.

mod answer;
mod attempt;
mod call;
mod events;
mod flat;
mod lane;
mod pick;
mod text;
mod uri;
mod wire;

pub(super) use attempt::{Reading, attempt};
pub(super) use call::{Spoken, many, one, told};
pub(super) use lane::{Lane, connect};
