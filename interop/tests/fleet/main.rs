//! Whole fleets of processes: what is promised of services that come and go, of registries that
//! fail, of networks that swallow, and of calls that go through several of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[expect(dead_code, reason = "some of it is for other tests")]
#[path = "../../../framework/tests/it/fixture/mod.rs"]
mod fixture;
mod fleet;
mod hop;
mod membership;
mod network;
mod outage;
mod process;
#[path = "node/report.rs"]
mod report;
mod restart;
mod shop;
mod silence;
mod stop;
mod tour;
mod trace;
