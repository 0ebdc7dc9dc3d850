//! `bia call`, `bia services` and `bia routes`, against services that run.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod bench;
mod calls;
mod errors;
mod lanes;
mod reflection;
mod registries;
mod routes;
pub(crate) mod server;
mod services;
