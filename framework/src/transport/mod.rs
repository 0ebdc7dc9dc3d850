//! The one port: accepts connections, steers each request to the pipeline, and lets go in order.

mod accept;
pub(crate) mod api;
mod clock;
pub(crate) mod connection;
mod cors;
mod edge;
mod faces;
mod heads;
mod io;
mod listen;
pub(crate) mod pipeline;
mod secure;
mod settings;
mod socket;

pub use api::ApiServer;
pub(crate) use api::InForce;
pub use faces::WriteDefaults;
pub(crate) use listen::has_port;
pub use settings::{
    ConnectionSettings, CorsSettings, HeaderSettings, HttpSettings, JsonSettings,
    KeepaliveSettings, ServerSettings, ServerTlsSettings, SocketSettings,
};
