//! Who serves what, where: instances, the two joints through which they are announced and found, and leases.
//!
//! A [`Registrar`] announces an [`Instance`] for as long as its [`Lease`] lives. A [`Discovery`]
//! delivers the whole current set of a service's instances, at once and after each change; an empty
//! set is an answer. Whoever implements one from outside runs the conformance suite in
//! `bia::testing`.

mod advertise;
mod instance;
mod lease;
mod listed;
#[cfg(feature = "consul")]
mod rejoin;
mod watches;

use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_core::future::BoxFuture;

use crate::error::Result;

pub use advertise::{Advertise, Advertised};
pub use instance::{Endpoint, Instance, LANE};
pub use lease::{Lease, LeaseState, LeaseTask};
pub use listed::Listed;
#[cfg(feature = "consul")]
pub(crate) use rejoin::Rejoin;
pub use watches::{Publisher, Watches};

/// The whole current set of a service's instances, never a difference.
pub type Snapshot = Arc<[Instance]>;

/// The snapshots of one service: the current one at once, then one after each change.
///
/// An `Err` says that the registry cannot be asked, and why: what was last known stays in force,
/// the watch goes on trying by itself, and the next `Ok` says that it is back (also when nothing
/// changed meanwhile). The stream ends only when the [`Discovery`] is dropped.
pub type Watch = Pin<Box<dyn Stream<Item = Result<Snapshot>> + Send>>;

/// Announces instances.
pub trait Registrar: Send + Sync + 'static {
    /// Announces `instance` until the lease is released or dropped.
    ///
    /// Resolves when the registry has taken it. From then on the lease's own task keeps it
    /// announced: it renews, and registers again at once when the registry has forgotten it.
    ///
    /// # Errors
    ///
    /// If the registry cannot be reached or refuses; the caller decides when to try again.
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>>;

    /// What it is and where, for logs and `/registry`: `consul at http://127.0.0.1:8500`.
    fn describe(&self) -> String;
}

/// Finds instances.
pub trait Discovery: Send + Sync + 'static {
    /// Watches the instances that serve `service` and are fit to.
    ///
    /// Never fails at once: what goes wrong comes as an item of the stream.
    fn watch(&self, service: &str) -> Watch;

    /// What it is and where, for logs and `/registry`.
    fn describe(&self) -> String;
}
