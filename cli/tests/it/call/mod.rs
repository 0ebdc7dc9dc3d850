//! `bia call`, `bia services` and `bia routes`, against services that run.

mod bench;
mod calls;
mod errors;
mod reflection;
mod routes;
mod server;
mod services;
