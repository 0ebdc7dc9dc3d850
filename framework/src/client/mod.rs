//! Calls other services: a channel finds the nodes of one, keeps connected to them and balances calls over them.
//!
//! A [`Channel`] is made once for each service and cloned freely. It connects to every node as soon as
//! it is made, over its own HTTP/2 connections, and asks each for its health. A call goes to a ready
//! node; one that no node can have seen goes to another at once. Calls that may have been processed
//! are sent again only where their proto or the settings say so.
//!
//! ```no_run
//! # async fn example() -> bia::Result<()> {
//! use bia::{Channel, Kind, Operation};
//!
//! static GREET: Operation = Operation::new("/greet.v1.Greeter/Greet", Kind::Unary);
//!
//! let channel = Channel::builder("direct:///127.0.0.1:9000,127.0.0.1:9001").build()?;
//! let greeting: String = channel.unary(&GREET, "world".to_owned()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Inside: `owner` follows the registry, a `keeper` keeps one node connected, `pool` knows who is
//! ready, `exchange` sends one call over a `conn`, and `call` is what a user awaits. Connections stand
//! on the `h2` crate itself rather than on a client over it: a call costs no task of its own then, and
//! the reason of every failure is at hand, which decides whether a call may be sent again.

mod call;
pub mod calls;
mod channel;
mod conn;
mod exchange;
mod failure;
mod guard;
mod head;
mod health;
mod http;
mod incoming;
mod keeper;
mod member;
mod owner;
mod picture;
mod pool;
mod pump;
mod requests;
mod retry;
mod secure;
mod service;
mod settings;
mod socket;
mod state;
mod target;

pub use call::{Call, Reply, WithReply};
pub use channel::{Channel, ChannelBuilder};
pub use service::ResponseFuture;
pub use settings::{
    BackoffSettings, ClientHttpSettings, ClientKeepaliveSettings, ClientSettings,
    ClientTlsSettings, Dialect, Protocol,
};
pub use state::{ChannelState, NodePhase, NodeState, RegistryState};
