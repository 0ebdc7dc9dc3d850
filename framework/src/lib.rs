//! Bia: the framework for gRPC microservices in Rust.
//!
//! From a `.proto` and the handlers it makes a service that registers, is discovered and balanced,
//! answers on one port, and stops without losing a call. See the repository's README for a tour.

pub mod algo;
pub mod config;
pub mod error;
pub mod operation;
pub mod registry;

pub use error::{BoxError, Code, Error, Result};
pub use operation::{Idempotency, Kind, Operation};
