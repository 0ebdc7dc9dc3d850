//! Bia: the framework for gRPC microservices in Rust.
//!
//! From a `.proto` and the handlers it makes a service that registers, is discovered and balanced,
//! answers on one port, and stops without losing a call.
//!
//! ```no_run
//! # mod api {
//! #     pub fn user_service<T>(_: T) -> bia::Service { unimplemented!() }
//! # }
//! # struct Users;
//! #[tokio::main]
//! async fn main() -> Result<(), bia::Exit> {
//!     let config = bia::config::<()>().await?;
//!     let app = bia::App::new("user-service", env!("CARGO_PKG_VERSION"), &config)?;
//!     app.serve(api::user_service(Users)).run().await
//! }
//! ```
//!
//! `api` is what `bia_codegen::compile(&["proto/user/v1/user.proto"])` in `build.rs` generates and
//! [`include_protos!`] brings in; `Users` implements its trait. A service calls others through an
//! [`App`]'s channels, which carry the deadline and the metadata of the call being served on.
//!
//! # What may surprise
//!
//! - A unary call that nobody gave a deadline ends after 10 s, on either side; a stream ends when
//!   nothing moves for 5 minutes. See [`ServerSettings`](transport::ServerSettings) and
//!   [`ClientSettings`].
//! - Messages of more than 4 MiB are not read, as in every gRPC.
//! - A service registers although nobody asked: in a folder of this machine, until
//!   `registry.kind` says `consul` or `none`.
//! - A call that no server can have processed is sent again, to another instance; one that may have
//!   been processed only if its proto or the setting `operations` says when, and that it may.
//! - A handler is dropped where it waits when its caller goes away or its deadline passes. What must
//!   go on then is spawned, with [`Context::scope`].
//! - A failed registration does not stop a service that can serve.
//!
//! # Features
//!
//! `consul` (on): registration and discovery through Consul. `gzip` (on): compressed messages.
//! `profiling` (on): CPU profiles at `/debug/pprof/profile`. `heap` (off, builds jemalloc, which is C):
//! heap profiles at `/debug/pprof/heap` for programs that say `bia::profile_heap!()`.
//! `tls` (on): TLS, by `server.tls` and `client.tls`. `tonic` (on): [`Service::tonic`] and
//! `tonic::Status` to and from [`Error`]. Without the last, [`Service::foreign`] still mounts what tonic generated.

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
pub mod rules;
pub mod server;
pub mod telemetry;
#[cfg(feature = "tls")]
mod tls;
mod wire;

// Floor 0.
pub mod algo;
pub mod bind;
mod body;
pub mod context;
pub mod error;
pub mod json;
mod media;
mod message;
pub mod metadata;
pub mod operation;
mod pb;
mod unknown;
pub mod validate;

pub use app::config::config;
pub use app::{App, Config, Exit, Settings};
pub use body::Body;
pub use client::{Call, Channel, ClientSettings, Reply};
pub use context::{Context, Face, Identity, Peer};
pub use dispatch::Service;
pub use error::{BoxError, Code, Error, Result};
pub use health::Health;
pub use metadata::Metadata;
pub use operation::{Idempotency, Kind, Operation};
pub use server::{Server, Stop};
pub use unknown::UnknownFields;
pub use wire::{Encoding, Streaming};

/// What messages are made of: timestamps, durations and field masks are in [`prost_types`].
pub use {futures_core::Stream, prost, prost_types};

/// What a service measures with, see [`App::meter`]: the version that the framework reads.
pub use opentelemetry;

/// A boxed stream of messages, for where a stream's type must be named.
pub type BoxStream<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T>> + Send>>;
