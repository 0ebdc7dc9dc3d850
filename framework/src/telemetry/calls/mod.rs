//! What is seen of every call, served or made: one place where its span, its metrics and its lines in the log begin and end.
//!
//! A call is begun once and ended once. Everything that is told of it is told at its end, from one
//! [`Ended`]: a call that nobody looks at costs some counters and no allocation. One that is dropped
//! before its end was cancelled.

mod active;
mod client;
mod ended;
mod server;
mod shown;

pub(crate) use active::{Active, ActiveCall};
pub(crate) use client::{ClientCalls, ClientSeen, Making, Sent};
pub(crate) use ended::{Ended, Outcome, Side};
pub(crate) use server::{ServerCalls, ServerSeen};
pub(crate) use shown::{Words, path};

#[cfg(test)]
mod tests;
