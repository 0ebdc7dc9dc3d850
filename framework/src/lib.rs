//! Bia: the framework for gRPC microservices in Rust.
//!
//! From a `.proto` and the handlers it makes a service that registers, is discovered and balanced,
//! answers on one port, and stops without losing a call. See the repository's README for a tour.

// Floor 4.
#[doc(hidden)]
pub mod __codegen;
pub mod app;
mod builtin;
mod macros;
pub mod testing;

// Floor 3.
pub mod client;
pub mod transport;

// Floor 2.
pub mod backend;
pub mod balance;
pub mod dispatch;
pub mod middleware;

// Floor 1.
pub mod config;
pub mod health;
pub mod registry;
pub mod server;
pub mod telemetry;
mod wire;

// Floor 0.
pub mod algo;
mod body;
pub mod context;
pub mod error;
pub mod metadata;
pub mod operation;
mod pb;

pub use app::config::config;
pub use app::{App, Config, Exit, Settings};
pub use body::Body;
pub use client::{Call, Channel, ClientSettings, Reply};
pub use context::{Context, Face, Peer};
pub use dispatch::Service;
pub use error::{BoxError, Code, Error, Result};
pub use health::Health;
pub use metadata::Metadata;
pub use operation::{Idempotency, Kind, Operation};
pub use server::{Server, Stop};
pub use wire::{Encoding, Streaming};

/// A boxed stream of messages, for where a stream's type must be named.
pub type BoxStream<T> = std::pin::Pin<Box<dyn futures_core::Stream<Item = Result<T>> + Send>>;
