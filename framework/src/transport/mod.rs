//! The one port: accepts connections, steers each request to the pipeline, and lets go in order.

pub(crate) mod pipeline;
mod settings;

pub use settings::{
    ConnectionSettings, HeaderSettings, KeepaliveSettings, ServerSettings, SocketSettings,
};
