//! The framework as its users see it, over real sockets and against real servers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod admin;
mod app;
#[cfg(feature = "consul")]
mod centre;
mod client;
mod config;
#[cfg(feature = "consul")]
mod consul;
#[cfg(feature = "consul")]
mod consul_keys;
#[cfg(feature = "otlp")]
mod faces;
#[expect(dead_code, reason = "some of it is for the fleets of `interop`")]
mod fixture;
#[cfg(feature = "otlp")]
mod joined;
mod lifecycle;
#[cfg(feature = "otlp")]
mod metrics;
#[cfg(feature = "otlp")]
#[expect(dead_code, reason = "some of it is for the tests of the sending itself")]
#[path = "fixture/otlp.rs"]
mod otlp;
mod process;
mod registry;
mod settings;
#[cfg(feature = "otlp")]
mod traces;
mod transport;
#[cfg(feature = "signing")]
mod trust;
