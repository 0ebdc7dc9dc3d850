//! Calls over HTTP/1.1 with JSON, by the rules of the proto: for services that have no gRPC.
//!
//! Everything above a connection is as for gRPC: the registry, the balancer, the keeper of a node, the
//! deadline, and what is told of a call. What differs is here: a node has its [`Wires`], its connections,
//! each of which carries one call at a time; `uri` and `flat` tell a request as path, query and body,
//! and `answer` reads what comes back. No call needs a task: whoever waits for an answer drives the
//! connection that it comes by.

mod answer;
mod attempt;
mod call;
mod events;
mod flat;
mod pick;
mod text;
mod uri;
mod wire;
mod wires;

pub(super) use attempt::{Reading, attempt};
pub(super) use call::{Spoken, many, one, told};
pub(super) use wires::{Wires, connect};
