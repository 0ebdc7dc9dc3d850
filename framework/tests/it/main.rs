//! The framework as its users see it, over real sockets and against real servers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod admin;
mod app;
mod client;
#[cfg(feature = "consul")]
mod consul;
mod fixture;
mod lifecycle;
mod process;
mod registry;
mod transport;
